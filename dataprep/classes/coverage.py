"""How often the networks are right when they may decline where they are not sure."""

import numpy as np
import polars as pl

from dataprep.judged import Judged
from dataprep.noise_model import LabelNoise
from dataprep.schema import COVERAGE, check

STEPS = 20


def coverage(judged: Judged, noise: LabelNoise) -> pl.DataFrame:
    """Return COVERAGE at steps of 5 % of the images, surest first; none of fewer than 2 classes.

    An image is answered for when its highest probability is at least the threshold, the lowest within the share.
    Equally sure images are answered together, so that there may be fewer rows and the first may cover more than 5 %.
    agreement: the share of answers that are the given label. estimated_accuracy: the mean over the answers of
    P(right class = answer | image, given label) under the noise model.
    Source: El-Yaniv and Wiener, On the foundations of noise-free selective classification, JMLR 2010.
    """
    if len(judged.classes) < 2:
        return pl.DataFrame(schema=COVERAGE.columns)
    count = len(judged.ids)
    answer, sure = judged.probabilities.argmax(1), judged.probabilities.max(1)
    order = np.argsort(-sure, kind="stable")
    agrees = np.cumsum((answer == judged.labels)[order])
    right = np.cumsum(noise.right[np.arange(count), answer][order])
    wanted = np.ceil(np.arange(1, STEPS + 1) * count / STEPS).astype(np.int64)
    thresholds = np.unique(sure[order][wanted - 1])[::-1]
    answered = np.searchsorted(-sure[order], -thresholds, side="right")
    frame = pl.DataFrame(
        {
            "coverage": answered / count,
            "threshold": thresholds,
            "agreement": agrees[answered - 1] / answered,
            "estimated_accuracy": np.minimum(right[answered - 1] / answered, 1.0),
        },
        schema=COVERAGE.columns,
    )
    return check(frame, COVERAGE, "coverage")
