"""What all normalizations ask of images, and how they go through them block by block."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

BLOCK_BYTES = 4 * 2**20  # of float32, so that a block and what is made of it stay in the cache


def checked(images: Tensor) -> Tensor:
    """Return floating-point images (N, C, H, W) as contiguous float32 or float64.

    Half-precision images are computed in float32. Raises TypeError or ValueError that says what was given.
    """
    if not isinstance(images, Tensor):
        raise TypeError(
            f"images are a {type(images).__name__}, not a tensor; images of one size can be stacked with torch.stack"
        )
    if images.ndim != 4 or 0 in images.shape[1:]:
        raise ValueError(f"images have the shape {tuple(images.shape)}, not (N, C, H, W) with at least one pixel")
    if not images.is_floating_point():
        raise TypeError(f"images are {images.dtype}, not floating point; bring them to a scale first: images / 255")
    wide = images if images.dtype in (torch.float32, torch.float64) else images.float()
    return wide.contiguous()


def mean(values: Tensor) -> Tensor:
    """Return (N, 1) the means of (N, C, H, W) values: over rows, then of these.

    torch sums a long line of numbers in parts by thread; a mean that is taken of one image alone would depend on that.
    """
    return values.mean(3).flatten(1).mean(1, keepdim=True)


def in_blocks(
    function: Callable[[Tensor, Tensor | None], Tensor],
    images: Tensor,
    out: Tensor | None,
    block_bytes: int = BLOCK_BYTES,
) -> Tensor:
    """Return `function(checked(images), None)` in the images' dtype, or `out` after writing it there.

    On a CPU it goes block by block into one result, so that memory is gone through once; where gradients are recorded,
    a program is exported, or the device is no CPU, all images go through at once.
    function: takes images and the tensor to write to, if any; an image's result depends on that image alone.
    out: of the images' shape; else memory is taken. block_bytes: of a block's images.
    Raises what `checked` raises, and ValueError for an `out` of another shape.
    """
    wide = checked(images)
    if out is not None and out.shape != images.shape:
        raise ValueError(f"out has the shape {tuple(out.shape)}, but the images have {tuple(images.shape)}")
    if torch.compiler.is_compiling() or wide.device.type != "cpu" or _recorded(wide):
        result = function(wide, None)
    else:
        direct = out is not None and out.dtype == wide.dtype and out.is_contiguous()
        result = out if out is not None and direct else _new(wide)
        rows = max(1, block_bytes // (wide[0].numel() * wide.element_size())) if len(wide) else 1
        for block, place in zip(wide.split(rows), result.split(rows), strict=True):
            function(block, place)
    if out is None:
        return result.to(images.dtype)
    return out if result is out else out.copy_(result)


def _new(images: Tensor) -> Tensor:
    """Return memory for a result on a CPU, by NumPy: it asks for large pages, and setting up small ones takes long."""
    dtype = np.float64 if images.dtype == torch.float64 else np.float32
    return torch.from_numpy(np.empty(images.shape, dtype))


def _recorded(images: Tensor) -> bool:
    return torch.is_grad_enabled() and images.requires_grad
