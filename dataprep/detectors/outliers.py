"""Images unlike all others of the data set: in how their pixels vary, and in that no class fits."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import rankdata

from dataprep.config import Outliers
from dataprep.detectors.picture_statistics import unusual
from dataprep.detectors.rows import issue_rows
from dataprep.errors import DataprepError
from dataprep.judged import Judged, judge

LEAST_SCORE = 1e-6  # the logarithm of a score of 0 would be infinite
LEAST_IMAGES = 50  # fewer are not judged: a tail of fewer says nothing
LEAST_OF_CLASS = 20  # a class of fewer has no median of its own

Floats = NDArray[np.float64]


def detect(images: pl.DataFrame, pixels: np.ndarray, predictions: pl.DataFrame, params: Outliers) -> pl.DataFrame:
    """Return ISSUES of kinds outlier and out_of_distribution; images in no fold are not judged.

    With `method` joined, outlier is the main ranking: the `joined` tail probability of how unusual the picture is
    (`picture_statistics.unusual`) and of how well any class fits it (`fit`). Flagged are as many of the lowest
    as keep the expected share of ordinary images among them below `false_share`, were the two independent
    (Benjamini and Hochberg, Controlling the false discovery rate, 1995). out_of_distribution is the fit v
    alone, as v / (v + 1). Both are relative to what is usual in the given class (`per_class`). Fewer than 50
    images are not judged.

    With `method` cleanlab, outlier is the mean distance to the `neighbors` nearest embeddings, fold by fold, as the
    embeddings of different networks do not compare, and out_of_distribution low probability for every
    class, adjusted for each class's usual confidence. Source: Kuan and Mueller, Back to the basics: revisiting
    out-of-distribution detection, 2022.

    All but the joined score are flagged below `threshold` times the median score, cleanlab's own rule, and more than
    `deviations` robust standard deviations below the median logarithm of the scores. The deviation is 1.4826 x the
    median distance of the scores below the median: distances are skewed, and the other side says nothing about
    this one. Source: Iglewicz and Hoaglin, How to detect and handle outliers, 1993.

    pixels: (N, S, S, 3) uint8, row i for the i-th image by image_id. Raises DataprepError as `judge` does, and
    when there are pixels of other images.
    """
    table = images.sort("image_id").select("image_id")
    if len(pixels) != table.height:
        raise DataprepError(
            f"there are pixels of {len(pixels)} images, and {table.height} images",
            where="the detector outliers",
            remedy="run `dvc repro --force measure` to make the pixels anew",
        )
    judged = judge(images, predictions)
    if params.method == "joined":
        return _joined_issues(table, judged, pixels, params)
    return _cleanlab_issues(table, judged, params)


def fit(logits: Floats) -> Floats:
    """Return (N,) float64 from 0: how far what the networks say is from `every class equally`.

    The standard deviation of the logits over the classes: with log probabilities it is the norm of the composition in
    Aitchison's geometry, over the root of the number of classes. 0 where there is one class only.
    logits: (N, C), up to a constant per row. Of all networks together, not of those that held the image out alone: what
    fits no class is not learned when it is trained on either.
    Sources: Aitchison, The statistical analysis of compositional data, 1982; Hendrycks et al., Scaling
    out-of-distribution detection for real-world settings, 2022, for logits in place of probabilities.
    """
    return np.asarray(logits, dtype=np.float64).std(axis=1)


def per_class(values: Floats, labels: NDArray[np.int64]) -> Floats:
    """Return (N,) float64 from 0: each value over the median of the images with its label, so that 1 is usual.

    A dense class has small distances and an easy class sure networks: what is odd in one is usual in another.
    Classes of fewer than 20 images, or with median 0, have the median of all; where that is 0 as well, all are 1.
    """
    usual = np.full(len(values), np.median(values) if len(values) else 0.0)
    for label in np.unique(labels):
        own = labels == label
        median = np.median(values[own])
        if own.sum() >= LEAST_OF_CLASS and median > 0:
            usual[own] = median
    return np.divide(values, usual, out=np.ones_like(values), where=usual > 0)


def upper_tail(values: Floats) -> Floats:
    """Return (N,) in (0, 1): (the number of larger values + half of the equal ones) / N; 0.5 where all are equal."""
    return np.asarray((len(values) + 0.5 - rankdata(values)) / max(len(values), 1))


def joined(first: Floats, second: Floats) -> Floats:
    """Return (N,) in (0, 1]: the probability that a product of two independent uniform numbers is below theirs.

    t (1 - log t) with t their product. Source: Fisher, Statistical methods for research workers, 1932.
    """
    product = first * second
    return np.asarray(product * (1 - np.log(product)))


def flagged(tail: Floats, false_share: float) -> NDArray[np.bool_]:
    """Return which tail probabilities are at most the largest p that meets p <= false_share x (number up to p) / N."""
    ordered = np.sort(tail)
    holds = ordered <= false_share * np.arange(1, len(tail) + 1) / max(len(tail), 1)
    return np.asarray(tail <= (ordered[holds].max() if holds.any() else -1.0))


def _joined_issues(table: pl.DataFrame, judged: Judged, pixels: np.ndarray, params: Outliers) -> pl.DataFrame:
    if len(judged.ids) < LEAST_IMAGES:
        nothing = {"score": pl.lit(1.0), "is_issue": pl.lit(False)}
        return pl.concat([issue_rows(table, kind, **nothing) for kind in ("outlier", "out_of_distribution")])
    rows = np.searchsorted(table["image_id"].to_numpy(), np.array(judged.ids, dtype=object))
    strange = upper_tail(per_class(unusual(pixels[rows]), judged.labels))
    fits = per_class(fit(judged.joint), judged.labels)
    unfit = upper_tail(-fits)
    tail = joined(strange, unfit)
    found = {
        "tail": tail,
        "strange": 100 * strange,
        "unfit": 100 * unfit,
        "fits": fits / (fits + 1),
        "flagged": flagged(tail, params.false_share),
    }
    table = _with_values(table, judged, found)
    note = pl.format(
        "pixels among the oddest {} %, fit of any class among the lowest {} %",
        pl.col("strange").round(2),
        pl.col("unfit").round(2),
    )
    return pl.concat(
        [
            issue_rows(table, "outlier", score=pl.col("tail"), is_issue=pl.col("flagged"), note=note),
            _below_median(table, "out_of_distribution", "fits", params),
        ]
    )


def _with_values(table: pl.DataFrame, judged: Judged, values: Mapping[str, NDArray[Any]]) -> pl.DataFrame:
    scored = pl.DataFrame({"image_id": pl.Series(judged.ids, dtype=pl.String), **values})
    return table.join(scored, on="image_id", how="left", validate="1:1", maintain_order="left")


def _cleanlab_issues(table: pl.DataFrame, judged: Judged, params: Outliers) -> pl.DataFrame:
    table = _with_values(table, judged, {"distance": _distance(judged, params.neighbors), "doubt": _doubt(judged)})
    return pl.concat(
        [
            _below_median(table, "outlier", "distance", params),
            _below_median(table, "out_of_distribution", "doubt", params),
        ]
    )


def _distance(judged: Judged, neighbors: int) -> Floats:
    from cleanlab.outlier import OutOfDistribution  # takes two seconds to import

    distance = np.full(len(judged.ids), np.nan)
    for fold in np.unique(judged.folds):
        rows = judged.folds == fold
        if rows.sum() > 1:
            k = min(neighbors, int(rows.sum()) - 1)
            distance[rows] = OutOfDistribution({"k": k}).fit_score(features=judged.embeddings[rows], verbose=False)
    return distance


def _doubt(judged: Judged) -> Floats:
    if len(judged.classes) < 2:
        return np.full(len(judged.ids), np.nan)  # of one class all probabilities are 1
    from cleanlab.outlier import OutOfDistribution  # takes two seconds to import

    detector = OutOfDistribution({"adjust_pred_probs": True})
    scores = detector.fit_score(pred_probs=judged.probabilities, labels=judged.labels, verbose=False)
    return np.asarray(scores, dtype=np.float64)


def _below_median(table: pl.DataFrame, kind: str, column: str, params: Outliers) -> pl.DataFrame:
    value = pl.col(column).fill_nan(None)
    logarithm = value.clip(LEAST_SCORE).log()
    below = logarithm.median() - logarithm
    deviation = 1.4826 * below.filter(below > 0).median().fill_null(0.0)
    is_issue = (value < params.threshold * value.median()) & (below > params.deviations * deviation)
    return issue_rows(
        table,
        kind,
        score=value,
        is_issue=is_issue,
        note=pl.format("score {}, median {}", value.round(3), value.median().round(3)),
    )
