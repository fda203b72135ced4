"""Normalized pixels of all kept images, by what is fitted on those of the training split."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import polars as pl
import torch
from torch import Tensor
from tqdm import tqdm

from dataprep import files
from dataprep.config import Normalize
from dataprep.errors import DataprepError, listing
from dataprep.normalization.fitting import fit
from dataprep.normalization.modules import Normalization

BATCH = 512


@torch.no_grad()
def normalize_all(
    image_ids: pl.Series, pixels: np.ndarray, kept: pl.DataFrame, params: Normalize, out: Path
) -> Normalization:
    """Fit on the kept training images, write all kept images normalized to `out`, return what was fitted.

    image_ids: the id of each row of `pixels`, (N, S, S, 3) uint8. kept: KEPT. out: .npy file
    (M, 3, S, S) float32, row i for the i-th kept row.
    Raises DataprepError when no kept image is in the training split, or when what comes out is not finite.
    """
    rows = rows_of(image_ids, kept["image_id"])
    training = rows[(kept["split"] == params.training_split).to_numpy()]
    if len(training) == 0:
        raise DataprepError(
            f"no image that clean kept is in the training split '{params.training_split}'",
            where="params.yaml, normalize.training_split",
            remedy=f"name one of the splits: {listing(kept['split'].unique().sort())}",
        )
    side = pixels.shape[1]
    fitted = fit(lambda: batches(pixels, training), (3, side, side), params)
    with files.replacing(out) as part:
        array = files.new_array(part, np.float32, (len(rows), 3, side, side))
        done = 0
        for batch in tqdm(batches(pixels, rows), total=-(-len(rows) // BATCH), desc="normalize", unit="batch"):
            array[done : done + len(batch)] = _finite(fitted(batch), kept["image_id"][done : done + len(batch)]).numpy()
            done += len(batch)
        array.flush()
    return fitted


def _finite(images: Tensor, image_ids: pl.Series) -> Tensor:
    bad = ~torch.isfinite(images.sum((1, 2, 3)))
    if bool(bad.any()):
        raise DataprepError(
            f"normalization makes numbers that are not finite of {listing(image_ids.filter(pl.Series(bad.numpy())))}",
            where="params.yaml, normalize.steps",
            remedy="raise the floor or the regularizer of its steps",
        )
    return images


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
