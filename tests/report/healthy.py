"""A data set without any fault, and what breaks it: for tests of health and verdict."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from dataprep.report.inputs import Inputs
from dataprep.schema import CHECKS, CLASS_PAIRS, DECISIONS, ISSUES, KEPT, PREDICTIONS, class_names
from tests import frames
from tests.report.builders import inputs

COUNT = 360
NAMES = ("a", "b", "c")
SURE = 0.9999


def ids(count: int = COUNT) -> list[str]:
    return [f"{row:04d}" for row in range(count)]


@cache
def base() -> Inputs:
    return inputs()


def healthy(count: int = COUNT, names: Sequence[str] = NAMES, **changes: Any) -> Inputs:
    """Return Inputs in which all is well: a third of each class is held out, networks are right and sure."""
    images = changes.pop("images", None)
    if images is None:
        images = frames.images(
            [
                {
                    "image_id": name,
                    "label": names[row % len(names)],
                    "split": "test" if row // len(names) % 3 == 0 else "train",
                }
                for row, name in enumerate(ids(count))
            ]
        )
    fields: dict[str, Any] = {
        "images": images,
        "skipped": base().skipped[:0],
        "measurements": frames.measurements([{"image_id": name} for name in images["image_id"]]),
        "issues": pl.DataFrame(schema=ISSUES.columns),
        "folds": base().folds[:0],
        "predictions": predictions(images, images["label"].to_list()),
        "checks": checks("passes"),
        "correlations": base().correlations[:0],
        "class_pairs": pl.DataFrame(schema=CLASS_PAIRS.columns),
        "coverage": base().coverage,
        "subclasses": base().subclasses[:0],
        "kept": kept(images),
        "removed": base().removed[:0],
        "faults": None,
        "learning_curve": base().learning_curve[:0],
        "history": base().history[:0],
        "watched": base().watched[:0],
        "check_arrays": {},
        "pixels": np.zeros((images.height, 8, 8, 3), np.uint8),
        "normalized": np.zeros((images.height, 3, 8, 8), np.float32),
        "augmented_index": base().augmented_index[:0],
        "augmented": base().augmented[:0],
    }
    return replace(base(), **(fields | changes))


def predictions(images: pl.DataFrame, said: Sequence[str | None], sure: float = SURE) -> pl.DataFrame:
    """Return PREDICTIONS in five folds that say `said`, by `sure`; null: in no fold."""
    names = class_names(images)
    rest = (1 - sure) / max(1, len(names) - 1)
    rows = np.full((images.height, len(names)), rest, np.float32)
    for row, label in enumerate(said):
        rows[row, names.index(label) if label is not None else 0] = sure
    rows /= rows.sum(1, keepdims=True)
    return pl.DataFrame(
        {
            "image_id": images["image_id"],
            "label": images["label"],
            "fold": pl.Series([None if label is None else row % 5 for row, label in enumerate(said)], dtype=pl.Int32),
            "probabilities": pl.Series(rows, dtype=pl.Array(pl.Float32, len(names))),
            "joint_logits": pl.Series(np.log(rows), dtype=pl.Array(pl.Float32, len(names))),
            "embedding": pl.Series(np.zeros((images.height, 2), np.float32), dtype=pl.Array(pl.Float32, 2)),
        }
    ).select(list(PREDICTIONS.columns))


def checks(status: str) -> pl.DataFrame:
    rows = [("better_than_chance", "passes", 9.0, "z = 9", "4", ""), ("capacity", status, 1.0, "1", "1", "mend it")]
    return pl.DataFrame(rows, schema=CHECKS.columns, orient="row")


def kept(images: pl.DataFrame, without: Sequence[str] = (), labels: dict[str, str] | None = None) -> pl.DataFrame:
    """Return KEPT of all images but `without`, with new `labels` by image_id."""
    rows = images.filter(~pl.col("image_id").is_in(list(without)))
    new = pl.col("image_id").replace_strict(labels or {}, default=pl.col("label"), return_dtype=pl.String)
    empty = {name: pl.lit(None, KEPT.columns[name]) for name in ("reason", "score", "decided_by", "decided_at")}
    return rows.with_columns(given_label="label", **empty).with_columns(label=new).select(list(KEPT.columns))


def groups(kind: str, *members: Sequence[str]) -> pl.DataFrame:
    """Return ISSUES of a kind of copies: a group for each of `members`."""
    rows = [{"image_id": name, "group": number, "score": 0.0} for number, group in enumerate(members) for name in group]
    return frames.issues(kind, rows)


def flags(kind: str, *names: str) -> pl.DataFrame:
    return frames.issues(kind, [{"image_id": name, "is_issue": True, "score": 0.1} for name in names])


def decisions(*rows: tuple[str, str] | tuple[str, str, str], reviewer: str = "Ada") -> pl.DataFrame:
    """Return DECISIONS of one reviewer: image_id, verdict, and a label to relabel to."""
    filled = [
        dict.fromkeys(DECISIONS.columns)
        | dict(zip(("image_id", "verdict", "label"), row, strict=False))
        | {"reviewer": reviewer}
        for row in rows
    ]
    return pl.DataFrame(filled, schema=DECISIONS.columns)
