"""Compare two pictures pixel by pixel at the small shift where they agree best."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

REACH = 2  # px of the halved picture: shifts up to this are tried along each axis
SHIFTS = [(y, x) for y in range(-REACH, REACH + 1) for x in range(-REACH, REACH + 1)]
PAIRS = 8192
GRAIN = 0.007  # standard deviation of values in [0, 1] below which there is no pattern to compare


def coarse(gray: Tensor, left: Tensor, right: Tensor, mirrored: Tensor) -> tuple[Tensor, Tensor]:
    """Return (P,) int64 at which of SHIFTS each pair of halved pictures correlates best, and (P,) float32 how well.

    gray: (N, S, S) uint8, S even and at least 12; left, right: (P,) rows of it; mirrored: (P,) bool, whether to
    compare with the mirror image of the right picture. The correlation is Pearson's over the overlapping pixels, so
    brightness and contrast drop out: 0 where one of the two is flat.
    """
    halved = _halved(gray)
    shifts, values = [torch.zeros(0, dtype=torch.long)], [torch.zeros(0)]
    for one, other in _pictures(halved, left, right, mirrored, "align candidates"):
        best = torch.stack([_correlation(_window(one, y, x), _window(other, -y, -x)) for y, x in SHIFTS]).max(0)
        shifts.append(best.indices)
        values.append(best.values)
    return torch.cat(shifts), torch.cat(values)


def fine(gray: Tensor, left: Tensor, right: Tensor, mirrored: Tensor, shifts: Tensor) -> Tensor:
    """Return (P,) float32 in [0, 1]: the largest correlation at full size around twice the shift that `coarse` found.

    So up to 5 px along each axis: 1 for the same picture, 0 where one of the two is flat or no shift's is positive.
    """
    found = [torch.zeros(0)]
    places = shifts.split(PAIRS)
    for place, (one, other) in zip(places, _pictures(gray, left, right, mirrored, "align the best"), strict=False):
        best = torch.zeros(len(one))
        for number, (y, x) in enumerate(SHIFTS):
            (rows,) = (place == number).nonzero(as_tuple=True)
            if len(rows):
                here, there = one[rows], other[rows]
                around = [(2 * y + dy, 2 * x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
                values = [_correlation(_window(here, v, u), _window(there, -v, -u)) for v, u in around]
                best[rows] = torch.stack(values).amax(0).clamp(0.0, 1.0)
        found.append(best)
    return torch.cat(found)


def _pictures(
    gray: Tensor, left: Tensor, right: Tensor, mirrored: Tensor, description: str
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the pictures of up to PAIRS pairs at a time, values in [0, 1]."""
    starts = range(0, len(left), PAIRS)
    for start in tqdm(starts, desc=description, unit="block", disable=not starts):
        mine = slice(start, start + PAIRS)
        other = gray[right[mine]].float() / 255
        other[mirrored[mine]] = other[mirrored[mine]].flip(2)
        yield gray[left[mine]].float() / 255, other


def _halved(gray: Tensor) -> Tensor:
    """Return (N, S / 2, S / 2) uint8."""
    blocks = (F.avg_pool2d(block[:, None].float(), 2)[:, 0].round() for block in gray.split(PAIRS))
    return torch.cat([block.to(torch.uint8) for block in blocks])


def _window(images: Tensor, y: int, x: int) -> Tensor:
    side = images.shape[-1]
    return images[:, max(y, 0) : side + min(y, 0), max(x, 0) : side + min(x, 0)].flatten(1)


def _correlation(one: Tensor, other: Tensor) -> Tensor:
    covariance = (one * other).mean(1) - one.mean(1) * other.mean(1)
    spread = [(values.square().mean(1) - values.mean(1) ** 2).clamp_min(0).sqrt() for values in (one, other)]
    return torch.where(torch.minimum(*spread) > GRAIN, covariance / (spread[0] * spread[1]).clamp_min(1e-12), 0.0)
