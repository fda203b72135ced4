"""Images that show the same picture after a small edit: shift, crop, mirror, light, compression, words on it."""

import numpy as np
import polars as pl
import torch

from dataprep.config import NearDuplicates
from dataprep.copies.choice import advice, with_choice
from dataprep.copies.linkage import Alike, link_completely
from dataprep.copies.pairs import Pairs, Pictures, find_pairs, share
from dataprep.detectors.rows import issue_rows, number_groups
from dataprep.device import resolve


def detect(
    images: pl.DataFrame,
    measurements: pl.DataFrame,
    pixels: np.ndarray,
    training_split: str,
    device: str,
    params: NearDuplicates,
) -> pl.DataFrame:
    """Return ISSUES of kind near_duplicate.

    Each distinct picture (by pixel_hash) is compared with its `neighbors` nearest ones; the closeness of a
    pair, 0 for what is usual in that part of the data and 1 for the same picture, is that of `copies.pairs`. A pair
    counts when its closeness is at least `closeness`. Pairs join groups by complete linkage (`copies.linkage`); of
    two pictures that were not compared, the descriptors' share alone must reach it.

    Score: 1 - closeness to the closest picture. Exact copies share their picture's group. The note names the copy to
    keep, by `copies.choice`. pixels: (N, S, S, 3) uint8, row i for the i-th row of `measurements`.
    """
    readable = measurements.with_row_index("row").filter(pl.col("unreadable").is_null())
    distinct = readable.group_by("pixel_hash").agg(pl.col("row").min()).sort("row")
    # A copy of all pixels would take as much memory as all the rest.
    chosen = pixels if distinct.height == len(pixels) else pixels[distinct["row"].to_numpy()]
    pairs, pictures = find_pairs(chosen, params.neighbors, params.mirrored, resolve(device))
    best = torch.zeros(distinct.height)
    for side in (pairs.left, pairs.right):
        best.scatter_reduce_(0, side, pairs.closeness, "amax")
    counts = pairs.closeness >= params.closeness
    left, right, closeness = (part[counts].numpy() for part in (pairs.left, pairs.right, pairs.closeness))
    labels = link_completely(distinct.height, left, right, closeness, _alike(pictures, pairs, params.closeness))
    described = distinct.select("pixel_hash").with_columns(
        pl.Series("linked", labels, dtype=pl.Int64).replace(-1, None), pl.Series("best", best.numpy())
    )
    table = (
        measurements.select("image_id", "pixel_hash", "pixel_count")
        .join(images.select("image_id", "bytes", "split"), on="image_id", validate="1:1")
        .join(described, on="pixel_hash", how="left", validate="m:1")
    )
    # An unreadable image has no picture, so it joined none.
    return issue_rows(
        with_choice(number_groups(table, "linked"), training_split),
        "near_duplicate",
        score=1.0 - pl.col("best"),
        is_issue=pl.col("group").is_not_null(),
        group=pl.col("group"),
        note=pl.format("closeness {} to its nearest picture; {}", pl.col("best").round(2), advice()),
    )


def _alike(pictures: Pictures, pairs: Pairs, closeness: float) -> Alike:
    """Return what tells of pictures that were not compared whether they are copies; compared ones are not, here."""
    count = len(pictures.usual)
    compared = (pairs.left * count + pairs.right).numpy()  # in ascending order

    def alike(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        number = np.minimum(left, right) * count + np.maximum(left, right)
        place = np.minimum(np.searchsorted(compared, number), len(compared) - 1)
        described = share(pictures, torch.from_numpy(left), torch.from_numpy(right))[0].numpy()
        found: np.ndarray = (described >= closeness) & (compared[place] != number)
        return found

    return alike
