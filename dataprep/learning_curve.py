"""Accuracy at growing shares of the data: what each further image has brought so far."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep.config import LearningCurve
from dataprep.schema import LEARNING_CURVE, check
from dataprep.training.fold import FoldTask, key, result_of
from dataprep.training.workers import run

PER_CLASS = 2  # images that the smallest training set has for each class, on average at least


def subset_tasks(tasks: list[FoldTask], params: LearningCurve, scratch: Path) -> list[list[FoldTask]]:
    """Return for each repeat the tasks that train on growing subsets of a fold's training images.

    tasks: of all folds, as `predict.fold_tasks` gives them. A repeat holds out the next fold; when all have
    had their turn, the first one again, with another draw. Sizes are equal in all repeats, log-spaced from
    the share `smallest`, or from 2 images per class where that is more, to all images.
    """
    firsts = [task for task in tasks if task.seed == 0]
    chosen = [
        replace(firsts[number % len(firsts)], seed=number // len(firsts), other_rows=np.empty(0, np.int64))
        for number in range(params.repeats)
    ]
    classes = max(len(np.unique(task.labels[task.train_rows])) for task in chosen)
    sizes = subset_sizes(min(len(task.train_rows) for task in chosen), params, classes)
    return [[_smaller(task, rows, scratch) for rows in _subsets(task, sizes)] for task in chosen]


def subset_sizes(images: int, params: LearningCurve, classes: int) -> list[int]:
    """Return the sizes of the training sets, growing; fewer than `points` where images are few."""
    least = min(images, max(round(params.smallest * images), PER_CLASS * classes))
    return [int(size) for size in np.unique(np.rint(np.geomspace(least, images, params.points)))]


def stratified_order(labels: NDArray[np.int64], seed: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the positions of `labels` (N,) in an order of which every start is stratified.

    The first images of all classes come first. From then on, of the first n positions each class has its
    share of n, but for less than one image per class; within a class the order is drawn by `seed`.
    """
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    _, place, counts = np.unique(labels[shuffled], return_inverse=True, return_counts=True)
    by_class = np.argsort(place, kind="stable")
    before = np.repeat(np.cumsum(counts) - counts, counts)
    gone = np.empty(len(labels))
    gone[by_class] = (np.arange(len(labels)) - before) / np.repeat(counts, counts)
    found: NDArray[np.int64] = shuffled[np.argsort(gone, kind="stable")]
    return found


def learn(repeats: list[list[FoldTask]], classes: list[str]) -> pl.DataFrame:
    """Train the tasks of `subset_tasks` and return LEARNING_CURVE, judged on the whole held-out folds.

    classes: `class_names(IMAGES)`. Tasks that an interrupted run has finished are not run again.
    Raises DataprepError when a training fails or its result is damaged.
    """
    # The longest trainings first, so that no process is left alone with one at the end.
    run(sorted((task for tasks in repeats for task in tasks), key=lambda task: -len(task.train_rows)))
    rows = [
        (len(task.train_rows), number, *judgment)
        for number, tasks in enumerate(repeats)
        for task in tasks
        for judgment in _judgments(task, classes)
    ]
    return check(pl.DataFrame(rows, schema=LEARNING_CURVE.columns, orient="row"), LEARNING_CURVE, "learning_curve")


def _subsets(task: FoldTask, sizes: list[int]) -> Iterator[NDArray[np.int64]]:
    order = stratified_order(task.labels[task.train_rows], (task.base_seed, task.fold, task.seed))
    for size in sizes:
        yield np.sort(task.train_rows[order[:size]])


def _smaller(task: FoldTask, rows: NDArray[np.int64], scratch: Path) -> FoldTask:
    smaller = replace(task, train_rows=rows)
    # The name of the fold's own task already stands for pixels and code.
    name = scratch / key(smaller, task.result.stem, task.result.stem)
    return replace(smaller, network=name.with_suffix(".network"), result=name.with_suffix(".result"))


def _judgments(task: FoldTask, classes: list[str]) -> Iterator[tuple[str | None, int, float]]:
    """Yield label, judged and accuracy: first for all held-out images, then for those of each class."""
    given = task.labels[task.held_out_rows]
    right = result_of(task).logits.argmax(1) == given
    yield None, len(given), float(right.mean())
    for number in np.unique(given):
        own = right[given == number]
        yield classes[number], len(own), float(own.mean())
