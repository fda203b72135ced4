"""`dataprep diff` of two versions that differ in one row of a hundred, whole command, by the clock."""

import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from dataprep import files
from dataprep.datasets.content import FORMAT, version_of
from dataprep.datasets.manifest import INDEX_FILE, MANIFEST, REMOVED_FILE, Digests, sealed
from dataprep.schema import INDEX, REMOVED, class_names

CHANGED = 100  # one row of so many is removed, and as many are relabeled, moved and changed
CLASSES = 100
COMMAND = "from dataprep.cli import main; main()"


def diff_seconds(rows: int, folder: Path, repeats: int) -> float:
    """Return the median seconds of `dataprep diff old new`, from the start of the process to its end."""
    everything = index(rows)
    place = pl.int_range(rows, eager=True) % CHANGED
    tables(everything.filter(place != 0), gone(everything.filter(place == 0)), folder / "old")
    after = everything.filter(place != 1).with_columns(
        label=pl.when(place.filter(place != 1) == 2).then(pl.lit("0")).otherwise("label"),
        split=pl.when(place.filter(place != 1) == 3).then(pl.lit("test")).otherwise("split"),
        sha256=pl.when(place.filter(place != 1) == 4).then(pl.lit("f" * 64)).otherwise("sha256"),
    )
    tables(after, gone(everything.filter(place == 1)), folder / "new")
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        words = [sys.executable, "-c", COMMAND, "diff", str(folder / "old"), str(folder / "new")]
        told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        seconds.append(time.perf_counter() - start)
    expected = rows // CHANGED
    if f"removed    {expected:>9,}" not in told:
        raise SystemExit(f"the diff does not tell of {expected} removed images:\n{told}")
    return round(statistics.median(seconds), 3)


def index(rows: int) -> pl.DataFrame:
    """Return INDEX of so many images in a hundred classes."""
    numbers = np.arange(rows)
    table = pl.DataFrame({"number": numbers}).with_columns(
        image_id=pl.format("train/{}.jpg", pl.col("number").cast(pl.String).str.zfill(9)),
        sha256=pl.Series([files.sha256(str(number).encode()) for number in numbers]),
        split=pl.when(pl.col("number") % 5 == 0).then(pl.lit("test")).otherwise(pl.lit("train")),
        label=(pl.col("number") % CLASSES).cast(pl.String),
        given_label=(pl.col("number") % CLASSES).cast(pl.String),
        reason=None,
        decided_by=None,
        score=None,
        decided_at=None,
        format=pl.lit("JPEG"),
        width=32,
        height=32,
        file=pl.lit(INDEX_FILE),
        offset=0,
        bytes=1,
    )
    return table.select(list(INDEX.columns)).cast(INDEX.columns)


def gone(rows: pl.DataFrame) -> pl.DataFrame:
    """Return REMOVED of these rows."""
    why = rows.with_columns(reason=pl.lit("near_duplicate"), decided_by=pl.lit("policy"))
    return why.select(list(REMOVED.columns)).cast(REMOVED.columns)


def tables(kept: pl.DataFrame, removed: pl.DataFrame, folder: Path) -> None:
    """Write a data set of tables alone; a diff reads no shards."""
    folder.mkdir()
    kept.write_parquet(folder / INDEX_FILE)
    removed.write_parquet(folder / REMOVED_FILE)
    manifest: dict[str, Any] = {
        "version": version_of(kept, removed, {}),
        "format": FORMAT,
        "images": kept.height,
        "removed": removed.height,
        "splits": dict(kept["split"].value_counts().rows()),
        "classes": class_names(kept),
        "parameters": {},
        "tensors": "none",
    }
    with ThreadPoolExecutor(1) as pool:
        manifest["files"] = Digests(folder, pool).entries({})
    files.write_json(folder / MANIFEST, sealed(manifest))
