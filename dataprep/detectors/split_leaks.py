"""Copies of one picture in several splits: what was trained on is tested on."""

import polars as pl

from dataprep.config import SplitLeaks
from dataprep.detectors.copy_groups import differing, joined


def detect(
    images: pl.DataFrame, exact: pl.DataFrame, near: pl.DataFrame, training_split: str, params: SplitLeaks
) -> pl.DataFrame:
    """Return ISSUES of kind split_leak for every member of a group of copies that spans splits.

    `exact` and `near` are the ISSUES of those detectors; near ones count when `from_near` is set.
    Score: 0 for an exact copy, else that of the near duplicate. The note says which side to drop: the training
    images, as without them the held-out ones are held out again.
    """
    trains = pl.col("split") == training_split
    side = (
        pl.when(~trains.any().over("mixed"))
        .then(pl.lit("none of them is trained on"))
        .when(trains)
        .then(pl.lit("drop this one, from the training side"))
        .otherwise(pl.lit("keep this one, drop the training side"))
    )
    return differing(joined(images, exact, near if params.from_near else None), "split_leak", "split", side)
