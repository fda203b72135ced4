"""Labels that are most likely wrong, and what the right one is."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep.config import LabelErrors
from dataprep.detectors.rows import issue_rows
from dataprep.judged import Judged, judge
from dataprep.noise_model import estimate


def detect(images: pl.DataFrame, predictions: pl.DataFrame, params: LabelErrors) -> pl.DataFrame:
    """Return ISSUES of kinds label_error and small_class.

    label_error: of the labeled images that a fold held out, by P(right class | image, given label), the posterior of
    `noise_model.estimate` on the joint logits of all networks. The suggestion is its most probable class.
    The score is the posterior of the given label (0 worst), or with `rank_by` cleanlab's quality of that name on
    the held-out probabilities. Flagged are labels that are not the suggested one, or with `filter_by` what
    cleanlab's filter of that name picks, again from the held-out probabilities; where the given
    label is the most probable one nevertheless, the next best is suggested.
    small_class: labeled images in no fold because their class has too few images to be judged.
    Raises DataprepError as `judge` does. With one class, or none, nothing is flagged.
    Sources: dataprep.noise_model; Northcutt, Jiang, Chuang, Confident learning, JAIR 2021, for cleanlab's filters.
    """
    judged = judge(images, predictions)
    verdicts = pl.DataFrame({"image_id": pl.Series(judged.ids, dtype=pl.String)} | _verdicts(judged, params))
    table = images.select("image_id", "label").join(
        predictions.select("image_id", "fold", pl.lit(True).alias("predicted")), on="image_id", how="left"
    )
    table = table.join(verdicts, on="image_id", how="left", validate="1:1")
    small = pl.col("fold").is_null() & pl.col("label").is_not_null() & pl.col("predicted").fill_null(False)
    return pl.concat(
        [
            issue_rows(
                table,
                "label_error",
                score=pl.col("score"),
                is_issue=pl.col("flagged"),
                suggested_label=pl.when("flagged").then("suggested"),
                suggested_probability=pl.when("flagged").then("probability"),
                note=pl.format(
                    "{} is right with probability {}, {} with {}",
                    "label",
                    pl.col("own").round(2),
                    "suggested",
                    pl.col("probability").round(2),
                ),
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


def _verdicts(judged: Judged, params: LabelErrors) -> dict[str, Any]:
    rows, width = np.arange(len(judged.ids)), len(judged.classes)
    if width < 2:
        nothing = np.zeros(len(rows), np.float32)
        return {
            "score": nothing + 1,
            "flagged": nothing > 0,
            "suggested": judged.classes * len(rows),
            "probability": nothing,
            "own": nothing + 1,
        }
    right = estimate(judged.joint, judged.labels).right
    flagged = _flagged(judged, right, params)
    own = right[rows, judged.labels]
    other = right.copy()
    other[rows, judged.labels] = np.where(flagged, -1.0, own)
    best = other.argmax(1)
    return {
        "score": own if params.rank_by == "posterior" else _quality(judged, params.rank_by),
        "flagged": flagged,
        "suggested": [judged.classes[number] for number in best],
        "probability": right[rows, best],
        "own": own,
    }


def _flagged(judged: Judged, right: NDArray[np.float64], params: LabelErrors) -> NDArray[np.bool_]:
    if params.filter_by == "posterior":
        return np.asarray(right.argmax(1) != judged.labels)
    from cleanlab.filter import find_label_issues  # takes two seconds to import

    found = find_label_issues(judged.labels, judged.probabilities, filter_by=params.filter_by, n_jobs=1)
    return np.asarray(found, bool)


def _quality(judged: Judged, method: str) -> NDArray[np.float64]:
    from cleanlab.rank import get_label_quality_scores  # takes two seconds to import

    return np.asarray(get_label_quality_scores(judged.labels, judged.probabilities, method=method))
