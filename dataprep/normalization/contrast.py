"""Global contrast normalization.

Source: Goodfellow, Bengio, Courville, Deep Learning (2016), section 12.2.1.1. pylearn2's form, which differs, is in
`pylearn2.py`.
"""

import math

import torch
from torch import Tensor

from dataprep.normalization.images import in_blocks, mean

FAINT = 2.0**-5  # contrast below this share of the mean is centered twice


def global_contrast(
    images: Tensor, s: float = 1.0, regularizer: float = 0.0, floor: float = 1e-8, out: Tensor | None = None
) -> Tensor:
    """Return s (x - mean) / max(floor, sqrt(regularizer + mean((x - mean)^2))) for each image.

    (N, C, H, W) floating point in and out, any device; mean and deviation are over all pixels and channels of
    one image. `regularizer` (lambda in the book) is in squared units of x and `floor` (epsilon) in units of x: a lambda
    of 10 meant for values of 0 to 255 is 10 / 65025 for values of 0 to 1. The book's two settings: closely cropped
    objects, lambda 0 and epsilon 1e-8; small random crops, lambda 10 and epsilon 0 on values of 0 to 255.

    With regularizer 0 every image has mean 0 and deviation s, but a flat one, which becomes 0 (exactly). Half precision
    is computed in float32; where squares overflow (values beyond 1e16) the image comes out as NaN, as does one with a
    pixel that is not finite; the others of its batch don't change. out: a tensor of the images' shape to write to.
    In float32, float64 and bfloat16 gradients are finite. Raises TypeError or ValueError for what is no such batch, or
    when nothing keeps a flat image from being divided by 0.
    """
    if not (regularizer >= 0 and floor >= 0 and regularizer + floor > 0 and s == s):
        raise ValueError(
            f"regularizer is {regularizer} and floor is {floor}; both must be 0 or more, and one of them above 0"
        )

    def contrast(block: Tensor, place: Tensor | None) -> Tensor:
        centered, deviation, is_flat = center(block, place)
        if regularizer:
            deviation = (deviation.square() + regularizer).sqrt()
        gain = s / deviation.clamp_min(floor) + deviation * 0  # an infinite deviation would else give an image of zeros
        if is_flat is not None:
            gain = torch.where(is_flat, 0.0, gain)
        return torch.mul(centered, gain, out=place)

    return in_blocks(contrast, images, out)


def center(images: Tensor, out: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return (N, C, H, W) images less their means, their deviations, and whether they are flat, (N, 1, 1, 1) each.

    Where the contrast is faint the rounding of the mean is no longer small beside it, and would be taken for contrast
    in a flat image; what is left of the mean is then subtracted as well. What two subtractions leave of a flat image is
    far below what one pixel could differ by. None where no image's contrast is faint, so that none is flat.
    """
    means = mean(images)[..., None, None]
    centered = torch.sub(images, means, out=out)
    deviation = _deviation(centered)
    size = means.abs()
    faint = deviation <= FAINT * size
    if not (torch.compiler.is_compiling() or images.device.type != "cpu" or bool(faint.any())):
        return centered, deviation, None
    rest = torch.where(faint, mean(centered)[..., None, None], 0.0)
    centered = torch.sub(centered, rest, out=out)
    deviation = _deviation(centered)
    return centered, deviation, deviation <= 64 * torch.finfo(images.dtype).eps ** 2 * size


def _deviation(centered: Tensor) -> Tensor:
    norm = torch.linalg.vector_norm(centered.flatten(1), dim=1)[:, None, None, None]
    return norm * math.prod(centered.shape[1:]) ** -0.5
