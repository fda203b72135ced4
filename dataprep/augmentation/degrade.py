"""Blur and noise."""

import math

import kornia
import torch
from torch import Tensor

from dataprep.augmentation.draws import SIDES, Draws, uniform

REACH = 3  # standard deviations at which the Gaussian is cut


def blur(images: Tensor, draws: Draws) -> Tensor:
    """Return (N, 3, S, S) images blurred by a Gaussian of deviation `blur` px.

    It is cut at 3 deviations, and at the border the picture is mirrored."""
    sigma = draws.values["blur"]
    reach = (REACH * sigma).ceil().int().clamp_max(images.shape[-1] - 1)
    if not draws.active("blur").any():
        return images
    blurred = images.clone()
    for size in reach.unique().tolist():  # so that an image's window depends on no other image
        rows = (reach == size) & draws.active("blur")
        here = rows.to(images.device)
        if size and rows.any():
            widths = sigma[rows, None].expand(-1, 2).to(images.device)
            blurred[here] = kornia.filters.gaussian_blur2d(images[here], (2 * size + 1,) * 2, widths, "reflect")
    return blurred


def noise(images: Tensor, draws: Draws) -> Tensor:
    """Return (N, 3, S, S) images plus normal noise of deviation `noise` per pixel and channel, clipped to [0, 1]."""
    rows = draws.active("noise")
    if not rows.any():
        return images
    here = rows.to(images.device)
    deviation = draws.values["noise"][rows].to(images.device)
    states = draws.states["noise"][rows].to(images.device)
    noisy = images.clone()
    shape = noisy[here].shape
    drawn = normal(states, math.prod(shape[1:])).view(shape)
    noisy[here] = (noisy[here] + deviation.view(-1, 1, 1, 1) * drawn).clamp_(0.0, 1.0)
    return noisy


def normal(states: Tensor, count: int) -> Tensor:
    """Return `count` standard normal numbers per stream, (N, count) float32, by Box and Muller (1958)."""
    half = (count + 1) // 2
    first, second = uniform(states, 2 * half, SIDES).split(half, 1)
    radius, angle = (-2 * torch.log1p(-first)).sqrt(), 2 * math.pi * second
    return torch.cat([radius * angle.cos(), radius * angle.sin()], 1)[:, :count]
