"""Small tables for tests: give what matters, the rest is filled in."""

import hashlib
from typing import Any

import polars as pl

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
        "aspect_ratio": 1.0,
        "pixel_count": 64,
    }
    filled = [row if row.get("unreadable") else usual | {"pixel_sha256": digest(row["image_id"])} | row for row in rows]
    return pl.DataFrame(filled, schema=MEASUREMENTS.columns).sort("image_id")


def issues(kind: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Return ISSUES of one kind; each row needs image_id."""
    filled = [{"issue": kind, "score": 1.0, "is_issue": row.get("group") is not None} | row for row in rows]
    return pl.DataFrame(filled, schema=ISSUES.columns).sort("image_id")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
