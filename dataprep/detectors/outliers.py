"""Images unlike all others of the data set: cleanlab's k-NN distance and out-of-distribution score."""

import numpy as np
import polars as pl
from cleanlab.outlier import OutOfDistribution

from dataprep.config import Outliers
from dataprep.detectors.rows import issue_rows
from dataprep.schema import class_names

LEAST_SCORE = 1e-6  # the logarithm of a score of 0 would be infinite


def detect(images: pl.DataFrame, predictions: pl.DataFrame, params: Outliers) -> pl.DataFrame:
    """Return ISSUES of kinds outlier and out_of_distribution.

    outlier: mean distance to the `neighbors` nearest embeddings, as cleanlab scores it; fold by fold,
    as the embeddings of different networks do not compare. Images in no fold are not judged.
    out_of_distribution: low probability for every class, adjusted for each class's usual confidence.
    Flagged: below `threshold` times the median score, cleanlab's own rule, and more than `deviations`
    robust standard deviations below the median logarithm of the scores, so that a data set whose scores
    spread widely does not fill the queue. The deviation is 1.4826 x the median distance of the scores below
    the median: distances are skewed, and the other side says nothing about this one.
    Sources: Kuan and Mueller, Back to the basics: revisiting out-of-distribution detection, 2022;
    Iglewicz and Hoaglin, How to detect and handle outliers, 1993.
    """
    table = images.select("image_id", "label").join(
        predictions.drop("label"), on="image_id", how="left", validate="1:1"
    )
    held_out = table.filter(pl.col("fold").is_not_null())
    classes = {name: number for number, name in enumerate(class_names(images))}
    distance = np.full(held_out.height, np.nan)
    folds = held_out["fold"].to_numpy()
    embeddings = held_out["embedding"].to_numpy()
    for fold in np.unique(folds):
        rows = folds == fold
        if rows.sum() > 1:
            k = min(params.neighbors, int(rows.sum()) - 1)
            distance[rows] = OutOfDistribution({"k": k}).fit_score(features=embeddings[rows], verbose=False)
    scored = held_out.select("image_id").with_columns(
        pl.Series("distance", distance).fill_nan(None), pl.Series("doubt", _doubt(held_out, classes))
    )
    table = table.join(scored, on="image_id", how="left", validate="1:1")
    return pl.concat(
        [
            _below_median(table, "outlier", "distance", params),
            _below_median(table, "out_of_distribution", "doubt", params),
        ]
    )


def _doubt(held_out: pl.DataFrame, classes: dict[str, int]) -> np.ndarray:
    probabilities = held_out["probabilities"].to_numpy().astype(np.float64)
    if len(probabilities) == 0:
        return np.zeros(0)
    probabilities = probabilities / probabilities.sum(1, keepdims=True)
    labels = np.array([classes[name] for name in held_out["label"]])
    adjustable = len(np.unique(labels)) == len(classes)
    detector = OutOfDistribution({"adjust_pred_probs": adjustable})
    scores = detector.fit_score(pred_probs=probabilities, labels=labels if adjustable else None, verbose=False)
    return np.asarray(scores, dtype=np.float64)


def _below_median(table: pl.DataFrame, kind: str, column: str, params: Outliers) -> pl.DataFrame:
    logarithm = pl.col(column).clip(LEAST_SCORE).log()
    below = logarithm.median() - logarithm
    deviation = 1.4826 * below.filter(below > 0).median().fill_null(0.0)
    is_issue = (pl.col(column) < params.threshold * pl.col(column).median()) & (below > params.deviations * deviation)
    return issue_rows(
        table,
        kind,
        score=pl.col(column),
        is_issue=is_issue,
        note=pl.format("score {}, median {}", pl.col(column).round(3), pl.col(column).median().round(3)),
    )
