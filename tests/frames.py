"""Small tables for tests: give what matters, the rest is filled in."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep.schema import IMAGES, ISSUES, MEASUREMENTS


def images(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Return IMAGES; each row needs image_id."""
    usual = {
        "bytes": 100,
        "format": "PNG",
        "width": 8,
        "height": 8,
        "channels": 3,
        "label": "a",
        "split": "train",
    }
    filled = [usual | {"sha256": digest(row["image_id"])} | row for row in rows]
    return pl.DataFrame(filled, schema=IMAGES.columns).sort("image_id")


def measurements(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Return MEASUREMENTS; each row needs image_id; a row with `unreadable` has nothing else."""
    usual = {
        "perceptual_hash": 0,
        "brightness": 0.5,
        "brightness_p1": 0.1,
        "brightness_p99": 0.9,
        "contrast": 0.2,
        "sharpness": 0.5,
        "entropy": 6.0,
        "noise": 0.1,
        "background": 0.2,
        "clipped_black": 0.0,
        "clipped_white": 0.0,
        "blockiness": 0.5,
        "chroma": 0.2,
        "transparency": 0.0,
        "orientation": 1,
        "aspect_ratio": 1.0,
        "pixel_count": 64,
    }
    filled = [row if row.get("unreadable") else usual | {"pixel_hash": digest(row["image_id"])} | row for row in rows]
    return pl.DataFrame(filled, schema=MEASUREMENTS.columns).sort("image_id")


def issues(kind: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Return ISSUES of one kind; each row needs image_id."""
    filled = [{"issue": kind, "score": 1.0, "is_issue": row.get("group") is not None} | row for row in rows]
    return pl.DataFrame(filled, schema=ISSUES.columns).sort("image_id")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def predicted(
    labels: Sequence[str | int],
    probabilities: NDArray[np.floating],
    *,
    embeddings: NDArray[np.floating] | None = None,
    folds: Sequence[int | None] | None = None,
    joint: NDArray[np.floating] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return IMAGES "00000", "00001", ... and PREDICTIONS of them; by default folds 0 and 1 in turn, joint log p."""
    names = [f"{n:05d}" for n in range(len(labels))]
    vectors = np.zeros((len(names), 2)) if embeddings is None else embeddings
    if joint is None:
        with np.errstate(divide="ignore", invalid="ignore"):
            joint = np.nan_to_num(np.log(probabilities), neginf=-30.0, posinf=30.0)
    arrays = {"probabilities": probabilities, "joint_logits": joint, "embedding": vectors}
    table = pl.DataFrame(
        [
            pl.Series("image_id", names, dtype=pl.String),
            pl.Series("label", [str(label) for label in labels], dtype=pl.String),
            pl.Series("fold", [n % 2 for n in range(len(names))] if folds is None else folds, dtype=pl.Int32),
            *(
                pl.Series(name, values.astype(np.float32), pl.Array(pl.Float32, values.shape[1]))
                for name, values in arrays.items()
            ),
        ]
    )
    return images([{"image_id": i, "label": str(y)} for i, y in zip(names, labels, strict=True)]), table
