"""Compare two pictures pixel by pixel at the small shift where they agree best."""

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

REACH = 2  # px of the halved picture: shifts up to this are tried along each axis, then their surroundings at full size
PAIRS = 8192
GRAIN = 0.007  # standard deviation of values in [0, 1] below which there is no pattern to compare
AROUND = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]


def aligned_correlation(gray: Tensor, left: Tensor, right: Tensor, mirrored: Tensor) -> Tensor:
    """Return (P,) float32 in [0, 1]: the largest correlation of each pair over small shifts.

    Searched from coarse to fine: shifts of up to 2 px along each axis at half the side, then at full size twice the
    best one and its neighbors, so up to 5 px. The correlation is Pearson's over the overlapping pixels, so brightness
    and contrast drop out: 1 for the same picture, 0 where one of the two is flat or none is positive.

    gray: (N, S, S) uint8, S even and at least 12; left, right: (P,) rows of it; mirrored: (P,) bool,
    whether to compare with the mirror image of the right picture.
    """
    found = [torch.zeros(0)]
    starts = range(0, len(left), PAIRS)
    for start in tqdm(starts, desc="align candidates", unit="block", disable=not starts):
        mine = slice(start, start + PAIRS)
        one, other = gray[left[mine]].float() / 255, gray[right[mine]].float() / 255
        other[mirrored[mine]] = other[mirrored[mine]].flip(2)
        found.append(_fine(one, other, _coarse(F.avg_pool2d(one, 2), F.avg_pool2d(other, 2))))
    return torch.cat(found)


def _coarse(one: Tensor, other: Tensor) -> Tensor:
    """Return (P,) which of the shifts correlates best."""
    found = [_correlation(_window(one, y, x), _window(other, -y, -x)) for y, x in _SHIFTS]
    return torch.stack(found).argmax(0)


def _fine(one: Tensor, other: Tensor, coarse: Tensor) -> Tensor:
    """Return (P,) the largest correlation around twice the coarse shift."""
    best = torch.zeros(len(one))
    for number, (y, x) in enumerate(_SHIFTS):
        (rows,) = (coarse == number).nonzero(as_tuple=True)
        if len(rows):
            here, there = one[rows], other[rows]
            around = [(2 * y + dy, 2 * x + dx) for dy, dx in AROUND]
            found = [_correlation(_window(here, v, u), _window(there, -v, -u)) for v, u in around]
            best[rows] = torch.stack(found).amax(0).clamp_min(0.0)
    return best


def _window(images: Tensor, y: int, x: int) -> Tensor:
    side = images.shape[-1]
    return images[:, max(y, 0) : side + min(y, 0), max(x, 0) : side + min(x, 0)].flatten(1)


def _correlation(one: Tensor, other: Tensor) -> Tensor:
    covariance = (one * other).mean(1) - one.mean(1) * other.mean(1)
    spread = [(values.square().mean(1) - values.mean(1) ** 2).clamp_min(0).sqrt() for values in (one, other)]
    return torch.where(torch.minimum(*spread) > GRAIN, covariance / (spread[0] * spread[1]).clamp_min(1e-12), 0.0)


_SHIFTS = [(y, x) for y in range(-REACH, REACH + 1) for x in range(-REACH, REACH + 1)]
