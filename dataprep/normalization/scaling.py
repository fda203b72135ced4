"""Pixel scale: one range for all images, or mean and deviation per channel."""

from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor

from dataprep.normalization.images import checked

Scale = Literal["[0, 1]", "[-1, 1]", "[0, 255]"]
SPANS: dict[Scale, float] = {"[0, 1]": 1.0, "[-1, 1]": 2.0, "[0, 255]": 255.0}
STARTS: dict[Scale, float] = {"[0, 1]": 0.0, "[-1, 1]": -1.0, "[0, 255]": 0.0}
LEAST_DEVIATION = 1e-6


def scale(images: Tensor, name: Scale) -> Tensor:
    """Return uint8 images as float32 in [0, 1] (x / 255), [-1, 1] (2 x / 255 - 1) or [0, 255] (x), by `name`."""
    return from_unit(images.to(torch.float32) / 255, name) if name != "[0, 255]" else images.to(torch.float32)


def from_unit(images: Tensor, name: Scale) -> Tensor:
    """Return images whose values are in [0, 1] in the scale `name`."""
    if name == "[0, 1]":
        return images
    return images * 2 - 1 if name == "[-1, 1]" else images * 255


def standardize(images: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Return (x - mean) / max(1e-6, deviation), per channel.

    (N, C, H, W) floating point in and out; mean, deviation: (C,). Raises ValueError when C differs.
    """
    if images.ndim != 4 or images.shape[1] != len(mean):
        raise ValueError(
            f"images have the shape {tuple(images.shape)}, but mean and deviation are of {len(mean)} channels"
        )
    wide = checked(images)
    column = (1, -1, 1, 1)
    divisor = deviation.to(wide).view(column).clamp_min(LEAST_DEVIATION)
    return ((wide - mean.to(wide).view(column)) / divisor).to(images.dtype)


def moments(batches: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Return mean and deviation per channel, (C,) float64, over all pixels of all batches (n, C, H, W).

    Deviation is sqrt(mean((x - mean)^2)). Sums are of float64 differences from the first batch's mean, so that large
    means cost no digits.
    """
    count, start, total, squares = 0, torch.zeros(()), torch.zeros(()), torch.zeros(())
    for batch in batches:
        values = batch.double().transpose(0, 1).flatten(1)
        if not count:
            start = values.mean(1, keepdim=True)
            total, squares = torch.zeros_like(start), torch.zeros_like(start)
        values = values - start
        count += values.shape[1]
        total += values.sum(1, keepdim=True)
        squares += values.square().sum(1, keepdim=True)
    if not count:
        raise ValueError("there are no images to take mean and deviation of")
    mean = total / count
    deviation = (squares / count - mean.square()).clamp_min(0.0).sqrt()
    return (start + mean).flatten().cpu(), deviation.flatten().cpu()
