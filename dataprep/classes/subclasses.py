"""Classes that are really two: their embeddings fall into groups with a valley between them, in every fold."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.stats import binom
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from dataprep.judged import Judged
from dataprep.noise_model import LabelNoise
from dataprep.schema import SUBCLASSES, check

Floats = NDArray[np.float64]

LEAST_IMAGES = 40  # of a class in a fold: a half must show two groups
DIMENSIONS = 8
IMAGES_PER_DIMENSION = 20
STARTS = 4
ROUNDS = 50
WINDOW = 1 / 6  # half the width of a window, in distances between the groups' centers
DEEPEST = 0.75  # images in the valley over those at the lower peak
RISK = 0.01  # that any class at all is split by chance
LEAST_LIKENESS = 0.5  # cosine, of what tells the groups apart in a fold and in all others
EXAMPLES = 8


@dataclass(frozen=True)
class Split:
    """A class in one fold. rows: (n,) of `Judged`. side: (n,) bool. far: (n,) float64, 0 for the most typical.

    counts: (3,) int64, images at the lower peak, in the valley and at the higher peak, as `valley` counts them.
    contrast: (C,) float64, mean log probability of the one side minus that of the other.
    """

    rows: NDArray[np.int64]
    side: NDArray[np.bool_]
    far: Floats
    counts: NDArray[np.int64]
    contrast: Floats


# Sums in one order, whatever the number of cores, and no BLAS threads that wait for each other beside busy processes.
@threadpool_limits.wrap(limits=1)
def subclasses(judged: Judged, noise: LabelNoise, seed: int) -> pl.DataFrame:
    """Return SUBCLASSES, two rows for each class that falls into two groups.

    Looked at are the images of a class whose given label is also the most probable right one, fold by fold, as
    embeddings of different networks do not compare. Each half of them, drawn by `seed`, is split by 2-means in its
    leading principal components (at most 8), and the other half is projected on the line through the two centers. Of
    three windows of equal width, at both centers and midway, a density with one peak has at least as many images
    in the middle as in the emptier of the others, whatever its shape. A class is split when
    the middle is emptier in each fold, has at most 3/4 of the images over all folds, and that many with a
    chance of at most 1 % / number of classes under the binomial law of equal windows; and when the groups differ
    alike in all folds: in mean log probabilities, with a cosine of at least 0.5 to the other folds' sum. Fewer than 40
    images in a fold are not looked at, nor a class that is left with one of several folds.
    separation: 1 - images in the middle / images in the emptier of the others.
    """
    logs, likeliest = np.log(judged.probabilities), noise.right.argmax(1) if len(judged.classes) else judged.labels
    found = [row for number in range(len(judged.classes)) for row in _class_rows(judged, logs, likeliest, number, seed)]
    return check(pl.DataFrame(found, schema=SUBCLASSES.columns, orient="row"), SUBCLASSES, "subclasses")


def _class_rows(
    judged: Judged, logs: Floats, likeliest: NDArray[np.int64], number: int, seed: int
) -> Iterator[tuple[str, int, int, float, float, list[str]]]:
    splits = list(_splits(judged, logs, likeliest, number, seed))
    folds = len(np.unique(judged.folds))
    if len(splits) < min(2, folds) or not splits:
        return
    total = np.sum([split.counts for split in splits], axis=0)
    valley = all(split.counts[1] < split.counts[0] for split in splits) and total[1] <= DEEPEST * total[0]
    if not valley or binom.cdf(total[1], total[0] + total[1], 0.5) > RISK / len(judged.classes):
        return
    turned = _aligned(splits)
    if turned is None:
        return
    rows = np.concatenate([split.rows for split in splits])
    far = np.concatenate([split.far for split in splits])
    side = np.concatenate([split.side ^ turn for split, turn in zip(splits, turned, strict=True)])
    if 2 * side.sum() > len(side):
        side = ~side
    for group in (0, 1):
        own = np.flatnonzero(side == group)
        nearest = own[np.argsort(far[own], kind="stable")][:EXAMPLES]
        names = [judged.ids[row] for row in rows[nearest]]
        share = len(own) / len(side)
        yield judged.classes[number], group, len(own), share, 1 - float(total[1] / total[0]), names


def _splits(judged: Judged, logs: Floats, likeliest: NDArray[np.int64], number: int, seed: int) -> Iterator[Split]:
    """Yield the class's split in each fold that holds enough of its images."""
    member = (judged.labels == number) & (likeliest == number)
    for fold in np.unique(judged.folds):
        rows = np.flatnonzero(member & (judged.folds == fold))
        if len(rows) < LEAST_IMAGES:
            continue
        points = judged.embeddings[rows].astype(np.float64)
        random = np.random.default_rng((seed, number, int(fold)))
        counts, centers = valley(points, random), two_centers(points)
        if counts is None or centers is None:
            continue
        distance = ((points[:, None] - centers) ** 2).sum(2)
        side = distance[:, 1] < distance[:, 0]
        far = np.sqrt(distance.min(1) / ((centers[1] - centers[0]) ** 2).sum())
        contrast = logs[rows[side]].mean(0) - logs[rows[~side]].mean(0)
        yield Split(rows, side, far, counts, contrast)


def valley(points: Floats, random: np.random.Generator) -> NDArray[np.int64] | None:
    """Return (3,) int64: images at the lower peak, in the valley, at the higher peak; None when all points are equal.

    points: (n, D) float64. Each half is counted between the centers of the other half.
    """
    order = random.permutation(len(points))
    halves = order[: len(order) // 2], order[len(order) // 2 :]
    counts = np.zeros(3, np.int64)
    for drawn, counted in (halves, halves[::-1]):
        centers = two_centers(points[drawn])
        if centers is None:
            return None
        line = centers[1] - centers[0]
        place = (points[counted] - centers[0]) @ line / (line @ line)
        low, middle, high = (int((np.abs(place - at) < WINDOW).sum()) for at in (0.0, 0.5, 1.0))
        counts += np.array([min(low, high), middle, max(low, high)])
    return counts


def two_centers(points: Floats) -> Floats | None:
    """Return (2, D) float64, the centers of 2-means in the leading principal components; None for equal points.

    points: (n, D) float64. One principal component per 20 points, 1 to 8 of them. 2-means starts from the halves
    on either side of the median of each of the first four; the least sum of squares counts.
    """
    mean = points.mean(0)
    axes = _axes(points - mean, min(DIMENSIONS, max(1, len(points) // IMAGES_PER_DIMENSION)))
    if axes is None:
        return None
    reduced = (points - mean) @ axes
    found = [_two_means(reduced, column) for column in reduced.T[:STARTS]]
    best = min((pair for pair in found if pair is not None), key=lambda pair: pair[0], default=None)
    return None if best is None else best[1] @ axes.T + mean


def _axes(centered: Floats, count: int) -> Floats | None:
    """Return (D, k) float64, the leading principal axes with any variance, k at most `count`; None without any."""
    wide = centered.shape[1] > len(centered)
    products = centered @ centered.T if wide else centered.T @ centered
    size = len(products)
    values, vectors = eigh(products, subset_by_index=(max(0, size - count), size - 1))
    kept = values > 1e-12 * max(np.trace(products), np.finfo(np.float64).tiny)
    if not kept.any():
        return None
    values, vectors = values[kept][::-1], vectors[:, kept][:, ::-1]
    return np.asarray(centered.T @ vectors / np.sqrt(values) if wide else vectors)


def _two_means(points: Floats, first: Floats) -> tuple[float, Floats] | None:
    side = first > np.median(first)
    for _ in range(ROUNDS):
        if side.all() or not side.any():
            return None
        centers = np.stack([points[~side].mean(0), points[side].mean(0)])
        distance = ((points[:, None] - centers) ** 2).sum(2)
        moved = distance[:, 1] < distance[:, 0]
        if (moved == side).all():
            break
        side = moved
    return float(distance.min(1).sum()), centers


def _aligned(splits: list[Split]) -> list[bool] | None:
    """Return for each split whether its sides are to be swapped to match the others'; None when they do not match.

    With one class there is nothing to match by but size: the larger side is the same one.
    """
    contrasts = np.stack([split.contrast for split in splits])
    if contrasts.shape[1] == 1:
        return [bool(2 * split.side.sum() > len(split.side)) for split in splits]
    turned = np.zeros(len(splits), bool)
    for number in range(1, len(splits)):
        turned[number] = contrasts[number] @ contrasts[:number].sum(0) < 0
        contrasts[number] *= 1 - 2 * turned[number]
    for own in contrasts:
        others = contrasts.sum(0) - own
        length = float(np.linalg.norm(own) * np.linalg.norm(others))
        if len(splits) > 1 and own @ others < LEAST_LIKENESS * length:
            return None
    return turned.tolist()
