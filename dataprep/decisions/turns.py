"""The order in which a reviewer's time is spent best, random enough to tell what is left.

Successive sampling with unequal probabilities (Rosen 1997; Efraimidis and Spirakis 2006): image i gets the turn
E_i / w_i, where E_i is exponential with mean 1, and the images are looked at by rising turn. Probable faults come
early, and because chance has a part, whoever has gone as far as turn t has seen image i with the known probability
1 - exp(-w_i t). `remaining` estimates from that what is left, however good or bad the weights are.
"""

import numpy as np
import polars as pl

from dataprep import files
from dataprep.schema import TURNS, check

COPIES = ("exact_duplicate", "near_duplicate", "split_leak")  # nothing is wrong with the image itself
LABELS = "label_error"
LEAST = 0.25  # of the mean weight: what no detector doubts is looked at as well, or nobody knew what they miss


def turns(images: pl.DataFrame, measurements: pl.DataFrame, issues: pl.DataFrame) -> pl.DataFrame:
    """Return TURNS: a row per readable image that has a label.

    weight: the probability that something is wrong with the image, as far as the detectors tell: the larger of
    1 - score of `label_error`, 1 where no label was judged, and 1 - score of each kind that flags it other than
    copies; and never less than LEAST of their mean, so that images without a finding have a fifth of the first turns.
    The turn's chance comes from image_id alone: more images change nobody's, apart from the mean.
    images: IMAGES. measurements: MEASUREMENTS. issues: ISSUES of all detectors.
    """
    unreadable = measurements.filter(pl.col("unreadable").is_not_null()).select("image_id")
    rows = images.drop_nulls("label").select("image_id", "sha256", "label").join(unreadable, on="image_id", how="anti")
    judged = issues.filter(pl.col("issue") == LABELS).select("image_id", own=1 - pl.col("score").cast(pl.Float64))
    content = pl.col("is_issue") & ~pl.col("issue").is_in([*COPIES, LABELS])
    worst = 1 - pl.col("score").cast(pl.Float64).min()
    flagged = issues.filter(content).group_by("image_id").agg(flagged=worst)
    copies = issues.filter(pl.col("is_issue") & pl.col("issue").is_in(COPIES)).select("image_id").unique()
    rows = rows.join(judged, on="image_id", how="left", validate="1:1")
    rows = rows.join(flagged, on="image_id", how="left", validate="1:1").sort("image_id")
    wrong = pl.max_horizontal(pl.col("own").fill_null(1.0), pl.col("flagged").fill_null(0.0)).clip(0.0, 1.0)
    mean = pl.col("weight").mean()
    floored = pl.when(mean > 0).then(pl.max_horizontal("weight", LEAST * mean)).otherwise(1.0)
    rows = rows.with_columns(weight=wrong).with_columns(weight=floored)
    table = rows.select(
        "image_id",
        "sha256",
        "label",
        "weight",
        turn=pl.Series(_exponential(rows["image_id"].to_list()), dtype=pl.Float64) / pl.col("weight"),
        copy=pl.col("image_id").is_in(copies["image_id"].implode()),
    )
    return check(table, TURNS, "turns")


def ranks(table: pl.DataFrame) -> pl.DataFrame:
    """Return image_id and `review_order`, 0 for the first to be looked at. table: TURNS."""
    return table.sort("turn", "image_id").select("image_id").with_row_index("review_order").select(pl.all().reverse())


def _exponential(names: list[str]) -> np.ndarray:
    numbers = [int(files.sha256(f"turn:{name}".encode())[:13], 16) for name in names]
    return -np.log1p(-(np.array(numbers, np.float64) + 0.5) / 16**13)
