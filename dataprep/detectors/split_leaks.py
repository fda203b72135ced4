"""Copies of one picture in several splits: what was trained on is tested on."""

import polars as pl

from dataprep.config import SplitLeaks
from dataprep.detectors.copy_groups import differing, joined


def detect(images: pl.DataFrame, exact: pl.DataFrame, near: pl.DataFrame, params: SplitLeaks) -> pl.DataFrame:
    """Return ISSUES of kind split_leak for every member of a group of copies that spans splits.

    `exact` and `near` are the ISSUES of those detectors; near ones count when `from_near` is set.
    Score: 0 for an exact copy, else that of the near duplicate.
    """
    return differing(joined(images, exact, near if params.from_near else None), "split_leak", "split")
