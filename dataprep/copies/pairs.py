"""Pairs of pictures that may be copies, and how close they are compared with what is usual around them."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dataprep.copies.agreement import agreement
from dataprep.copies.descriptors import SIDE, Descriptors, describe
from dataprep.copies.neighbors import nearest

DEVIATIONS = 4.0  # usual similarities beyond so many robust standard deviations are those of copies
SAMPLE = 100  # pictures whose neighbors tell what agreement is usual
BATCH = 4096


@dataclass(frozen=True)
class Pictures:
    """What pictures are compared by.

    usual: (N,) float32, the mean similarity to the picture's nearest; usual_agreement: the same for agreement, of the
    data set; gray: (N, 32, 32) float32 in [0, 1].
    """

    descriptors: Descriptors
    usual: Tensor
    usual_agreement: float
    gray: Tensor
    mirrored: bool


@dataclass(frozen=True)
class Pairs:
    """left < right: (P,) int64 rows; closeness: (P,) float32 in [0, 1]; mirrored: (P,) bool."""

    left: Tensor
    right: Tensor
    closeness: Tensor
    mirrored: Tensor


def find_pairs(
    pixels: np.ndarray, neighbors: int, mirrored: bool, least: float, device: torch.device
) -> tuple[Pairs, Pictures]:
    """Return the candidate pairs, each picture with its nearest ones, of (N, S, S, 3) uint8 pixels, and the Pictures.

    The closeness of a pair is the geometric mean of two shares of what is left above the usual,
    (x - usual) / (1 - usual): of the similarity of its descriptors, where usual is the mean over both pictures' nearest
    ones, and of the agreement of its pixels, where usual is the median among such neighbors in the data set. A
    picture with many copies has no other neighbors, so what is usual for it is bounded by the data set's median plus
    4 robust standard deviations. Pixels are compared only where the descriptors allow a closeness of `least`;
    elsewhere the closeness is the descriptors' share.
    """
    k = min(neighbors, len(pixels) - 1)
    if k < 1:
        return _no_pairs(len(pixels), mirrored)
    descriptors = describe(pixels)
    rows, similar = nearest(descriptors, k, mirrored, device)
    gray = _gray(pixels)
    sample = torch.linspace(0, len(rows) - 1, min(SAMPLE, len(rows))).round().long()
    one, other = sample.repeat_interleave(k), rows[sample].flatten()
    agreeing = agreement(gray, one, other, _similarity(descriptors, one, other, mirrored)[1])
    pictures = Pictures(descriptors, _usual(similar), float(agreeing.median()), gray, mirrored)
    left = torch.arange(len(rows)).repeat_interleave(k)
    right = rows.flatten()
    pairs = torch.stack([torch.minimum(left, right), torch.maximum(left, right)])[:, left != right]
    left, right = torch.unique(pairs, dim=1)
    return _compared(pictures, left, right, least), pictures


def share(pictures: Pictures, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Return (P,) float32 the descriptors' share of the closeness of pairs, and (P,) bool whether they are mirrored."""
    similar, mirrored = _similarity(pictures.descriptors, left, right, pictures.mirrored)
    usual = (pictures.usual[left] + pictures.usual[right]) / 2
    return ((similar - usual) / (1 - usual).clamp_min(1e-6)).clamp(0.0, 1.0), mirrored


def _no_pairs(count: int, mirrored: bool) -> tuple[Pairs, Pictures]:
    none, nothing = torch.zeros(0, dtype=torch.long), torch.zeros(count, 0)
    pictures = Pictures(
        Descriptors(nothing, nothing), torch.zeros(count), 0.0, torch.zeros(count, SIDE, SIDE), mirrored
    )
    return Pairs(none, none, torch.zeros(0), none.bool()), pictures


def _compared(pictures: Pictures, left: Tensor, right: Tensor, least: float) -> Pairs:
    closeness, mirrored = share(pictures, left, right)
    (possible,) = (closeness >= least**2).nonzero(as_tuple=True)
    agreeing = agreement(pictures.gray, left[possible], right[possible], mirrored[possible])
    above = ((agreeing - pictures.usual_agreement) / max(1 - pictures.usual_agreement, 1e-6)).clamp(0.0, 1.0)
    closeness[possible] = (closeness[possible] * above).sqrt()
    return Pairs(left, right, closeness, mirrored)


def _similarity(descriptors: Descriptors, left: Tensor, right: Tensor, mirrored: bool) -> tuple[Tensor, Tensor]:
    even, odd = (
        torch.cat([(part[a] * part[b]).sum(1) for a, b in zip(left.split(BATCH), right.split(BATCH), strict=True)])
        for part in (descriptors.even, descriptors.odd)
    )
    return even + (odd.abs() if mirrored else odd), (odd < 0) & mirrored


def _usual(similar: Tensor) -> Tensor:
    mean = similar.mean(1)
    deviation = 1.4826 * (mean - mean.median()).abs().median()
    return mean.clamp_max(float(mean.median() + DEVIATIONS * deviation))


def _gray(pixels: np.ndarray) -> Tensor:
    parts = []
    for start in range(0, len(pixels), BATCH):
        gray = torch.from_numpy(pixels[start : start + BATCH].mean(axis=3, dtype=np.float32) / 255)
        if gray.shape[-1] != SIDE:
            gray = F.interpolate(gray[:, None], (SIDE, SIDE), mode="bilinear", antialias=True)[:, 0]
        parts.append(gray)
    return torch.cat(parts)
