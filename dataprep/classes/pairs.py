"""Pairs of classes: whose labels are mixed up, which overlap, and which the networks cannot tell apart."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from dataprep.judged import Judged
from dataprep.noise_model import LabelNoise
from dataprep.schema import CLASS_PAIRS, check

Floats = NDArray[np.float64]

NEAREST = 10  # classes that each class is compared with: all pairs of 1000 classes would take hours
LEAST_IMAGES = 2  # of each class in a fold, for the spread of its ranks to be known
LEAST_USUAL = 0.5  # of the usual separation, before networks are believed to tell any classes apart
MERGE = 0.25  # of the usual separation
LEAST_OVERLAP = 0.05  # what is lost of the usual separation without anybody minding
FENCE = 1.5  # interquartile ranges above the third quartile
RISK = 0.01  # that any pair at all is named by chance


@dataclass(frozen=True)
class Separation:
    """How well pairs of classes are told apart. first, second: (P,) class numbers. value, error: (P,) float64."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    value: Floats
    error: Floats


def class_pairs(judged: Judged, noise: LabelNoise) -> pl.DataFrame:
    """Return CLASS_PAIRS, a row per ordered pair of judged classes, equal ones included; none of fewer than 2 classes.

    images: the sum of P(right | image, given) over the images of the given label. probability: P(given | right).
    overlap: 1 - separation / usual. Separation is 2 AUC - 1 of log p[a] - log p[b] between the images given a
    and b, held out, within folds (0: chance, 1: perfect); usual is its median over all pairs looked at, which are those
    of each class and the 10 it is mixed up with most. So 0 is usual, 1 not told apart at all; null: not looked at.
    merge: with a usual separation of 0.5 or more among at least three pairs, the separation's upper bound is below a
    quarter of the usual. overlapping: merge, or all of these: the overlap's lower bound is at least 0.05 and beyond
    the third quartile by 1.5 interquartile ranges, and images of either class look like the other more often than is
    the median over all ordered pairs. Bounds hold with 99 % for all pairs at once (Bonferroni).
    Sources: DeLong et al., Comparing the areas under two or more correlated ROC curves, Biometrics 1988;
    Tukey, Exploratory data analysis, 1977.
    """
    count = len(judged.classes)
    if count < 2:
        return pl.DataFrame(schema=CLASS_PAIRS.columns)
    images = np.stack([noise.right[judged.labels == given].sum(0) for given in range(count)])
    overlap, overlapping, merge = _verdicts(judged)
    given, right = (index.ravel() for index in np.indices((count, count)))
    names = np.array(judged.classes, dtype=object)
    frame = pl.DataFrame(
        {
            "given": names[given].tolist(),
            "right": names[right].tolist(),
            "images": images.ravel(),
            "probability": noise.matrix.T.ravel(),
            "overlap": pl.Series(overlap.ravel()).fill_nan(None),
            "overlapping": overlapping.ravel(),
            "merge": merge.ravel(),
        },
        schema=CLASS_PAIRS.columns,
    )
    return check(frame, CLASS_PAIRS, "class_pairs")


def _verdicts(judged: Judged) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """Return overlap (C, C), NaN where not looked at, overlapping and merge (C, C); all symmetric."""
    count = len(judged.classes)
    mixed = mixed_up(judged)
    pairs = separations(judged, mixed)
    overlap = np.full((count, count), np.nan)
    overlapping, merge = np.zeros((count, count), bool), np.zeros((count, count), bool)
    usual = float(np.median(pairs.value)) if len(pairs.value) else 0.0
    if usual <= 0:
        return overlap, overlapping, merge
    margin = norm.isf(RISK / (count * (count - 1) / 2)) * pairs.error
    one = len(pairs.value) >= 3 and usual >= LEAST_USUAL
    merged = (pairs.value + margin < MERGE * usual) & one
    score = 1 - pairs.value / usual
    low, high = np.quantile(score, (0.25, 0.75))
    limit = max(LEAST_OVERLAP, high + FENCE * (high - low))
    common = np.nanmedian(mixed)
    both = np.minimum(mixed[pairs.first, pairs.second], mixed[pairs.second, pairs.first]) > common
    overlaps = merged | ((score - margin / usual > limit) & both & one)
    for rows, columns in ((pairs.first, pairs.second), (pairs.second, pairs.first)):
        overlap[rows, columns], overlapping[rows, columns], merge[rows, columns] = score, overlaps, merged
    return overlap, overlapping, merge


def mixed_up(judged: Judged) -> Floats:
    """Return (C, C) float64: the share of the images given a that look more like b, 0 to 1; NaN on the diagonal.

    Likeness is p over the mean p of all images, so that a common class is not always the likelier one.
    """
    likeness = judged.probabilities / judged.probabilities.mean(0)
    shares = np.empty((len(judged.classes),) * 2)
    for number in range(len(shares)):
        own = likeness[judged.labels == number]
        shares[number] = (own > own[:, [number]]).mean(0)
    np.fill_diagonal(shares, np.nan)
    return shares


def separations(judged: Judged, mixed: Floats) -> Separation:
    """Return 2 AUC - 1 and its standard error of the pairs of each class and the 10 that it is most mixed up with.

    Pairs without a fold that holds two images of both are left out.
    """
    nearest = np.argsort(-(mixed + mixed.T), axis=1, kind="stable")[:, : min(NEAREST, len(mixed) - 1)]
    wanted = {(min(a, b), max(a, b)) for a, row in enumerate(nearest.tolist()) for b in row if a != b}
    logs, places = np.log(judged.probabilities), _places(judged)
    found = []
    for a, b in sorted(wanted):
        parts = [
            (logs[own, a] - logs[own, b], logs[other, a] - logs[other, b])
            for own, other in zip(places[a], places[b], strict=True)
            if min(len(own), len(other)) >= LEAST_IMAGES
        ]
        if parts:
            found.append((a, b, *_separation(parts)))
    table = np.array(found, dtype=np.float64).reshape(-1, 4)
    return Separation(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2], table[:, 3])


def _places(judged: Judged) -> list[list[NDArray[np.int64]]]:
    """Return the rows of each class in each fold."""
    folds = np.unique(judged.folds)
    owned = [np.flatnonzero(judged.labels == number) for number in range(len(judged.classes))]
    return [[rows[judged.folds[rows] == fold] for fold in folds] for rows in owned]


def _separation(parts: list[tuple[Floats, Floats]]) -> tuple[float, float]:
    """Return 2 AUC - 1 and its standard error over folds, each weighted by its number of pairs of images."""
    weights = np.array([len(own) * len(other) for own, other in parts], np.float64)
    weights /= weights.sum()
    area, variance = 0.0, 0.0
    for weight, (own, other) in zip(weights, parts, strict=True):
        n, m = len(own), len(other)
        ranks = rankdata(np.concatenate([own, other]))
        above = (ranks[:n] - rankdata(own)) / m
        below = 1 - (ranks[n:] - rankdata(other)) / n
        # A pair that is told apart without a fault has no spread; one image more could still be a fault.
        least = 1 / (4 * min(n, m) ** 2)
        area += weight * float(above.mean())
        variance += weight**2 * max(float(above.var(ddof=1) / n + below.var(ddof=1) / m), least)
    return 2 * area - 1, 2 * float(np.sqrt(variance))
