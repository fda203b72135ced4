"""How well the networks' probabilities keep their word: the given label is right so often as they say."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep.report import intervals

BINS = 10

SCHEMA = {
    "low": pl.Float64,  # of the bin, probability; above it, up to and with high
    "high": pl.Float64,
    "images": pl.Int64,
    "confidence": pl.Float64,  # mean top probability of its images
    "accuracy": pl.Float64,  # share of them whose given label is predicted
    "accuracy_low": pl.Float64,  # 95 % interval
    "accuracy_high": pl.Float64,
}


def bins(judged: pl.DataFrame) -> pl.DataFrame:
    """Return the bins of equal width of the top probability that hold an image, columns as in SCHEMA.

    judged: confidence (0 to 1), given and predicted, a row per image.
    Source: DeGroot and Fienberg, The comparison and evaluation of forecasters, 1983.
    """
    edges = np.linspace(0, 1, BINS + 1)
    confidence = judged["confidence"].to_numpy()
    right = (judged["given"] == judged["predicted"]).to_numpy().astype(float)
    place: NDArray[np.int64] = np.clip(np.ceil(confidence * BINS - 1e-9).astype(np.int64) - 1, 0, BINS - 1)
    rows = []
    for number in np.unique(place):
        own = place == number
        found = intervals.wilson(float(right[own].sum()), int(own.sum()))
        ends = (float(edges[number]), float(edges[number + 1]))
        rows.append((*ends, int(own.sum()), float(confidence[own].mean()), found.value, found.low, found.high))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def expected_error(found: pl.DataFrame) -> float:
    """Return the mean distance of confidence and accuracy over the images, bin by bin, 0 to 1.

    Source: Naeini, Cooper and Hauskrecht, Obtaining well calibrated probabilities using Bayesian binning, AAAI 2015.
    """
    gaps = (found["confidence"] - found["accuracy"]).abs().to_numpy()
    return float(np.average(gaps, weights=found["images"].to_numpy()))
