"""Rectangles at drawn places: erased, or to be taken from another picture."""

import torch
from torch import Tensor

from dataprep.augmentation.draws import Draws

LONGEST = (
    3.0  # longer over shorter side of a rectangle, at most; Zhong et al., Random erasing data augmentation, AAAI 2020
)


def rectangles(draws: Draws, operation: str, side: int) -> Tensor:
    """Return which pixels lie in each image's rectangle, (N, 1, S, S) bool on the CPU.

    Its area is the operation's strength times that of the picture, rounded down to whole px per side; its shape is
    drawn evenly by the logarithm from 1 : 3 to 3 : 1, as far as it fits, and its place evenly from where it lies in
    the picture.
    """
    area = draws.values[operation].double()
    shape, left, top = draws.sides(operation, 3).double().unbind(1)
    longest = torch.log((1 / area).clamp_max(LONGEST))
    root = torch.exp(longest * (shape - 0.5))  # of width over height
    sides = (side * area.sqrt()[:, None] * torch.stack([root, 1 / root], 1) + 1e-9).floor()
    start = (torch.stack([left, top], 1) * (side - sides + 1)).floor()
    places = torch.arange(side)
    across, down = ((places >= start[:, axis, None]) & (places < (start + sides)[:, axis, None]) for axis in (0, 1))
    return (down[:, :, None] & across[:, None, :])[:, None]


def erase(images: Tensor, draws: Draws) -> Tensor:
    """Return (N, 3, S, S) images with a rectangle in the image's mean color."""
    if not draws.active("erasing").any():
        return images
    mean = images.mean(3).mean(2)[:, :, None, None]
    return torch.where(rectangles(draws, "erasing", images.shape[-1]).to(images.device), mean, images)
