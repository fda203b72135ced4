"""Decisions as the App shows them: the field `decision` of FiftyOne's samples mirrors the decisions file."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import polars as pl

from dataprep.decisions.table import Settled, settle
from dataprep.review.views import DECISION

SKIPPED = "skipped"
DISPUTED = "disputed"


def marks(settled: Settled, skipped: Iterable[str] = ()) -> dict[str, str]:
    """Return what the App shows of each image: keep, drop, relabel to x, disputed, or skipped."""
    agreed = settled.agreed.select("image_id", "verdict", "label").iter_rows()
    return (
        dict.fromkeys(skipped, SKIPPED)
        | {name: f"relabel to {label}" if verdict == "relabel" else verdict for name, verdict, label in agreed}
        | dict.fromkeys(settled.disputed["image_id"], DISPUTED)
    )


def show_all(dataset: Any, found: dict[str, str]) -> None:
    """Make the field of every sample what `found` says, by image_id, and empty where it says nothing."""
    collection = dataset._sample_collection
    collection.update_many({DECISION: {"$ne": None}}, {"$set": {DECISION: None}})
    _write(collection, found)


def show_some(dataset: Any, image_ids: list[str], decisions: pl.DataFrame, skipped: set[str]) -> None:
    """Bring the samples of these images up to date with DECISIONS."""
    collection = dataset._sample_collection
    fields = {"image_id": 1, "sha256": 1, "ground_truth.label": 1, "metadata": 1}
    samples = list(collection.find({"image_id": {"$in": image_ids}}, fields))
    rows = [
        {"image_id": s["image_id"], "sha256": s["sha256"], "label": (s.get("ground_truth") or {}).get("label")}
        for s in samples
    ]
    images = pl.DataFrame(rows, schema={"image_id": pl.String, "sha256": pl.String, "label": pl.String})
    unreadable = [s["image_id"] for s in samples if s.get("metadata") is None]
    mine = decisions.filter(pl.col("image_id").is_in(image_ids))
    found = marks(settle(images, unreadable, mine, dataset.default_classes, hints=0), skipped & set(image_ids))
    _write(collection, {name: found.get(name) for name in images["image_id"]})


def _write(collection: Any, found: dict[str, Any]) -> None:
    from bson import ObjectId
    from pymongo import UpdateOne

    now = datetime.now(UTC)
    changes = []
    for name, mark in found.items():
        label = {"_id": ObjectId(), "_cls": "Classification", "tags": [], "label": mark} if mark else None
        changes.append(UpdateOne({"image_id": name}, {"$set": {DECISION: label, "last_modified_at": now}}))
    if changes:
        collection.bulk_write(changes, ordered=False)
