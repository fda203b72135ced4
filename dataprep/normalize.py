"""Bring pixel scale and contrast to a norm that is fitted on the training split and saved with the data.

Global and local contrast normalization follow Goodfellow, Bengio, Courville, Deep Learning (2016),
section 12.2.1.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from dataprep import files
from dataprep.config import Gcn, Lcn, Normalize, Standardize
from dataprep.errors import DataprepError, listing

BATCH = 512
LEAST_DEVIATION = 1e-6


def scale(images: Tensor, name: str) -> Tensor:
    """Return uint8 images as float32 in [0, 1] (x / 255) or [-1, 1] (x / 127.5 - 1), by `name`."""
    unit = images.to(torch.float32) / 255
    return unit * 2 - 1 if name == "[-1, 1]" else unit


def global_contrast(images: Tensor, s: float = 1.0, regularizer: float = 0.0, floor: float = 1e-8) -> Tensor:
    """Return s (x - mean) / max(floor, sqrt(regularizer + mean((x - mean)^2))) for each image.

    (N, C, H, W) floating point in and out; mean and deviation are over all pixels and channels of
    one image. `regularizer` is in squared units of x: one meant for 0..255 is 65,025 times too large for 0..1.
    With regularizer 0 a flat image becomes 0, and every other has mean 0 and deviation s.
    """
    wide = images.double()  # in single precision the rounding of a flat image's mean would be taken for contrast
    centered = wide - wide.mean((1, 2, 3), keepdim=True)
    deviation = torch.sqrt(regularizer + centered.square().mean((1, 2, 3), keepdim=True))
    return (s * centered / deviation.clamp_min(floor)).to(images.dtype)


def local_contrast(
    images: Tensor,
    window: int = 9,
    sigma: float = 2.0,
    regularizer: float = 0.0,
    floor: float = 1e-4,
    joint: bool = True,
) -> Tensor:
    """Return v / max(floor, sqrt(regularizer + local mean of v^2)) with v = x - local mean of x.

    (N, C, H, W) floating point in and out. Local means are weighted by a Gaussian of deviation
    `sigma` px cut to `window` px (odd); at the border the weights inside the image are scaled to
    sum 1, so that borders do not darken. joint: means are over all channels too, else per channel.
    """
    kernel = gaussian(window, sigma, images)
    local = images.mean(1, keepdim=True) if joint else images
    centered = images - _blur(local, kernel)
    energy = centered.square()
    energy = energy.mean(1, keepdim=True) if joint else energy
    deviation = torch.sqrt(regularizer + _blur(energy, kernel).clamp_min(0.0))
    return centered / deviation.clamp_min(floor)


def gaussian(window: int, sigma: float, like: Tensor) -> Tensor:
    """Return `window` weights exp(-d^2 / (2 sigma^2)) that sum to 1, with the dtype and device of `like`."""
    distance = torch.arange(window, dtype=torch.float64) - (window - 1) / 2
    weights = torch.exp(-distance.square() / (2 * sigma**2))
    return (weights / weights.sum()).to(like)


def _blur(images: Tensor, kernel: Tensor) -> Tensor:
    count, channels, height, width = images.shape
    flat = images.reshape(count * channels, 1, height, width)
    reach = len(kernel) // 2
    ones = torch.ones(1, 1, height, width, dtype=images.dtype, device=images.device)
    for weights, padding in ((kernel.view(1, 1, 1, -1), (0, reach)), (kernel.view(1, 1, -1, 1), (reach, 0))):
        flat = F.conv2d(flat, weights, padding=padding) / F.conv2d(ones, weights, padding=padding)
    return flat.view(count, channels, height, width)


def fit(training: Callable[[], Iterable[Tensor]], params: Normalize) -> dict[str, Any]:
    """Return the fitted normalization, ready for JSON: the scale, and each step with its numbers.

    training: gives batches (n, 3, S, S) uint8 of the training split; called once per standardize step.
    """
    fitted: dict[str, Any] = {"scale": params.scale, "steps": []}
    for step in params.steps:
        numbers = step.model_dump()
        if isinstance(step, Standardize):
            numbers |= _moments(apply(batch, fitted) for batch in training())
        fitted["steps"].append(numbers)
    return fitted


def _moments(batches: Iterable[Tensor]) -> dict[str, list[float]]:
    count, total, squares = 0, torch.zeros(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    for batch in batches:
        values = batch.double()
        count += values.numel() // 3
        total += values.sum((0, 2, 3)).cpu()
        squares += values.square().sum((0, 2, 3)).cpu()
    mean = total / count
    deviation = (squares / count - mean**2).clamp_min(0.0).sqrt()
    return {"mean": mean.tolist(), "deviation": deviation.tolist()}


def apply(images: Tensor, fitted: dict[str, Any]) -> Tensor:
    """Return (N, 3, S, S) uint8 images as normalized float32, by what `fit` returned."""
    return apply_scaled(scale(images, fitted["scale"]), fitted)


def apply_scaled(images: Tensor, fitted: dict[str, Any]) -> Tensor:
    """Like `apply`, for float32 images that are in the fitted scale already."""
    for step in fitted["steps"]:
        numbers = {key: value for key, value in step.items() if key != "step"}
        images = _APPLY[step["step"]](images, numbers)
    return images


def _standardize(images: Tensor, numbers: dict[str, Any]) -> Tensor:
    mean = torch.tensor(numbers["mean"], dtype=torch.float64).view(1, 3, 1, 1).to(images)
    deviation = torch.tensor(numbers["deviation"], dtype=torch.float64).view(1, 3, 1, 1).to(images)
    return (images - mean) / deviation.clamp_min(LEAST_DEVIATION)


_APPLY: dict[str, Callable[[Tensor, dict[str, Any]], Tensor]] = {
    "gcn": lambda images, numbers: global_contrast(images, **Gcn(step="gcn", **numbers).model_dump(exclude={"step"})),
    "lcn": lambda images, numbers: _lcn(images, Lcn(step="lcn", **numbers)),
    "standardize": _standardize,
}


def _lcn(images: Tensor, step: Lcn) -> Tensor:
    return local_contrast(images, step.window, step.sigma, step.regularizer, step.floor, joint=step.channels == "joint")


def normalize_all(
    image_ids: pl.Series, pixels: np.ndarray, kept: pl.DataFrame, params: Normalize, out: Path
) -> dict[str, Any]:
    """Fit on the kept training images, write all kept images normalized to `out`, return what was fitted.

    image_ids: the id of each row of `pixels`, (N, S, S, 3) uint8. kept: KEPT. out: .npy file
    (M, 3, S, S) float32, row i for the i-th kept row.
    Raises DataprepError when no kept image is in the training split.
    """
    rows = rows_of(image_ids, kept["image_id"])
    training = rows[(kept["split"] == params.training_split).to_numpy()]
    if len(training) == 0:
        raise DataprepError(
            f"no image that clean kept is in the training split '{params.training_split}'",
            where="params.yaml, normalize.training_split",
            remedy=f"name one of the splits: {listing(kept['split'].unique().sort())}",
        )
    fitted = fit(lambda: batches(pixels, training), params)
    side = pixels.shape[1]
    with files.replacing(out) as part:
        array = files.new_array(part, np.float32, (len(rows), 3, side, side))
        done = 0
        for batch in tqdm(batches(pixels, rows), total=-(-len(rows) // BATCH), desc="normalize", unit="batch"):
            array[done : done + len(batch)] = apply(batch, fitted).numpy()
            done += len(batch)
        array.flush()
    return fitted


def rows_of(image_ids: pl.Series, chosen: pl.Series) -> np.ndarray:
    """Return the position of each chosen id among `image_ids`, which are unique."""
    position = pl.DataFrame({"image_id": image_ids}).with_row_index("row")
    found = chosen.to_frame("image_id").join(position, on="image_id", how="left", maintain_order="left", validate="1:1")
    return found["row"].to_numpy()


def batches(pixels: np.ndarray, rows: np.ndarray) -> Iterable[Tensor]:
    """Yield (n, 3, S, S) uint8 tensors of the given rows of (N, S, S, 3) uint8 pixels."""
    for start in range(0, len(rows), BATCH):
        block = np.ascontiguousarray(pixels[rows[start : start + BATCH]])
        yield torch.from_numpy(block).permute(0, 3, 1, 2)
