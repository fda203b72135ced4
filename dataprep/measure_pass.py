"""One pass over all images; what an earlier pass measured of the same bytes in the same way is taken from there."""

import hashlib
import json
import warnings
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from dataprep import decoding, files, hashes, luma, measure, pixels, plain_files, tables, texture
from dataprep.config import Measure
from dataprep.engine import map_batches
from dataprep.errors import DataprepError
from dataprep.originals import Originals
from dataprep.schema import MEASURED, MEASUREMENTS, check

BATCH_ROWS = (4, 512)
BATCH_BYTES = 2**21  # of files, thereabouts: enough to outweigh the handing over, little enough to share out evenly
AUTO_SIDES = (16, 64)  # px
BLOCK_BYTES = 2**26  # of square pixels at once
MODULES = (measure, decoding, plain_files, pixels, luma, texture, hashes)
PACKAGES = ("numpy", "opencv-python-headless", "pillow", "simplejpeg", "xxhash")


@dataclass(frozen=True)
class Results:
    """The files of a pass. `measured` goes first and comes last: without it the others are not relied on."""

    measurements: Path  # MEASUREMENTS
    pixels: Path  # .npy (N, side, side, 3) uint8, row i for the i-th image by image_id, black where it is unreadable
    measured: Path  # MEASURED


def side_for(images: pl.DataFrame, size: str | int) -> int:
    """Return the side of the square pixels: `size`, or for "auto" the median short side.

    The automatic side is rounded to a multiple of 8 and kept within 16 to 64 px.
    """
    if isinstance(size, int):
        return size
    median = images.select(pl.min_horizontal("width", "height").median()).item()
    low, high = AUTO_SIDES
    return low if median is None else int(min(max(round(median / 8) * 8, low), high))


def measure_all(
    images: pl.DataFrame, originals: Originals, params: Measure, workers: int, out: Results
) -> pl.DataFrame:
    """Write the files of `out` and return MEASUREMENTS.

    Each content (by sha256) is decoded once, and not at all where `out` has it from an earlier pass by the same method
    (`method_key`); what is written does not depend on that. Images whose bytes the source could not give are always
    tried anew.
    """
    side = side_for(images, params.size)
    key = method_key(side, params)
    before, blocks = _earlier(out, key, side)
    # Empty files share their hash, but not the reason why they are empty.
    identity = pl.when(pl.col("bytes") > 0).then("sha256").otherwise(pl.format("empty: {}", "image_id"))
    rows = images.select("image_id", "sha256", "bytes", identity=identity).with_row_index("row")
    rows = rows.join(before.select("identity", "before"), on="identity", how="left", maintain_order="left")
    fresh = rows.filter(pl.col("before").is_null()).unique("identity", keep="first", maintain_order=True)
    work = partial(measure.measure_batch, side=side, params=params)
    batches = originals.batches(batch_rows(images, side), set(fresh["image_id"]))
    places, frames = fresh["row"].to_numpy(), [MEASUREMENTS.empty()]
    with files.replacing(out.pixels) as part, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of decoders, about damaged metadata; see pixels.decode
        array = files.new_array(part, np.uint8, (images.height, side, side, 3))
        done = 0
        for frame, block in map_batches(
            work, batches, workers=workers, rows=fresh.height, description="measure", threads=True
        ):
            _check_order(frame, fresh[done : done + frame.height])
            array[places[done : done + frame.height]] = block
            done += frame.height
            frames.append(frame)
        _check_order(fresh[:0], fresh[done:])
        _copy(array, blocks, rows.drop_nulls("before").select("row", "before"))
        again = rows.filter(pl.col("before").is_null()).join(fresh.select("identity", first="row"), on="identity")
        _copy(array, array, again.filter(pl.col("row") != pl.col("first")).select("row", "first"))
        del array  # unmapped; waiting for the disk as well, as flush() does, would cost more than decoding small images
        out.measured.unlink(missing_ok=True)
    return _write_tables(rows, pl.concat(frames), before, key, out)


def _write_tables(
    rows: pl.DataFrame, found: pl.DataFrame, before: pl.DataFrame, key: str, out: Results
) -> pl.DataFrame:
    """Write MEASUREMENTS and MEASURED, and return MEASUREMENTS.

    rows: image_id, sha256, bytes and identity of every image; found: MEASUREMENTS of one image of each new identity;
    before: those of the known ones, see `_earlier`.
    """
    measured = found.join(rows.select("image_id", "identity"), on="image_id").drop("image_id")
    known = pl.concat([measured, before.drop("before").select(measured.columns)])
    table = rows.select("image_id", "identity").join(known, on="identity", how="left", validate="m:1").drop("identity")
    tables.write(table, out.measurements, MEASUREMENTS)
    # What failed for want of memory may do better next time.
    lasting = table.filter(pl.col("unreadable").ne_missing(pixels.NO_MEMORY)).select("image_id")
    contents = rows.filter(pl.col("bytes") > 0).join(lasting, on="image_id", maintain_order="left")
    stamp = {"key": pl.lit(key), "digest": pl.lit(_digest(out))}
    tables.write(contents.select("image_id", "sha256", **stamp), out.measured, MEASURED)
    return check(table, MEASUREMENTS, "measure")


def batch_rows(images: pl.DataFrame, side: int) -> int:
    """Return how many rows make a batch of about BATCH_BYTES of files and at most BLOCK_BYTES of square pixels.

    No value that is measured depends on it.
    """
    low, high = BATCH_ROWS
    rows = min(BATCH_BYTES * images.height // max(int(images["bytes"].sum()), 1), BLOCK_BYTES // (3 * side**2))
    return min(max(rows, low), high)


def method_key(side: int, params: Measure) -> str:
    """Return a SHA-256 of all that decides what is measured of given bytes.

    That is the side and the parameters, the source of MODULES, the columns of MEASUREMENTS, the versions of PACKAGES.
    """
    digest = hashlib.sha256()
    for module in MODULES:
        digest.update(Path(str(module.__file__)).read_bytes())
    settings = params.model_dump() | {"size": side}
    versions = {name: version(name) for name in PACKAGES}
    columns = {name: str(kind) for name, kind in MEASUREMENTS.columns.items()}
    digest.update(json.dumps([settings, versions, columns], sort_keys=True).encode())
    return digest.hexdigest()


def _earlier(out: Results, key: str, side: int) -> tuple[pl.DataFrame, NDArray[np.uint8]]:
    """Return MEASUREMENTS with `identity` for image_id and `before`, the row, of each content, and the pixels.

    Empty when there is no earlier pass, when it used another method, or when its files don't fit together.
    """
    blocks = np.zeros((0, side, side, 3), np.uint8)
    try:
        measured, table = tables.read(out.measured, MEASURED), tables.read(out.measurements, MEASUREMENTS)
        found = np.load(out.pixels, mmap_mode="r", allow_pickle=False)
    except (DataprepError, OSError, ValueError):
        measured, table, found = MEASURED.empty(), MEASUREMENTS.empty(), blocks
    fits = found.shape == (table.height, side, side, 3) and (measured["key"] == key).all()
    if not fits or (measured.height and (measured["digest"] != _digest(out)).any()):
        measured, table, found = MEASURED.empty(), MEASUREMENTS.empty(), blocks
    contents = measured.select("image_id", identity="sha256").unique("identity", keep="first", maintain_order=True)
    numbered = table.with_row_index("before")
    return contents.join(numbered, on="image_id", validate="1:1").drop("image_id"), found


def _digest(out: Results) -> str:
    """Return the XXH3-128 of both files: one of another run beside the other must not be taken for its own."""
    digest = xxhash.xxh3_128()
    for path in (out.measurements, out.pixels):
        with path.open("rb") as stream:
            while block := stream.read(BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()


def _check_order(found: pl.DataFrame, wanted: pl.DataFrame) -> None:
    if found["image_id"].to_list() != wanted["image_id"].to_list():
        raise DataprepError(
            "the images' bytes and the table IMAGES are not of the same run",
            where="measure",
            remedy="run `dvc repro --force --single-item ingest`, then `dvc repro`",
        )


def _copy(target: NDArray[np.uint8], source: NDArray[np.uint8], rows: pl.DataFrame) -> None:
    """Copy pixels; rows: two columns, to and from."""
    for part in rows.iter_slices(max(1, BLOCK_BYTES // target[:1].nbytes)):
        to, start = part.to_numpy().T
        target[to] = source[start]
