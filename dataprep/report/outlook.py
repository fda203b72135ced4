"""From the learning curve: accuracy now, and with more data."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from dataprep.power_law import Point, PowerLaw, fit
from dataprep.report.inputs import Inputs
from dataprep.schema import class_names

FACTORS = (2, 10)  # so many times the data


@dataclass(frozen=True)
class Outlook:
    """What the trainings on parts of the data say of all classes, or of one.

    images: of the largest training set. accuracy: share predicted right after training on it, over all repeats.
    law: the fitted curve; None when all training sets have one size. points: one per training.
    """

    images: int
    accuracy: float
    law: PowerLaw | None
    points: tuple[Point, ...]

    def expected(self, factor: float) -> tuple[float, float, float] | None:
        """Return the accuracy with `factor` times the data and both ends of its 90 % interval; None without a law."""
        if self.law is None:
            return None
        images = np.array([factor * self.images])
        low, high = self.law.interval(images)
        return 1 - float(self.law.error(images)[0]), 1 - float(high[0]), 1 - float(low[0])


def outlook(inputs: Inputs, label: str | None = None) -> Outlook | None:
    """Return the outlook for a class, or for all of them; None without a training that judged it."""
    rows = inputs.learning_curve.filter(pl.col("label").eq_missing(pl.lit(label, pl.String)))
    if not rows.height:
        return None
    points = tuple(
        Point(row["images"], row["judged"], round(row["judged"] * (1 - row["accuracy"])))
        for row in rows.iter_rows(named=True)
    )
    largest = max(point.images for point in points)
    judged = sum(point.judged for point in points if point.images == largest)
    wrong = sum(point.wrong for point in points if point.images == largest)
    chance = 1 - 1 / max(2, len(class_names(inputs.images)))
    return Outlook(largest, 1 - wrong / judged, fit(points, chance), points)


def class_accuracies(inputs: Inputs) -> pl.DataFrame:
    """Return label and accuracy (after training on all images, over all repeats) of each judged class, worst first."""
    rows = inputs.learning_curve.filter(pl.col("label").is_not_null() & (pl.col("images") == pl.col("images").max()))
    right = (pl.col("judged") * pl.col("accuracy")).sum()
    pooled = rows.group_by("label").agg((right / pl.col("judged").sum()).alias("accuracy"))
    return pooled.sort("accuracy", "label")
