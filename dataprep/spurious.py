"""Spurious correlations: how well labels can be told by format, size, brightness or border alone."""

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
Words = tuple[float | None, str | None, float | None, float | None]

LEAST_IMAGES = 10  # of a class: two per fold
FOLDS = 5
BINS_PER_CLASS = 4  # so that values that one class alone has get a bin
FINEST, COARSEST = 512, 4  # bins; fewer than 4 are not made from numbers
IMAGES_PER_BIN = 5  # at least, on average
RISK = 0.01  # that any property exceeds chance where labels are at random


@dataclass(frozen=True)
class Binned:
    """Values in bins. bins: (n,) int64. count: how many bins. steps: so many neighbors are joined, each in its turn."""

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
    known = known.unique(["pixel_hash", "label"], keep="first", maintain_order=True)
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
    chance: what the property reaches with labels at random in 1 % / number of properties of sets, over all classes or
    with its best class (in units of the standard deviation sqrt(1/n + 1/(N - n))), by a Gumbel distribution fitted to
    `params.permutations` permutations of the labels.
    spurious: strength above chance and at least `params.file` for kind file, else `params.picture`; of a class also
    without the images of the classes that are flagged before it, the strongest first; so of two classes one is.
    A file property has little to do with what is shown; light, color and background may belong to the class (polar
    bears are white). Only a person can tell which it is: the rule says what deserves a look.
    """
    rows = judged_rows(images, measurements)
    labels = images["label"].gather(rows)
    names = [name for name in class_names(images) if name in set(labels)]
    if len(names) < 2:
        return pl.DataFrame(schema=SPURIOUS_CORRELATIONS.columns)
    number = {name: place for place, name in enumerate(names)}
    given = np.array([number[label] for label in labels], np.int64)
    found = properties(images, measurements, pixels, rows)
    folds = stratified(given, np.random.default_rng(seed))
    made = [
        row
        for item in found
        for row in _rows(item, given, folds, names, 1 - RISK / len(found), params, np.random.default_rng((seed, 1)))
    ]
    frame = pl.DataFrame(made, schema=SPURIOUS_CORRELATIONS.columns, orient="row")
    return check(frame, SPURIOUS_CORRELATIONS, "spurious")


def _rows(
    item: Property,
    given: Integers,
    folds: Integers,
    names: list[str],
    level: float,
    params: Correlations,
    random: np.random.Generator,
) -> Iterator[tuple[object, ...]]:
    binned = binned_values(item, len(names))
    told = strengths(binned, given, folds, len(names))
    usual = chance(binned, given, folds, len(names), level, params.permutations, random)
    enough = params.file if item.kind == "file" else params.picture
    flagged = told.every > usual.every and told.every >= enough
    yield item.name, None, item.kind, len(given), told.every, usual.every, flagged, None, None, None, None
    words = _categories(item, given, len(names)) if item.categories else _numbers(item, given, len(names))
    columns = (np.bincount(given), told.each, usual.each, followed(binned, given, folds, enough, told, usual))
    for name, count, strength, high, flag, own in zip(names, *(c.tolist() for c in columns), words, strict=True):
        yield item.name, name, item.kind, count, strength, high, flag, *own


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


def followed(
    binned: Binned, given: Integers, folds: Integers, enough: float, told: Told, usual: Told
) -> NDArray[np.bool_]:
    """Return (K,) bool: which classes the property follows too well, also without the images of those found before it.

    Else one class of three with a format of its own would make the other two look given away as well.
    """
    flags = np.zeros(len(told.each), bool)
    strong = (told.each >= enough) & (told.each > usual.each)
    while (strong & ~flags).any() and (left := ~flags).sum() > 1:
        kept, number = left[given], np.cumsum(left) - 1
        part = Binned(binned.bins[kept], binned.count, binned.steps)
        each = np.zeros(len(flags))
        each[left] = strengths(part, number[given[kept]], folds[kept], int(left.sum())).each
        each[~strong | flags | (each < enough) | (each <= usual.each)] = -1.0
        if each.max() < 0:
            break
        flags[each.argmax()] = True
    return flags


def chance(
    binned: Binned,
    given: Integers,
    folds: Integers,
    classes: int,
    level: float,
    permutations: int,
    random: np.random.Generator,
) -> Told:
    """Return what a share `level` of sets with labels at random do not reach, as `spurious_correlations` says."""
    own = np.bincount(given, minlength=classes)
    deviation = np.sqrt(1 / own + 1 / (len(given) - own))
    every, each = np.zeros(permutations), np.zeros(permutations)
    for turn in range(permutations):
        order = random.permutation(len(given))
        told = strengths(binned, given[order], folds[order], classes)
        every[turn], each[turn] = told.every, (told.each / deviation).max()
    return Told(min(_high(every, level), 1.0), np.minimum(_high(each, level) * deviation, 1.0))


def _high(maxima: Floats, level: float) -> float:
    """Return the quantile of the Gumbel distribution with the same mean and standard deviation."""
    reduced = (-np.log(-np.log(level)) - np.euler_gamma) * np.sqrt(6) / np.pi
    return float(maxima.mean() + reduced * maxima.std(ddof=1))


def _numbers(item: Property, given: Integers, classes: int) -> Iterator[Words]:
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


def _categories(item: Property, given: Integers, classes: int) -> Iterator[Words]:
    """Yield no AUROC, the category that tells the class best, and its shares of the class and the rest."""
    known = ~np.isnan(item.values)
    counts = np.zeros((classes, len(item.categories)))
    np.add.at(counts, (given[known], item.values[known].astype(np.int64)), 1)
    own = np.bincount(given, minlength=classes)
    for number in range(classes):
        inside = counts[number] / own[number]
        outside = (counts.sum(0) - counts[number]) / (len(given) - own[number])
        most = int(np.argmax(np.abs(inside - outside)))
        yield None, item.categories[most], float(inside[most]), float(outside[most])
