"""Local contrast normalization by products with banded matrices.

Sources: Jarrett, Kavukcuoglu, Ranzato, LeCun, What is the best multi-stage architecture for object recognition?
(2009), section 3.1; Goodfellow, Bengio, Courville, Deep Learning (2016), section 12.2.1.1.
"""

from functools import lru_cache, reduce
from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from dataprep.errors import nearest
from dataprep.normalization.images import checked, in_blocks

Divisor = Literal["jarrett", "floor"]
Borders = Literal["inside", "zero"]
TILE = 64  # px; longer sides are gone through in tiles, as most of their band matrix is zero
BLOCK_BYTES = 2 * 2**20  # less than elsewhere, as there is more to hold besides
LANES = 16  # numbers that a vector instruction takes
LEAST_SQUARE = 1e-30  # below it the gradient of a square root would not be finite


def local_contrast(
    images: Tensor,
    window: int = 9,
    sigma: float = 2.0,
    *,
    divisor: Divisor = "jarrett",
    regularizer: float = 0.0,
    floor: float = 1e-4,
    joint: bool = True,
    out: Tensor | None = None,
) -> Tensor:
    """Return v / d with v = x - local mean of x, and d made of the local deviation D = sqrt(local mean of v^2).

    divisor "jarrett": d = max(floor, D, mean of D over the image), with sigma taken from v as in the paper.
    divisor "floor": d = max(floor, sqrt(regularizer + D^2)).
    pylearn2's `lecun_lcn` takes D from x instead: see `pylearn2.py`.

    (N, C, H, W) floating point in and out, any device. Local means are weighted by a Gaussian of deviation `sigma` px
    cut to `window` px (odd); at the border the weights inside the image are scaled to sum 1, so that borders do not
    darken and a window larger than the image is cut to it. joint: means are over all channels too, else per channel.
    `floor` is in units of x, `regularizer` in their square; floor must be above 0, as flat images have D = 0; these
    become 0, up to the rounding of their mean over `floor` (bytes have none).

    A Gaussian window is separable, so the local mean of a plane X is A X B^T with two banded matrices. Half precision
    is computed in float32. A pixel that is not finite spoils its own image, others of the batch don't change.
    Gradients are finite everywhere. Raises TypeError or ValueError for what is no such batch or window.
    """
    if divisor not in get_args(Divisor):
        raise ValueError(f"divisor is '{divisor}'; {nearest(divisor, get_args(Divisor))}use jarrett or floor")
    if not (floor > 0 and regularizer >= 0):
        raise ValueError(
            f"floor is {floor} and regularizer is {regularizer}; floor must be above 0, the other 0 or more"
        )
    height, width = bands_for(checked(images), window, sigma)
    total, squares = (_channel_sum, _channel_square_sum) if joint else (_each, torch.square)
    count = images.shape[1] if joint else 1
    bands = height / count, width

    def contrast(block: Tensor, place: Tensor | None) -> Tensor:
        planes = total(block)
        # The weights sum to 1 but for rounding, which would be divided by the floor where an image is flat.
        means = _plane_mean(planes)
        means = local_mean(planes - means, bands, window) + means / count
        centered = torch.sub(block, means, out=place)
        square = local_mean(squares(centered), bands, window)
        return torch.mul(centered, _divided_by(square, divisor, regularizer, floor).reciprocal(), out=place)

    return in_blocks(contrast, images, out, BLOCK_BYTES)


def _each(images: Tensor) -> Tensor:
    return images


def _channel_sum(images: Tensor) -> Tensor:
    """Return (N, 1, H, W); several times as fast as torch's sum over a dimension that is not the last."""
    first, *others = images.split(1, 1)
    return reduce(torch.add, others, first)


def _channel_square_sum(images: Tensor) -> Tensor:
    first, *others = images.split(1, 1)
    return reduce(lambda total, plane: torch.addcmul(total, plane, plane), others, first.square())


def _divided_by(square: Tensor, divisor: Divisor, regularizer: float, floor: float) -> Tensor:
    if divisor == "floor":
        return (square + regularizer).clamp_min(max(floor**2, LEAST_SQUARE)).sqrt()
    deviation = square.clamp_min(LEAST_SQUARE).sqrt()
    return torch.maximum(deviation, _plane_mean(deviation).clamp_min(floor))


def _plane_mean(planes: Tensor) -> Tensor:
    """Return (N, C, 1, 1), each plane's mean: over rows, then of these, so that it does not depend on threads."""
    return planes.mean(3, keepdim=True).mean(2, keepdim=True)


def bands_for(images: Tensor, window: int, sigma: float, borders: Borders = "inside") -> tuple[Tensor, Tensor]:
    """Return `band` for the height and the width of (N, C, H, W) images, as float32 or float64, on their device."""
    dtype = torch.float64 if images.dtype == torch.float64 else torch.float32
    height, width = (
        torch.tensor(band(side, window, sigma, borders), dtype=dtype, device=images.device) for side in images.shape[2:]
    )
    return height, width


@lru_cache(maxsize=64)
def band(side: int, window: int, sigma: float, borders: Borders = "inside") -> NDArray[np.float64]:
    """Return the (side, side) matrix A whose row i has the weights of the local mean at pixel i.

    A[i, j] is proportional to exp(-(i - j)^2 / (2 sigma^2)) for |i - j| <= window // 2, else 0. borders "inside": each
    row sums to 1. borders "zero": all rows have the weights of a whole window, as if the image went on with zeros.
    Raises ValueError for an even window or a sigma that is not above 0.
    """
    if window < 1 or window % 2 == 0:
        raise ValueError(f"window is {window}; it must be an odd number of px, so that it has a center")
    if not sigma > 0:
        raise ValueError(f"sigma is {sigma}; it must be above 0 px")
    place = np.arange(side)
    distance = place[:, None] - place[None]
    weights = np.exp(-(distance**2) / (2 * sigma**2)) * (np.abs(distance) <= window // 2)
    if borders == "inside":
        return np.asarray(weights / weights.sum(1, keepdims=True))
    reach = np.arange(-(window // 2), window // 2 + 1)
    return np.asarray(weights / np.exp(-(reach**2) / (2 * sigma**2)).sum())


def local_mean(planes: Tensor, bands: tuple[Tensor, Tensor], window: int) -> Tensor:
    """Return A X B^T of each (H, W) plane X of (..., H, W), with bands A (H, H) and B (W, W) of `window` px.

    Sides that are no multiples of 16 are filled up with zeros: products of other shapes are summed in an order that
    depends on how many there are.
    """
    rows, columns = planes.shape[-2:]
    height, width = (F.pad(matrix, (0, -len(matrix) % LANES, 0, -len(matrix) % LANES)) for matrix in bands)
    planes = F.pad(planes, (0, -columns % LANES, 0, -rows % LANES))
    across = [torch.matmul(planes[..., near], width[own, near].T) for own, near in _tiles(len(width), window)]
    planes = across[0] if len(across) == 1 else torch.cat(across, -1)
    down = [torch.matmul(height[own, near], planes[..., near, :]) for own, near in _tiles(len(height), window)]
    done = down[0] if len(down) == 1 else torch.cat(down, -2)
    return done[..., :rows, :columns]


def _tiles(side: int, window: int) -> list[tuple[slice, slice]]:
    """Return rows of a band matrix and the columns in which they are not zero; all of a small matrix as one tile."""
    if side <= 2 * TILE:
        return [(slice(None), slice(None))]
    reach, starts = window // 2, range(0, side, TILE)
    return [(slice(i, i + TILE), slice(max(0, i - reach), min(side, i + TILE + reach))) for i in starts]
