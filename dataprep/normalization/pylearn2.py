"""The two contrast normalizations as pylearn2 computes them, for those who must reproduce old results.

They differ from the book's and the paper's formulas (`contrast.py`, `local.py`). Source: pylearn2 (Goodfellow et al.,
2013), `expr/preprocessing.py`, `global_contrast_normalize`, and `datasets/preprocessing.py`, `lecun_lcn`.
"""

import math

import torch
from torch import Tensor

from dataprep.normalization.contrast import center
from dataprep.normalization.images import checked, mean
from dataprep.normalization.local import LEAST_SQUARE, bands_for, local_mean

LECUN_SIGMA = 2.0  # px, fixed in the original


def pylearn2_gcn(
    images: Tensor,
    scale: float = 1.0,
    subtract_mean: bool = True,
    use_std: bool = False,
    sqrt_bias: float = 0.0,
    min_divisor: float = 1e-8,
) -> Tensor:
    """Return scale (x - mean) / sqrt(sqrt_bias + sum((x - mean)^2)) for each image: divided by the norm.

    With `use_std` the sum is divided by K - 1, with K values in an image (ddof 1), or by 1 where K is 1. Without
    `subtract_mean` x takes the place of x - mean in the numerator, and in the norm, but not in the deviation. A divisor
    (that is sqrt(...) / scale) below `min_divisor` becomes 1. (N, C, H, W) floating point in and out. Values are as
    they come: pylearn2's users gave 0 to 255. Raises TypeError or ValueError for what is no such batch.
    """
    wide = checked(images)
    centered, deviation, is_flat = center(wide)
    if is_flat is not None:
        centered = torch.where(is_flat, 0.0, centered)
        deviation = torch.where(is_flat, 0.0, deviation)
    values = math.prod(wide.shape[1:])
    kept = centered if subtract_mean else wide
    if use_std:
        square = deviation.square() * (values / max(1, values - 1))
    elif subtract_mean:
        square = deviation.square() * values
    else:
        square = mean(wide.square())[..., None, None] * values
    divisor = (square + sqrt_bias).clamp_min(LEAST_SQUARE).sqrt() / scale
    divisor = torch.where(divisor < min_divisor, 1.0, divisor)
    return (kept / divisor).to(images.dtype)


def lecun_lcn(images: Tensor, kernel_size: int = 7, threshold: float = 1e-4) -> Tensor:
    """Return (x - blur(x)) / max(threshold, D, mean of D over the plane) with D = sqrt(blur(x^2)): D is taken from x.

    Each channel by itself; blur has a Gaussian window of `kernel_size` px (odd) and deviation 2 px, and takes the image
    to go on with zeros, so that borders darken. (N, C, H, W) floating point in and out. Raises TypeError or ValueError
    for what is no such batch or window.
    """
    wide = checked(images)
    bands = bands_for(images, kernel_size, LECUN_SIGMA, borders="zero")
    centered = wide - local_mean(wide, bands, kernel_size)
    deviation = local_mean(wide.square(), bands, kernel_size).clamp_min(LEAST_SQUARE).sqrt()
    usual = deviation.mean(3, keepdim=True).mean(2, keepdim=True)
    divisor = torch.maximum(deviation, usual).clamp_min(threshold)
    return (centered / divisor).to(images.dtype)
