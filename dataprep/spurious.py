"""Properties that give the label away: how well classes can be told by format, size, brightness or border alone."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import rankdata

from dataprep.config import Correlations
from dataprep.properties import Property, properties
from dataprep.schema import SPURIOUS_CORRELATIONS, check, class_names

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_IMAGES = 10  # of a class: two per fold
FOLDS = 5
BINS_PER_CLASS = 4  # so that values that one class alone has get a bin
FINEST, COARSEST = 512, 4  # bins; fewer than 4 are not made from numbers
IMAGES_PER_BIN = 5  # at least, on average
LEVEL = 0.99  # of sets with labels at random reach no more


@dataclass(frozen=True)
class Binned:
    """Values in bins. bins: (n,) int64. count: how many bins. steps: so many neighbors are joined, one after another."""

    bins: Integers
    count: int
    steps: tuple[int, ...]


@dataclass(frozen=True)
class Told:
    """How well labels are told. every: strength over all classes. each: (K,) float64, strength class against rest."""

    every: float
    each: Floats


def judged_rows(images: pl.DataFrame, measurements: pl.DataFrame) -> Integers:
    """Return the rows of the images that count: readable, labeled, of a class with at least 10 of them.

    Of exact copies with the same label the first counts: copies would answer for each other.
    """
    known = images.with_row_index("row").join(measurements, on="image_id", maintain_order="left")
    known = known.filter(pl.col("unreadable").is_null() & pl.col("label").is_not_null())
    known = known.unique(["pixel_sha256", "label"], keep="first", maintain_order=True)
    return known.filter(pl.len().over("label") >= LEAST_IMAGES)["row"].to_numpy().astype(np.int64)


def spurious_correlations(
    images: pl.DataFrame, measurements: pl.DataFrame, pixels: NDArray[np.uint8], params: Correlations, seed: int
) -> pl.DataFrame:
    """Return SPURIOUS_CORRELATIONS of the images in `judged_rows`; no row when they are of fewer than 2 classes.

    A property's values are put into bins of equal counts, equal values together (mid-ranks); categories are bins. In
    each of 5 stratified folds a bin's answer comes from the other folds: for one class against the rest whether the
    bin holds the larger share of the class or of the rest; for all classes the class of which it holds the largest
    share. strength = (balanced accuracy - chance) / (1 - chance), at least 0, with chance 1/2, or 1 / number of
    classes: for one class an estimate of the total variation distance between its values and the others'. The best of
    several widths of bins counts, of 4 to 4 times as many bins as classes.
    chance: what 99 % of sets with labels at random do not reach with any property (or class, in units of the standard
    deviation sqrt(1/n + 1/(N - n))), by a Gumbel distribution fitted to the highest strengths of
    `params.permutations` permutations.
    spurious: strength above chance and at least `params.file` for kind file, else `params.picture`. A file property
    has little to do with what is shown; light, color and background may belong to the class (polar bears are white).
    Nobody but a person can tell: the rule says what deserves a look.
    """
    rows = judged_rows(images, measurements)
    labels = images["label"].gather(rows)
    names = [name for name in class_names(images) if name in set(labels)]
    if len(names) < 2:
        return pl.DataFrame(schema=SPURIOUS_CORRELATIONS.columns)
    number = {name: place for place, name in enumerate(names)}
    given = np.array([number[label] for label in labels], np.int64)
    found = properties(images, measurements, pixels, rows)
    binned = [binned_values(item, len(names)) for item in found]
    random = np.random.default_rng(seed)
    folds = stratified(given, random)
    told = [strengths(item, given, folds, len(names)) for item in binned]
    every, each = chance(binned, given, folds, len(names), params.permutations, random)
    made = [
        row
        for item, scored in zip(found, told, strict=True)
        for row in _rows(item, scored, given, names, every, each, params)
    ]
    frame = pl.DataFrame(made, schema=SPURIOUS_CORRELATIONS.columns, orient="row")
    return check(frame, SPURIOUS_CORRELATIONS, "spurious")


def binned_values(item: Property, classes: int) -> Binned:
    """Return the property's values in bins of equal counts: the mid-rank of equal values says which, NaN is last."""
    _, place, counts = np.unique(item.values, return_inverse=True, return_counts=True)
    if item.categories:
        return Binned(place.astype(np.int64), len(counts), (1,))
    finest, most = COARSEST, min(FINEST, len(item.values) // IMAGES_PER_BIN)
    while finest < BINS_PER_CLASS * max(classes, COARSEST) and 2 * finest <= most:
        finest *= 2
    middle = (np.cumsum(counts) - counts / 2) / len(item.values)
    steps = tuple(4**power for power in range(5) if finest // 4**power >= COARSEST)
    return Binned((middle * finest).astype(np.int64)[place], finest, steps)


def stratified(given: Integers, random: np.random.Generator) -> Integers:
    """Return (n,) int64 folds, drawn by chance, that each have the same number of every class, or one more."""
    order = random.permutation(len(given))
    order = order[np.argsort(given[order], kind="stable")]
    folds = np.empty(len(given), np.int64)
    folds[order] = np.arange(len(given)) % FOLDS
    return folds


def strengths(binned: Binned, given: Integers, folds: Integers, classes: int) -> Told:
    """Return how well the bins tell the labels, as `spurious_correlations` says."""
    index = (folds * classes + given) * binned.count + binned.bins
    shape = (FOLDS, classes, binned.count)
    counts = np.bincount(index, minlength=FOLDS * classes * binned.count).reshape(shape).astype(np.float64)
    told = [_told(counts.reshape(*shape[:2], -1, step).sum(3)) for step in binned.steps]
    return Told(max(one.every for one in told), np.max([one.each for one in told], axis=0))


def _told(counts: Floats) -> Told:
    """Return the strengths of (folds, K, bins) counts. Where classes tie, the answer is shared among them."""
    classes = counts.shape[1]
    train = counts.sum(0) - counts
    size = train.sum(2, keepdims=True)
    rest, held_rest = train.sum(1, keepdims=True) - train, counts.sum(1, keepdims=True) - counts
    answer = (1 + np.sign(train * rest.sum(2, keepdims=True) - rest * size)) / 2
    own, others = counts.sum((0, 2)), held_rest.sum((0, 2))
    each = (counts * answer).sum((0, 2)) / own - (held_rest * answer).sum((0, 2)) / others
    density = train / size
    best = density == density.max(1, keepdims=True)
    right = ((counts * best / best.sum(1, keepdims=True)).sum((0, 2)) / own).mean()
    return Told(max(0.0, float(classes * right - 1) / (classes - 1)), np.maximum(each, 0.0))


def chance(
    binned: list[Binned], given: Integers, folds: Integers, classes: int, permutations: int, random: np.random.Generator
) -> tuple[float, Floats]:
    """Return what permuted labels hardly ever reach: over all classes, and (K,) float64 class by class."""
    own = np.bincount(given, minlength=classes)
    deviation = np.sqrt(1 / own + 1 / (len(given) - own))
    every, each = np.zeros(permutations), np.zeros(permutations)
    for turn in range(permutations):
        order = random.permutation(len(given))
        told = [strengths(item, given[order], folds[order], classes) for item in binned]
        every[turn] = max(one.every for one in told)
        each[turn] = max((one.each / deviation).max() for one in told)
    return min(_high(every), 1.0), np.minimum(_high(each) * deviation, 1.0)


def _high(maxima: Floats) -> float:
    """Return the 99 % quantile of the Gumbel distribution with the same mean and standard deviation."""
    reduced = (-np.log(-np.log(LEVEL)) - np.euler_gamma) * np.sqrt(6) / np.pi
    return float(maxima.mean() + reduced * maxima.std(ddof=1))


def _rows(
    item: Property, told: Told, given: Integers, names: list[str], every: float, each: Floats, params: Correlations
) -> Iterator[tuple[object, ...]]:
    enough = params.file if item.kind == "file" else params.picture
    flagged = told.every >= enough and told.every > every
    yield item.name, None, item.kind, len(given), told.every, every, flagged, None, None, None, None
    described = _categories(item, given, len(names)) if item.categories else _numbers(item, given, len(names))
    for number, (name, words) in enumerate(zip(names, described, strict=True)):
        strength, level = float(told.each[number]), float(each[number])
        flagged = strength >= enough and strength > level
        yield item.name, name, item.kind, int((given == number).sum()), strength, level, flagged, *words


def _numbers(item: Property, given: Integers, classes: int) -> Iterator[tuple[float, None, float, float]]:
    """Yield AUROC of class against rest, no category, and the medians of the class and of the rest."""
    order = np.argsort(item.values, kind="stable")
    ranks, ordered = rankdata(item.values), item.values[order]
    for number in range(classes):
        own = np.flatnonzero(given[order] == number)
        many, rest = len(own), len(given) - len(own)
        auroc = (ranks[given == number].sum() - many * (many + 1) / 2) / (many * rest)
        middle = (rest - 1) // 2
        skipped = np.searchsorted(own - np.arange(many), middle, side="right")
        yield float(auroc), None, float(ordered[own[(many - 1) // 2]]), float(ordered[middle + skipped])


def _categories(item: Property, given: Integers, classes: int) -> Iterator[tuple[None, str, float, float]]:
    """Yield no AUROC, the category that tells the class from the rest best, and its shares of the class and the rest."""
    known = ~np.isnan(item.values)
    counts = np.zeros((classes, len(item.categories)))
    np.add.at(counts, (given[known], item.values[known].astype(np.int64)), 1)
    own = np.bincount(given, minlength=classes)
    for number in range(classes):
        inside = counts[number] / own[number]
        outside = (counts.sum(0) - counts[number]) / (len(given) - own[number])
        most = int(np.argmax(np.abs(inside - outside)))
        yield None, item.categories[most], float(inside[most]), float(outside[most])
