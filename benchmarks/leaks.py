"""Pairs across train and test, ranked by closeness and judged by a list of pairs that people found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks import machine
from benchmarks.near import Pairs, candidate_pairs, grouped, pairs_within
from benchmarks.prepare import photographs

FILES = ("train.parquet", "test.parquet")
LIST = "leaks.csv"
TIMES = {"r_precision": 1, "recall_2p": 2, "recall_5p": 5}
THUMBNAIL = 8  # px
KEPT = 20  # pairs of the thumbnails, for each listed one
BLOCK = 2048


@dataclass(frozen=True)
class Listed:
    """Which images the list speaks of.

    test: (N,) bool, of the test split; index: (N,) int64, its number there; pairs: (P, 2) listed (test, train) indices.
    """

    test: NDArray[np.bool_]
    index: NDArray[np.int64]
    pairs: NDArray[np.int64]

    def across(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which pairs of rows have one image of each split."""
        return self.test[left] != self.test[right]

    def true(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which pairs of rows, across splits, are listed."""
        test, train = np.where(self.test[left], left, right), np.where(self.test[left], right, left)
        return np.isin(self._key(self.index[test], self.index[train]), self._key(*self.pairs.T))

    def _key(self, test: NDArray[np.int64], train: NDArray[np.int64]) -> NDArray[np.int64]:
        return test * (int(max(self.index.max(), self.pairs.max())) + 1) + train


def annotated(data: Path) -> bool:
    """Return whether the folder has the two splits and the list."""
    return all((data / name).is_file() for name in (*FILES, LIST))


def sources(data: Path) -> pl.DataFrame:
    """Return image_id, test (bool), index, bytes and label_clean of both files, in order of image_id."""
    columns = ("image", "index", "label_clean")
    tables = [
        pl.read_parquet(data / name, columns=columns).with_columns(test=pl.lit(name.startswith("test")))
        for name in FILES
    ]
    chosen = pl.concat(tables).with_columns(
        image_id=pl.col("image").struct.field("path"), bytes=pl.col("image").struct.field("bytes")
    )
    return chosen.drop("image").sort("image_id")


def listed(data: Path, rows: pl.DataFrame) -> Listed:
    pairs = pl.read_csv(data / LIST).select("test_index", "train_index").to_numpy().astype(np.int64)
    return Listed(rows["test"].to_numpy(), rows["index"].to_numpy().astype(np.int64), pairs)


def hits(score: NDArray[np.floating], true: NDArray[np.bool_], first: int) -> float:
    """Return how many true ones are among the `first` best scores; of ties at the cut, the expected number."""
    if first >= len(score):
        return float(true.sum())
    cut = np.partition(score, len(score) - first)[len(score) - first]
    above, tied = score > cut, score == cut
    return float(true[above].sum() + true[tied].mean() * (first - above.sum()))


def ranking(score: NDArray[np.floating], true: NDArray[np.bool_], positives: int) -> dict[str, float]:
    """Return the share of all true pairs among the first 1, 2 and 5 times as many pairs as there are true ones."""
    return {name: hits(score, true, times * positives) / positives for name, times in TIMES.items()}


def flagged(found: NDArray[np.bool_], positives: int) -> dict[str, float]:
    """Return how many pairs across splits were flagged, how many of them are listed, and the recall."""
    return {"pairs": len(found), "listed": int(found.sum()), "recall": float(found.sum() / positives)}


def leaks(data: Path, scratch: Path) -> dict[str, Any]:
    """Return the ranking and the flagged pairs of dataprep and of plain thumbnails, with the seconds of each step.

    The list has no mirror images and the others find none, so ours are left out of the ranking; another row has them.
    """
    rows = sources(data)
    truth = listed(data, rows)
    params = photographs(FILES, data, "label_clean")
    groups, pixels, steps = grouped(params, scratch)
    peak = machine.peak_bytes()
    if groups["image_id"].to_list() != rows["image_id"].to_list():
        raise SystemExit(f"error: {data}: the tables repeat an image's path")
    row_of = {name: row for row, name in enumerate(rows["image_id"])}
    both = np.array([(row_of[one], row_of[other]) for one, other in pairs_within(groups)], np.int64).reshape(-1, 2)
    left, right = both[truth.across(*both.T)].T
    near = params.detectors.near_duplicates
    pairs, mirrored = candidate_pairs(pixels, near)
    ours = ranked((pairs[0][~mirrored], pairs[1][~mirrored], pairs[2][~mirrored]), truth)
    ours |= {"wall_seconds": sum(spent.wall for spent in steps.values()), "peak_bytes": peak}
    ours["flagged"] = {f"groups, closeness {near.closeness:g}": flagged(truth.true(left, right), len(truth.pairs))}
    with machine.timed() as spent:
        plain = thumbnail_pairs(pixels, truth.test, KEPT * len(truth.pairs))
    thumbnails = ranked(plain, truth) | {"wall_seconds": spent.wall, "flagged": {}}
    everything = ranked(pairs, truth) | {name: ours[name] for name in ("wall_seconds", "peak_bytes")}
    return {
        "images": len(rows),
        "listed": len(truth.pairs),
        # the workers that decode are no ended children, so their CPU seconds are in none of these
        "steps": {name: {"wall_seconds": spent.wall, "cpu_seconds": spent.cpu} for name, spent in steps.items()},
        "methods": {
            "dataprep": ours,
            "dataprep, mirror images ranked too": everything | {"flagged": {}},
            "8x8 RGB thumbnails, correlation (search alone)": thumbnails,
        },
    }


def ranked(pairs: Pairs, truth: Listed) -> dict[str, Any]:
    """Return the ranking of the pairs that lie across splits."""
    left, right, score = pairs
    across = truth.across(left, right)
    return ranking(score[across], truth.true(left[across], right[across]), len(truth.pairs))


def thumbnail_pairs(
    pixels: NDArray[np.uint8], test: NDArray[np.bool_], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return about the `count` pairs across splits whose 8 x 8 RGB thumbnails correlate most, exactly searched.

    pixels: (N, S, S, 3), S a multiple of 8. test: (N,). The correlation is over all 192 values.
    """
    cell = pixels.shape[1] // THUMBNAIL
    shape = (len(pixels), THUMBNAIL, cell, THUMBNAIL, cell, 3)
    small = pixels.reshape(shape).mean(axis=(2, 4), dtype=np.float32).reshape(len(pixels), -1)
    small -= small.mean(axis=1, keepdims=True)
    small /= np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1e-6)
    one, other = np.flatnonzero(test), np.flatnonzero(~test)
    others = small[other].T.copy()
    parts = []
    for start in range(0, len(one), BLOCK):
        block = small[one[start : start + BLOCK]] @ others
        best = np.argpartition(block.ravel(), -min(count, block.size))[-min(count, block.size) :]
        row, column = np.unravel_index(best, block.shape)
        parts.append((one[start + row], other[column], block.ravel()[best]))
    left, right, score = (np.concatenate(column) for column in zip(*parts, strict=True))
    return left, right, score
