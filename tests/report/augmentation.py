"""Fake audits of the augmentation, and copies that were left out."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from dataprep.augmentation.verdicts import with_beginnings
from dataprep.schema import AUGMENTATION_AUDIT, AUGMENTED_LEFT_OUT, check

# operation, value, step, in use
TRIED = (
    ("as_configured", None, 0, True),
    ("horizontal_flip", 1.0, 1, False),
    ("rotation", -10.0, -1, True),
    ("rotation", 10.0, 1, True),
    ("rotation", 180.0, 2, False),
    ("crop", 0.5, -1, False),
    ("hue", 20.0, 1, False),
)
Changes = dict[tuple[str, float | None, str], str | None]


def audit(labels: Sequence[str], ids: Sequence[str], changes: Changes) -> pl.DataFrame:
    """Return AUGMENTATION_AUDIT of 24 images per class.

    changes: by operation, value and class, the other class that it becomes, or None where it is not recognized. Each
    has an example, which are the images of `ids` in turn.
    """
    rows: list[dict[str, Any]] = []
    for operation, value, step, used in TRIED:
        for label in labels:
            key = (operation, value, label)
            into = changes.get(key)
            after = 0.05 if key in changes else 0.94
            row: dict[str, Any] = {"operation": operation, "value": value, "label": label, "step": step, "in_use": used}
            row |= {"images": 24, "before": 0.95, "after": after, "loss": 0.95 - after, "loss_low": 0.9 - after}
            row |= {"changes": key in changes, "another": into is not None, "becomes": into or labels[0], "gain": 0.5}
            if key in changes:
                row |= {"example": ids[len(rows) % len(ids)], "example_before": 0.98, "example_after": 0.03}
                row |= {"example_becomes": row["becomes"]}
            rows.append(row)
    columns = {name: dtype for name, dtype in AUGMENTATION_AUDIT.columns.items() if name != "begins_at"}
    return check(with_beginnings(pl.DataFrame(rows, schema=columns)), AUGMENTATION_AUDIT, "test")


def left_out(ids: Sequence[str], nearest: Sequence[str]) -> pl.DataFrame:
    """Return AUGMENTED_LEFT_OUT: the second copy of each of `ids`, ever nearer to the image in `nearest`."""
    rows = [
        (name, 2, "near copy of a held-out image", other, 0.6 + number / 100)
        for number, (name, other) in enumerate(zip(ids, nearest, strict=True))
    ]
    return pl.DataFrame(rows, schema=AUGMENTED_LEFT_OUT.columns, orient="row")
