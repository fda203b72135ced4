"""Brightness, contrast, saturation and hue in one affine map of colors per image."""

import torch
from torch import Tensor

from dataprep.augmentation.draws import Draws

# NTSC's YIQ from RGB: luma, and two axes of color
YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]], dtype=torch.float64)


def color_maps(draws: Draws) -> tuple[Tensor, Tensor]:
    """Return (N, 3, 3) float32 matrices M and (N,) float32 factors k: colors become M x + k m, m the mean of the image.

    M = b c Q and k = b (1 - c), with brightness b, contrast c and Q = T^-1 diag(1, s R) T: in YIQ (T) the two color
    axes are multiplied by the saturation s and rotated by the hue, R. Gray stays gray, and luma as it is by Q. So
    contrast moves values away from the mean of the image (all pixels and channels) after brightness.
    """
    brightness, contrast, saturation = (
        draws.values[name].double() for name in ("brightness", "contrast", "saturation")
    )
    angle = torch.deg2rad(draws.values["hue"].double())
    cos, sin = saturation * angle.cos(), saturation * angle.sin()
    turned = torch.zeros(len(draws), 3, 3, dtype=torch.float64)
    turned[:, 0, 0] = 1.0
    turned[:, 1, 1], turned[:, 1, 2] = cos, sin
    turned[:, 2, 1], turned[:, 2, 2] = -sin, cos
    kept = torch.linalg.inv(YIQ) @ turned @ YIQ
    plain = (angle == 0) & (saturation == 1)  # there rounding would change what has to stay as it is
    kept = torch.where(plain[:, None, None], torch.eye(3, dtype=torch.float64), kept)
    return ((brightness * contrast)[:, None, None] * kept).float(), (brightness * (1 - contrast)).float()


def recolor(images: Tensor, matrices: Tensor, factors: Tensor) -> Tensor:
    """Return (N, 3, S, S) images with colors mapped as `color_maps` says, clipped to [0, 1]."""
    if bool((matrices == torch.eye(3)).all()) and not factors.any():
        return images
    count, _, side, _ = images.shape
    # Summed row by row, an image's mean depends on no other image of the batch.
    mean = images.flatten(1, 2).mean(2).double().mean(1).to(images)
    offset = (factors.to(images.device) * mean).view(count, 1, 1)
    mapped = torch.baddbmm(offset, matrices.to(images.device), images.reshape(count, 3, side * side))
    return mapped.clamp_(0.0, 1.0).view(images.shape)
