"""Pairs of pictures that may be copies, and how close they are compared with what is usual around them."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dataprep.copies.alignment import coarse, fine
from dataprep.copies.descriptors import SIDE, Descriptors, describe
from dataprep.copies.neighbors import nearest

RANK = 2  # from 0: the picture's third-nearest neighbor tells what is usual for it
DEVIATIONS = 4.0  # more than the median by so many robust standard deviations is the likeness of copies
MOST_USUAL = 0.98
REFINED = 4
BATCH = 4096


@dataclass(frozen=True)
class Pairs:
    """left < right: (P,) int64 rows; closeness: (P,) float32 in [0, 1]; mirrored: (P,) bool."""

    left: Tensor
    right: Tensor
    closeness: Tensor
    mirrored: Tensor


@dataclass(frozen=True)
class Pictures:
    """descriptors, and usual: (N,) float32, the similarity of descriptors that is usual for each picture."""

    descriptors: Descriptors
    usual: Tensor
    mirrored: bool


def find_pairs(pixels: np.ndarray, neighbors: int, mirrored: bool, device: torch.device) -> tuple[Pairs, Pictures]:
    """Return the candidate pairs, each picture with its nearest ones, of (N, S, S, 3) uint8 pixels, and the Pictures.

    A pair is compared in two ways: by the similarity of its descriptors, and by the correlation of its pixels where
    they agree best. Each is put on a scale from 0, usual thereabouts, to 1, the same: (x - u) / (1 - u), where u is the
    mean over both pictures of x with their own third-nearest neighbor. A picture with many copies has no other
    neighbors, so its u is bounded by the data set's median plus 4 robust standard deviations; where most pictures have
    three copies or more that bound is of copies too, and the weaker ones are missed. Of fewer than four pictures u
    is 0. The closeness joins both shares c and w, the surer one counting more: 1 - sqrt((1 - c) (1 - w)).
    """
    k = min(neighbors, len(pixels) - 1)
    if k < 1:
        none, nothing = torch.zeros(0, dtype=torch.long), torch.zeros(len(pixels), 0)
        pictures = Pictures(Descriptors(nothing, nothing), torch.zeros(len(pixels)), mirrored)
        return Pairs(none, none, torch.zeros(0), none.bool()), pictures
    descriptors = describe(pixels)
    rows, similar = nearest(descriptors, k, mirrored, device)
    own = torch.arange(len(rows))[:, None].expand_as(rows)
    similar[rows == own] = 0.0  # an approximate search may have found fewer than k
    pictures = Pictures(descriptors, _usual(similar), mirrored)
    number, place = torch.unique(torch.minimum(own, rows) * len(rows) + torch.maximum(own, rows), return_inverse=True)
    left, right = number // len(rows), number % len(rows)
    described, turned = share(pictures, left, right)
    aligned = _aligned(pixels, left, right, turned, place)
    closeness = 1 - ((1 - described) * (1 - aligned)).sqrt()
    real = left != right
    return Pairs(left[real], right[real], closeness[real], turned[real]), pictures


def _aligned(pixels: np.ndarray, left: Tensor, right: Tensor, mirrored: Tensor, place: Tensor) -> Tensor:
    """Return (P,) the share of the closeness that pixels give; place: (N, k), which pairs a picture takes part in.

    Aligned at full size are a picture's best four at half the size; the others have no share.
    """
    gray = _gray(pixels)
    shifts, roughly = coarse(gray, left, right, mirrored)
    chosen = torch.zeros(len(left), dtype=torch.bool)
    chosen[place.gather(1, roughly[place].topk(min(REFINED, place.shape[1])).indices)] = True
    correlation = torch.zeros(len(left))
    chosen &= left != right
    correlation[chosen] = fine(gray, left[chosen], right[chosen], mirrored[chosen], shifts[chosen])
    usual = _usual(correlation[place].sort(dim=1, descending=True).values)
    return _above(correlation, usual, left, right)


def share(pictures: Pictures, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Return (P,) float32 the descriptors' share of the closeness of pairs, and (P,) bool whether they are mirrored."""
    even, odd = (
        torch.cat([(part[a] * part[b]).sum(1) for a, b in zip(left.split(BATCH), right.split(BATCH), strict=True)])
        for part in (pictures.descriptors.even, pictures.descriptors.odd)
    )
    similar = even + (odd.abs() if pictures.mirrored else odd)
    return _above(similar, pictures.usual, left, right), (odd < 0) & pictures.mirrored


def _above(values: Tensor, usual: Tensor, left: Tensor, right: Tensor) -> Tensor:
    both = (usual[left] + usual[right]) / 2
    return ((values - both) / (1 - both)).clamp(0.0, 1.0)


def _usual(values: Tensor) -> Tensor:
    """Return (N,) of (N, k) values, largest first: the third, bounded as `find_pairs` says; 0 of fewer than three."""
    if values.shape[1] <= RANK:
        return torch.zeros(len(values))
    third = values[:, RANK]
    deviation = 1.4826 * (third - third.median()).abs().median()
    return third.clamp_max(min(float(third.median() + DEVIATIONS * deviation), MOST_USUAL))


def _gray(pixels: np.ndarray) -> Tensor:
    """Return (N, 32, 32) uint8: there may be very many."""
    found = torch.empty(len(pixels), SIDE, SIDE, dtype=torch.uint8)
    for start in range(0, len(pixels), BATCH):
        gray = torch.from_numpy(pixels[start : start + BATCH].mean(axis=3, dtype=np.float32))
        if gray.shape[-1] != SIDE:
            gray = F.interpolate(gray[:, None], (SIDE, SIDE), mode="bilinear", antialias=True)[:, 0]
        found[start : start + BATCH] = gray.round().clamp(0, 255)
    return found
