"""Labels that are most likely wrong: cleanlab's confident learning on out-of-fold probabilities."""

import numpy as np
import polars as pl
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.isotonic import IsotonicRegression

from dataprep.config import LabelErrors
from dataprep.detectors.rows import issue_rows
from dataprep.schema import class_names

LEAST_AGREEMENT = 0.5  # of the surest predictions with given labels, before networks are believed at all


def detect(images: pl.DataFrame, predictions: pl.DataFrame, params: LabelErrors) -> pl.DataFrame:
    """Return ISSUES of kinds label_error and small_class.

    label_error: judged are the labeled images that a fold held out, scored by cleanlab's `rank_by`
    quality (0 worst); the suggested label is the most probable class. Flagged are those that
    cleanlab's `filter_by` picks, or with `margin_count` the n of lowest log margin (given class
    against the best other), with n = sqrt(n_confident_learning * n_predicted_neq_given): confident
    learning counts too few, disagreement too many, and their geometric mean counts best. Networks
    may be too weak to be believed: an image is flagged only where `estimated_accuracy` is `trust` or more.
    small_class: labeled images in no fold because their class has too few images to be judged.
    Source: Northcutt, Jiang, Chuang, Confident learning, JAIR 2021.
    """
    classes = class_names(images)
    table = images.select("image_id", "label").join(
        predictions.select("image_id", "fold", "probabilities"), on="image_id", how="left", validate="1:1"
    )
    judged = pl.col("fold").is_not_null() & pl.col("label").is_not_null()
    scored = table.filter(judged)
    probabilities = scored["probabilities"].to_numpy().astype(np.float64)
    probabilities /= probabilities.sum(1, keepdims=True)
    position = {name: number for number, name in enumerate(classes)}
    labels = np.array([position[name] for name in scored["label"]])
    flagged, quality = _judge(labels, probabilities, params)
    top = probabilities.argmax(1)
    flagged &= top != labels  # an image whose own label is the likeliest has nothing to suggest
    flagged &= estimated_accuracy(labels, probabilities) >= params.trust
    verdicts = scored.select("image_id").with_columns(
        pl.Series("flagged", flagged),
        pl.Series("quality", quality, dtype=pl.Float32),
        pl.Series("suggested", [classes[number] for number in top], dtype=pl.String),
        pl.Series("sure", probabilities.max(1), dtype=pl.Float32),
    )
    table = table.join(verdicts, on="image_id", how="left", validate="1:1")
    small = pl.col("fold").is_null() & pl.col("label").is_not_null() & pl.col("probabilities").is_not_null()
    return pl.concat(
        [
            issue_rows(
                table,
                "label_error",
                score=pl.col("quality"),
                is_issue=pl.col("flagged"),
                suggested_label=pl.when("flagged").then("suggested"),
                note=pl.format("given {}, predicted with probability {}", "label", pl.col("sure").round(2)),
            ),
            issue_rows(
                table,
                "small_class",
                score=pl.when(small).then(0.0).otherwise(1.0),
                is_issue=small,
                note=pl.format("class {} has too few images to be judged", "label"),
            ),
        ]
    )


def _judge(labels: np.ndarray, probabilities: np.ndarray, params: LabelErrors) -> tuple[np.ndarray, np.ndarray]:
    if len(labels) == 0:
        return np.zeros(0, bool), np.zeros(0, np.float32)
    # Classes without a judged image stay out of cleanlab, which wants every class in the labels.
    present, compact = np.unique(labels, return_inverse=True)
    if len(present) == 1:
        return np.zeros(len(labels), bool), probabilities[:, present[0]]
    narrowed = probabilities[:, present]
    narrowed = narrowed / narrowed.sum(1, keepdims=True).clip(1e-12)
    if params.filter_by == "margin_count":
        flagged = _lowest_margins(compact, narrowed)
    else:
        flagged = find_label_issues(compact, narrowed, filter_by=params.filter_by, n_jobs=1)
    quality = get_label_quality_scores(compact, narrowed, method=params.rank_by)
    return np.asarray(flagged, bool), np.asarray(quality)


def estimated_accuracy(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return (N,) how often networks as sure as for each image are right, 0 to 1, estimated without the truth.

    The share of given labels that are predicted, as it rises with the top probability (isotonic
    regression), over that share among the surest tenth of the images (at least 50): where
    networks are surest they are taken to be right, so what they disagree with there is wrong labels.
    All 0 when even there fewer than half of the given labels are predicted.
    labels: (N,) class numbers. probabilities: (N, C).
    """
    if len(labels) == 0:
        return np.zeros(0)
    sure = probabilities.max(1)
    agrees = (probabilities.argmax(1) == labels).astype(np.float64)
    agreement = IsotonicRegression(y_min=0.0, y_max=1.0).fit_transform(sure, agrees)
    surest = np.argsort(-sure, kind="stable")[: max(50, len(labels) // 10)]
    best = agrees[surest].mean()
    return np.clip(agreement / best, 0.0, 1.0) if best >= LEAST_AGREEMENT else np.zeros(len(labels))


def _lowest_margins(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    counts = [
        int(find_label_issues(labels, probabilities, filter_by=rule, n_jobs=1).sum())
        for rule in ("confident_learning", "predicted_neq_given")
    ]
    rows = np.arange(len(labels))
    others = probabilities.copy()
    others[rows, labels] = 0.0
    tiny = np.finfo(np.float64).tiny
    margin = np.log(probabilities[rows, labels].clip(tiny)) - np.log(others.max(1).clip(tiny))
    flagged = np.zeros(len(labels), bool)
    flagged[np.argsort(margin, kind="stable")[: round(np.sqrt(counts[0] * counts[1]))]] = True
    return flagged
