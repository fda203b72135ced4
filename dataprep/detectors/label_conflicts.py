"""Copies of one picture under several labels: at most one of them is right."""

import polars as pl

from dataprep.config import LabelConflicts
from dataprep.detectors.copy_groups import differing, joined


def detect(images: pl.DataFrame, exact: pl.DataFrame, near: pl.DataFrame, params: LabelConflicts) -> pl.DataFrame:
    """Return ISSUES of kind label_conflict for every member of a group of copies with several labels.

    `exact` and `near` are the ISSUES of those detectors; near ones count when `from_near` is set.
    Score: 0 for an exact copy, else that of the near duplicate.
    """
    labeled = images.with_columns(pl.col("label").fill_null("(none)"))
    return differing(joined(labeled, exact, near if params.from_near else None), "label_conflict", "label")
