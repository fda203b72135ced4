"""A small fake data set for the report: 60 images, three classes, with names made to break documents."""

from typing import Any

import numpy as np
import polars as pl

from dataprep import config
from dataprep.report.inputs import Inputs
from dataprep.schema import (
    AUGMENTED,
    FAULTS,
    FOLDS,
    HISTORY,
    KEPT,
    PREDICTIONS,
    REMOVED,
    SKIPPED,
    class_names,
)
from tests import frames
from tests.closure import ROOT

COUNT = 60
SIDE = 8
HOSTILE = "a|b `x` *y*\n# [link](z) <img> $m$ \u202e猫 @me"
LABELS = ("cat", "_dog_", HOSTILE)


def inputs(**changes: Any) -> Inputs:
    """Return Inputs of 60 images; keyword arguments replace whole fields."""
    numbers = np.random.default_rng(0)
    ids = [f"train/{HOSTILE if i == 7 else 'x'}/{i:03d}.png" for i in range(COUNT)]
    rows = [
        {"image_id": name, "label": LABELS[i % 3], "split": "test" if i >= 48 else "train"}
        for i, name in enumerate(ids)
    ]
    images = frames.images(rows)
    ids = images["image_id"].to_list()
    measured = [{"image_id": name} | ({"unreadable": "empty | file"} if i == 0 else {}) for i, name in enumerate(ids)]
    kept = _kept(images)
    index = [(name, copy) for name in kept["image_id"][:9] for copy in (1, 2)]
    fields: dict[str, Any] = {
        "images": images,
        "skipped": pl.DataFrame([("no|te.txt", "not an image")], schema=SKIPPED.columns, orient="row"),
        "measurements": frames.measurements(measured),
        "issues": _issues(ids),
        "folds": _folds(images),
        "predictions": _predictions(images, numbers),
        "history": _history(),
        "kept": kept,
        "removed": _removed(images),
        "faults": _faults(ids),
        "pixels": numbers.integers(0, 256, (COUNT, SIDE, SIDE, 3), dtype=np.uint8),
        "normalized": numbers.standard_normal((kept.height, 3, SIDE, SIDE)).astype(np.float32),
        "augmented": numbers.standard_normal((len(index), 3, SIDE, SIDE)).astype(np.float32),
        "augmented_index": pl.DataFrame(index, schema=AUGMENTED.columns, orient="row"),
        "manifest": {
            "version": "abc123",
            "images": 55,
            "splits": {"train": 43, "test": 12},
            "shards": ["a.tar"],
        },
        "params": config.load(ROOT / "params.yaml"),
    }
    return Inputs(**(fields | changes))


def _issues(ids: list[str]) -> pl.DataFrame:
    def flagged(*rows: int, **values: Any) -> list[dict[str, Any]]:
        return [{"image_id": ids[row], "is_issue": True, "score": row / 100} | values for row in rows]

    kinds = {
        "unreadable": flagged(0, note="empty | file"),
        "exact_duplicate": flagged(1, 2, group=1),
        "near_duplicate": [*flagged(3, 4, group=1), *flagged(5, 6, 7, group=2)],
        "label_error": flagged(8, 9, suggested_label=HOSTILE),
        "outlier": flagged(10),
        "blurry": [{"image_id": ids[11], "is_issue": False}],
        "strange_color": flagged(12),
    }
    return pl.concat([frames.issues(kind, rows) for kind, rows in kinds.items()])


def _folds(images: pl.DataFrame) -> pl.DataFrame:
    rows = [
        (name, label, None if i in (0, 13) else i % 2, {0: "unreadable", 13: "class too | small"}.get(i))
        for i, (name, label) in enumerate(images["image_id", "label"].iter_rows())
    ]
    return pl.DataFrame(rows, schema=FOLDS.columns, orient="row")


def _predictions(images: pl.DataFrame, numbers: np.random.Generator) -> pl.DataFrame:
    """Rows 8 and 9 are predicted as another class than given, all other rows as given."""
    names = class_names(images)
    wanted = [names.index(label) for label in images["label"]]
    for row in (8, 9):
        wanted[row] = (wanted[row] + 1) % len(names)
    probabilities = np.full((COUNT, len(names)), 0.1, np.float32)
    probabilities[np.arange(COUNT), wanted] = 0.8
    frame = pl.DataFrame(
        {
            "image_id": images["image_id"],
            "label": images["label"],
            "fold": pl.Series([None if i in (0, 13) else i % 2 for i in range(COUNT)], dtype=pl.Int32),
            "probabilities": pl.Series(probabilities, dtype=pl.Array(pl.Float32, len(names))),
            "embedding": pl.Series(numbers.random((COUNT, 4), np.float32), dtype=pl.Array(pl.Float32, 4)),
        }
    )
    return frame[1:].select(list(PREDICTIONS.columns))


def _history() -> pl.DataFrame:
    rows = [(fold, epoch, 2.0 / (epoch + 1) + fold, 0.5 + epoch / 10) for fold in (0, 1) for epoch in range(4)]
    return pl.DataFrame(rows, schema=HISTORY.columns, orient="row")


def _kept(images: pl.DataFrame) -> pl.DataFrame:
    """All but the first five; the first kept row is relabeled by a reviewer."""
    rows = images[5:].with_columns(pl.col("label").alias("given_label"))
    first = pl.int_range(pl.len()) == 0
    return rows.with_columns(
        label=pl.when(first).then(pl.lit("new | label")).otherwise("label"),
        reason=pl.when(first).then(pl.lit("decision: relabel")),
        decided_by=pl.when(first).then(pl.lit("Ann | Bob")),
    ).select(list(KEPT.columns))


def _removed(images: pl.DataFrame) -> pl.DataFrame:
    rows = images[:5].with_columns(
        pl.col("label").alias("given_label"),
        reason=pl.lit("exact_duplicate: drop_extra"),
        decided_by=pl.lit("policy"),
    )
    return rows.select(list(REMOVED.columns))


def _faults(ids: list[str]) -> pl.DataFrame:
    rows = [
        (ids[2], "exact_copy", ids[1], None),
        (ids[20], "exact_copy", ids[21], None),
        (ids[8], "swapped_label", None, "cat"),
        (ids[0], "unreadable_file", None, None),
    ]
    return pl.DataFrame(rows, schema=FAULTS.columns, orient="row")
