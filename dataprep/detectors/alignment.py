"""Compare two pictures pixel by pixel at the small shift where they agree best."""

import torch
from torch import Tensor
from tqdm import tqdm

REACH_SHARE = 1 / 16  # of the side: shifts up to this are tried along each axis
PAIRS = 8192
FLAT = 1e-8  # variance of values in [0, 1] below which there is no pattern to compare


def aligned_correlation(gray: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Return (P,) float32: the largest correlation of each pair over shifts of up to side / 16.

    gray: (N, S, S) float32 in [0, 1]; left, right: (P,) rows of it. The correlation is Pearson's over the
    overlapping pixels, so brightness and contrast drop out: 1 for the same picture, 0 where
    one of the two is flat.
    """
    reach = max(1, round(gray.shape[-1] * REACH_SHARE))
    shifts = [(y, x) for y in range(-reach, reach + 1) for x in range(-reach, reach + 1)]
    parts = []
    for start in tqdm(range(0, len(left), PAIRS), desc="align candidates", unit="block"):
        one, other = gray[left[start : start + PAIRS]], gray[right[start : start + PAIRS]]
        best = torch.full((len(one),), -1.0)
        for y, x in shifts:
            best = torch.maximum(best, _correlation(_window(one, y, x), _window(other, -y, -x)))
        parts.append(best)
    return torch.cat(parts) if parts else torch.zeros(0)


def _window(images: Tensor, y: int, x: int) -> Tensor:
    side = images.shape[-1]
    return images[:, max(y, 0) : side + min(y, 0), max(x, 0) : side + min(x, 0)].flatten(1)


def _correlation(one: Tensor, other: Tensor) -> Tensor:
    one = one - one.mean(1, keepdim=True)
    other = other - other.mean(1, keepdim=True)
    spread = (one.square().mean(1), other.square().mean(1))
    product = (one * other).mean(1) / (spread[0] * spread[1]).sqrt().clamp_min(FLAT)
    return torch.where(torch.minimum(*spread) > FLAT, product, torch.zeros_like(product))
