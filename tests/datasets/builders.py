"""Small data sets of real image files."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

from dataprep.config import Card, Write
from dataprep.datasets.content import Content
from dataprep.datasets.writer import write_dataset
from dataprep.schema import AUGMENTED, IMAGES, KEPT, ORIGINALS, REMOVED, TENSORS

CARD = Card(name="odd | names", description="Made for tests.", license=None, url=None, creator=None, published=None)
CLASSES = ("x", "ü'", "z")
SPLITS = ("train", "te/st")
SIDE = 5
PARTNERED = replace(TENSORS, columns=TENSORS.columns | {"partner_label": pl.String, "partner_share": pl.Float32})


def params(**changes: Any) -> Write:
    usual = {"formats": ("parquet", "webdataset"), "tensors": "float32", "shard_rows": 3, "shard_mib": 1, "card": CARD}
    return Write(**(usual | changes))


def picture(seed: int, kind: str, size: tuple[int, int] = (7, 11)) -> bytes:
    """Return an image file of random pixels, height 7 and width 11, that no other seed gives."""
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


def pictures(count: int, kinds: Sequence[str] = ("PNG", "JPEG")) -> dict[str, bytes]:
    """Return files by image_id, sorted; labels and splits change from one to the next."""
    names = {f"{CLASSES[n % 3]}/{n:03d} ü.{kinds[n % len(kinds)].lower()}": n for n in range(count)}
    return {name: picture(n, kinds[n % len(kinds)]) for name, n in sorted(names.items())}


def originals(files: dict[str, bytes], batch: int = 4) -> list[pl.DataFrame]:
    """Return ORIGINALS in batches."""
    table = pl.DataFrame(
        {"image_id": list(files), "bytes": list(files.values()), "fault": None}, schema=ORIGINALS.columns
    )
    return list(table.iter_slices(batch))


def content(folder: Path, files: dict[str, bytes], removed: Sequence[str] = (), **changes: Any) -> Content:
    """Return the content of a data set of `files`, all kept but those removed as near duplicates, one copy of each.

    Arrays are random, but the same for the same number of files.
    """
    names = list(files)
    described = pl.DataFrame({"image_id": names}).with_columns(
        sha256=pl.Series([hashlib.sha256(data).hexdigest() for data in files.values()]),
        split=pl.Series([SPLITS[int(name.split("/")[1][:3]) % 2] for name in names]),
        label=pl.col("image_id").str.split("/").list.first(),
        format=pl.Series(["PNG" if data[:2] == b"\x89P" else "JPEG" for data in files.values()]),
    )
    given = described.with_columns(
        given_label=pl.col("label"), **dict.fromkeys(("reason", "decided_by", "score", "decided_at"), pl.lit(None))
    )
    kept = given.filter(~pl.col("image_id").is_in(removed)).select(list(KEPT.columns)).cast(KEPT.columns)
    gone = given.filter(pl.col("image_id").is_in(removed)).with_columns(
        reason=pl.lit("near_duplicate"), decided_by=pl.lit("policy")
    )
    copies = pl.DataFrame({"image_id": kept.filter(split="train")["image_id"]}).with_columns(copy=pl.lit(1, pl.Int32))
    own = pl.concat([AUGMENTED.empty(), copies], how="diagonal")
    random = np.random.default_rng(len(files))
    fitted = folder / "fitted.json"
    fitted.write_text('{"steps": []}\n')
    usual: dict[str, Any] = {
        "images": pl.concat([described.with_columns(bytes=1, width=11, height=7, channels=3)], how="diagonal")
        .select(list(IMAGES.columns))
        .cast(IMAGES.columns),
        "kept": kept,
        "removed": gone.select(list(REMOVED.columns)).cast(REMOVED.columns),
        "pixels": random.integers(0, 256, (len(names), SIDE, SIDE, 3), np.uint8),
        "normalized": random.normal(size=(kept.height, 3, SIDE, SIDE)).astype(np.float32),
        "augmented": random.normal(size=(own.height, 3, SIDE, SIDE)).astype(np.float32),
        "augmented_index": own,
        "normalization": fitted,
        "source": "folder",
        "parameters": {"seed": 0, "measure": {"background": 255, "max_pixels": 1_000_000}},
    }
    return Content(**(usual | changes))


def written(folder: Path, count: int = 14, write: Write | None = None, **changes: Any) -> tuple[Path, dict[str, bytes]]:
    """Write a data set of `count` images into folder/data and return where it is, and the files by image_id."""
    files = pictures(count)
    write_dataset(content(folder, files, **changes), originals(files), write or params(), folder / "data")
    return folder / "data", files


def tree(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file below the folder, by relative path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
