"""Global contrast normalization.

Source: Goodfellow, Bengio, Courville, Deep Learning (2016), section 12.2.1.1. pylearn2's form, which differs, is in
`pylearn2.py`.
"""

import torch
from torch import Tensor

from dataprep.normalization.images import checked, in_blocks

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
    is computed in float32; values up to 1e18 are squared without overflow. An image with a pixel that is not finite
    comes out as NaN; the others of its batch don't change. out: a tensor like images to write to, on a CPU.
    Gradients are finite everywhere. Raises TypeError or ValueError for what is no such batch, or when nothing keeps a
    flat image from being divided by 0.
    """
    if regularizer < 0 or floor < 0 or regularizer == floor == 0:
        raise ValueError(
            f"regularizer is {regularizer} and floor is {floor}; both must be 0 or more, and one of them above 0"
        )
    wide = checked(images)

    def contrast(block: Tensor, place: Tensor | None) -> Tensor:
        flat = block.flatten(1)
        target = None if place is None else place.flatten(1)
        centered, deviation, is_flat = _centered(flat, target)
        if regularizer:
            deviation = (deviation.square() + regularizer).sqrt()
        gain = s / deviation.clamp_min(floor)
        if is_flat is not None:
            gain = torch.where(is_flat, 0.0, gain)
        return torch.mul(centered, gain, out=target).view_as(block)

    direct = out if out is not None and out.dtype == wide.dtype else None
    result = in_blocks(contrast, wide, direct).to(images.dtype)
    return result if out is None or direct is not None else out.copy_(result)


def _centered(flat: Tensor, out: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return (N, K) values less their mean, (N, 1) their deviations, and (N, 1) whether they are all equal.

    Where the contrast is faint the rounding of the mean is no longer small beside it, and would be taken for contrast
    in a flat image; what is left of the mean is then subtracted as well. What two subtractions leave of a flat image is
    far below what one pixel could differ by. None where no image's contrast is faint, so that none is flat.
    """
    mean = flat.mean(1, keepdim=True)
    centered = torch.sub(flat, mean, out=out)
    deviation = _deviation(centered)
    size = mean.abs()
    faint = deviation <= FAINT * size
    if not (torch.compiler.is_compiling() or flat.device.type != "cpu" or bool(faint.any())):
        return centered, deviation, None
    rest = torch.where(faint, centered.mean(1, keepdim=True), 0.0)
    centered = torch.sub(centered, rest, out=out)
    deviation = _deviation(centered)
    return centered, deviation, deviation <= 64 * torch.finfo(flat.dtype).eps ** 2 * size


def _deviation(centered: Tensor) -> Tensor:
    return torch.linalg.vector_norm(centered, dim=1, keepdim=True) * centered.shape[1] ** -0.5
