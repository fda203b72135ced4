"""Domain randomization: light, texture, and what is behind the object.

After Tobin et al., Domain randomization for transferring deep neural networks, IROS 2017.
"""

import math

import torch
from torch import Tensor

from dataprep.augmentation.draws import Draws

CELLS = (3, 6, 12)  # of a pattern along a side, each with half the amplitude of the one before
WARMTH = 0.3  # by how much a lamp of strength 1 at most raises red and lowers blue, or the reverse


def light(images: Tensor, draws: Draws) -> Tensor:
    """Return (N, 3, S, S) images under a lamp: x (1 + s (2 g - 1)) (1 + 0.3 s w (1, 0, -1)), clipped to [0, 1].

    s is the strength; g = exp(-d^2 / (2 r^2)) with d the distance from the lamp, which is drawn from a square of
    twice the side about the picture, and its reach r from 0.4 to 1 sides; w is its warmth, -1 to 1.
    """
    rows = draws.active("lighting")
    if not rows.any():
        return images
    here = rows.to(images.device)
    chosen = draws[rows]
    strength = chosen.values["lighting"].to(images)[:, None, None, None]
    left, top, reach, warmth = chosen.sides("lighting", 4).to(images)[:, :, None, None, None].unbind(1)
    across, down = _places(images)
    distance = (across - (2 * left - 0.5)).square() + (down - (2 * top - 0.5)).square()
    near = torch.exp(-distance / (2 * (0.4 + 0.6 * reach).square()))
    tint = torch.tensor([1.0, 0.0, -1.0]).to(images)[None, :, None, None] * (2 * warmth - 1)
    lit = images.clone()
    lit[here] = (images[here] * (1 + strength * (2 * near - 1)) * (1 + WARMTH * strength * tint)).clamp_(0.0, 1.0)
    return lit


def texture(images: Tensor, draws: Draws) -> Tensor:
    """Return (N, 3, S, S) images plus `texture` times a pattern of -1 to 1 per channel, clipped to [0, 1]."""
    rows = draws.active("texture")
    if not rows.any():
        return images
    here = rows.to(images.device)
    chosen = draws[rows]
    strength = chosen.values["texture"].to(images)[:, None, None, None]
    drawn = pattern(chosen.sides("texture", 3 * pattern_numbers()).to(images), 3, images.shape[-1])
    textured = images.clone()
    textured[here] = (images[here] + strength * (2 * drawn - 1)).clamp_(0.0, 1.0)
    return textured


def pattern_numbers() -> int:
    """Return how many numbers a pattern takes per channel."""
    return sum((cells + 1) ** 2 for cells in CELLS)


def pattern(numbers: Tensor, channels: int, side: int) -> Tensor:
    """Return smooth patterns, (N, channels, S, S) in [0, 1], of (N, channels * pattern_numbers()) numbers in [0, 1).

    Value noise: numbers at the corners of 3, 6 and 12 cells along a side, bilinear between, with weights 4 : 2 : 1.
    """
    weights = [0.5**octave for octave in range(len(CELLS))]
    total = torch.zeros(len(numbers), channels, side, side, dtype=numbers.dtype, device=numbers.device)
    sizes = [channels * (cells + 1) ** 2 for cells in CELLS]
    for cells, weight, corners in zip(CELLS, weights, numbers.split(sizes, 1), strict=True):
        grid = corners.reshape(-1, channels, cells + 1, cells + 1)
        # The hat function of the distance in cells; F.interpolate would round by the number of threads.
        places = torch.linspace(0, cells, side, dtype=torch.float64)[:, None]
        near = (1 - (places - torch.arange(cells + 1)).abs()).clamp_min(0).to(numbers)
        total += weight / sum(weights) * (near @ grid @ near.T)
    return total


def backdrops(draws: Draws, like: Tensor) -> Tensor:
    """Return drawn backgrounds, (N, 3, S, S) in [0, 1].

    A color, a gradient between two, or a pattern of two, each as likely."""
    side = like.shape[-1]
    drawn = draws.sides("background", 8 + pattern_numbers()).to(like)
    first, second = drawn[:, 2:5, None, None], drawn[:, 5:8, None, None]
    kind, direction = (3 * drawn[:, 0, None, None, None]).floor(), 2 * math.pi * drawn[:, 1, None, None, None]
    across, down = _places(like)
    along = ((across - 0.5) * direction.cos() + (down - 0.5) * direction.sin()) / math.sqrt(2) + 0.5
    share = torch.where(kind == 1, along, pattern(drawn[:, 8:], 1, side))
    return torch.lerp(first, second, torch.where(kind == 0, 0.0, share)).clamp_(0.0, 1.0)


def put_behind(images: Tensor, masks: Tensor, scenes: Tensor, backdrop: float) -> Tensor:
    """Return (N, 3, S, S) images with scenes where they are transparent: x + (1 - mask) (scene - backdrop), in [0, 1].

    masks: (N, 1, S, S), 1 where the object is, 0 where nothing is. backdrop: the gray value, 0 to 1, that the images
    were laid over; taking it away exactly leaves no fringe.
    """
    return (images + (1 - masks) * (scenes - backdrop)).clamp(0.0, 1.0)


def _places(like: Tensor) -> tuple[Tensor, Tensor]:
    """Return the places of columns and rows in shares of the side, (1, 1, 1, S) and (1, 1, S, 1)."""
    side = like.shape[-1]
    places = ((torch.arange(side) + 0.5) / side).to(like)
    return places.view(1, 1, 1, side), places.view(1, 1, side, 1)
