"""Pixels ready for training, as plain .npy arrays: one seek reads an image, and the system's page cache is the buffer.

Arrays rather than Parquet: pages of a Parquet file have headers in between and must be copied together; an .npy file
is mapped into memory as it lies, by numpy, torch and whatever else there is.
"""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import DTypeLike, NDArray
from tqdm import tqdm

from dataprep import files
from dataprep.config import Write
from dataprep.datasets.content import Content
from dataprep.datasets.image_shards import MIB, file_name
from dataprep.errors import DataprepError
from dataprep.schema import TENSORS, check

FOLDER = "tensors"
CHUNK = 512  # images copied at once


def write_tensors(content: Content, params: Write, folder: Path) -> pl.DataFrame:
    """Write tensors/<split>-00000.npy, (n, 3, S, S) of `params.tensors`, and return TENSORS.

    Rows are in order of image_id and copy; a shard holds at most shard_rows images and shard_mib MiB, one at least.
    uint8: the measured pixels as they are, which the exported program normalizes.
    Raises DataprepError for a value that float16 cannot hold.
    """
    (folder / FOLDER).mkdir()
    dtype = np.dtype(params.tensors)
    side = content.pixels.shape[1]
    rows = min(params.shard_rows, max(1, params.shard_mib * MIB // (3 * side * side * dtype.itemsize)))
    order = _order(content, dtype == np.uint8)
    bar = tqdm(total=order.height, desc="tensors", unit="image")
    done = []
    for (split,), part in order.group_by("split", maintain_order=True):
        for number, shard in enumerate(part.iter_slices(rows)):
            file = f"{FOLDER}/{file_name(str(split))}-{number:05d}.npy"
            array = files.new_array(folder / file, dtype, (shard.height, 3, side, side))
            for start in range(0, shard.height, CHUNK):
                block = _pixels(content, shard[start : start + CHUNK], dtype)
                array[start : start + len(block)] = block
                bar.update(len(block))
            array.flush()
            places = pl.int_range(shard.height, dtype=pl.Int64, eager=True).alias("row")
            done.append(shard.drop("source").with_columns(places, file=pl.lit(file)))
    bar.close()
    return check(pl.concat(done), TENSORS, FOLDER)


def _order(content: Content, as_measured: bool) -> pl.DataFrame:
    """Return TENSORS without file and row, and `source`: the row of the image in its array."""
    kept = content.kept.select("image_id", "split", "label")
    measured = content.images if as_measured else kept
    places = measured.select("image_id").with_row_index("source")
    own = kept.join(places, on="image_id", validate="1:1").with_columns(copy=pl.lit(0, pl.Int32))
    copies = content.augmented_index.with_row_index("source").join(kept, on="image_id", validate="m:1")
    return pl.concat([own, copies], how="diagonal").sort("image_id", "copy")


def _pixels(content: Content, rows: pl.DataFrame, dtype: np.dtype) -> NDArray:
    source = rows["source"].to_numpy()
    if dtype == np.uint8:
        return content.pixels[source].transpose(0, 3, 1, 2)
    own = (rows["copy"] == 0).to_numpy()
    pixels = np.empty((rows.height, *content.normalized.shape[1:]), np.float32)
    pixels[own] = content.normalized[source[own]]
    pixels[~own] = content.augmented[source[~own]]
    return _narrowed(pixels, dtype)


def _narrowed(pixels: NDArray[np.float32], dtype: DTypeLike) -> NDArray:
    with np.errstate(over="ignore"):
        narrow = pixels.astype(dtype, copy=False)
    if np.isfinite(narrow).all() or not np.isfinite(pixels).all():
        return narrow
    raise DataprepError(
        f"a normalized value, {np.abs(pixels).max():.3g}, is too large for {np.dtype(dtype)}",
        where="params.yaml, write.tensors",
        remedy="choose tensors: float32, or a normalization with a larger floor",
    )
