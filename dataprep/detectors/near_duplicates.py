"""Images that show the same picture after a small edit: shift, brightness, compression, resize."""

import numpy as np
import polars as pl
import torch
from tqdm import tqdm

from dataprep.config import NearDuplicates
from dataprep.detectors.alignment import aligned_correlation
from dataprep.detectors.descriptors import describe
from dataprep.detectors.rows import issue_rows, number_groups

BLOCK = 2048
USUAL_QUANTILE = 0.9


def detect(measurements: pl.DataFrame, pixels: np.ndarray, params: NearDuplicates) -> pl.DataFrame:
    """Return ISSUES of kind near_duplicate.

    Each distinct picture (by pixel_hash) is described by a unit vector, and its `neighbors`
    nearest pictures are its candidates. Candidates are compared pixel by pixel at the small shift
    where they agree best, which gives their correlation s. With r the usual correlation of a
    picture with its candidates (the median, at most the 0.9 quantile of the data set; the mean of
    both pictures'), the closeness is
    (s - r) / (1 - r): 0 for what is usual in that part of the data, 1 for the same picture. A pair
    counts when its closeness is at least `closeness`. Pairs join groups from the closest on, and
    two groups only when every pair across them counts, so that a chain of weak links joins nothing.

    Score: 1 - closeness to the closest picture. Exact copies share their picture's group.
    pixels: (N, S, S, 3) uint8, row i for the i-th row of `measurements`.
    """
    readable = measurements.with_row_index("row").filter(pl.col("unreadable").is_null())
    distinct = readable.group_by("pixel_hash").agg(pl.col("row").min()).sort("row")
    left, right, closeness = find_pairs(pixels[distinct["row"].to_numpy()], params.neighbors)
    best = np.zeros(distinct.height, np.float32)
    np.maximum.at(best, left, closeness)
    np.maximum.at(best, right, closeness)
    counts = closeness >= params.closeness
    labels = link_completely(distinct.height, left[counts], right[counts], closeness[counts])
    found = readable.select("image_id", "pixel_hash").join(
        distinct.select("pixel_hash").with_columns(
            pl.Series("linked", labels, dtype=pl.Int64).replace(-1, None), pl.Series("best", best)
        ),
        on="pixel_hash",
        validate="m:1",
    )
    everything = measurements.select("image_id").join(found, on="image_id", how="left", validate="1:1")
    return issue_rows(
        number_groups(everything, "linked"),
        "near_duplicate",
        score=1.0 - pl.col("best"),
        is_issue=pl.col("group").is_not_null(),
        group=pl.col("group"),
        note=pl.format("closeness {} to its nearest picture", pl.col("best").round(2)),
    )


def find_pairs(pixels: np.ndarray, neighbors: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (left, right, closeness) of the candidate pairs, left < right, among (N, S, S, 3) uint8 pixels.

    Exact search in blocks: memory grows with N, time with N squared.
    """
    k = min(neighbors, len(pixels) - 1)
    if k < 1:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
    nearest = nearest_rows(describe(pixels), k)
    left = torch.arange(len(pixels)).repeat_interleave(k)
    right = nearest.flatten()
    gray = torch.from_numpy(pixels.mean(axis=3, dtype=np.float32) / 255)
    correlation = aligned_correlation(gray, left, right)
    usual = correlation.view(-1, k).median(1).values
    # A picture with many copies has no other candidates; what is usual elsewhere bounds what is usual for it.
    usual = usual.clamp_max(float(usual.quantile(USUAL_QUANTILE)))
    r = (usual[left] + usual[right]) / 2
    closeness = ((correlation - r) / (1 - r).clamp_min(1e-6)).clamp(0.0, 1.0)
    ordered = torch.stack([torch.minimum(left, right), torch.maximum(left, right)])
    pairs, first = np.unique(ordered.numpy(), axis=1, return_index=True)
    return pairs[0], pairs[1], closeness.numpy()[first]


def nearest_rows(vectors: torch.Tensor, k: int) -> torch.Tensor:
    """Return (N, k) the rows with the largest dot products with each of the (N, D) vectors, itself apart."""
    nearest = torch.empty(len(vectors), k, dtype=torch.long)
    for start in tqdm(range(0, len(vectors), BLOCK), desc="near duplicates", unit="block"):
        block = vectors[start : start + BLOCK] @ vectors.T
        own = torch.arange(len(block))
        block[own, start + own] = -2.0
        nearest[start : start + BLOCK] = block.topk(k).indices
    return nearest


def link_completely(count: int, left: np.ndarray, right: np.ndarray, closeness: np.ndarray) -> np.ndarray:
    """Return a group number per item, -1 for none, by greedy complete linkage of the given pairs.

    Pairs are taken from the closest on (ties by index); two groups are joined only when every
    pair across them is given.
    """
    given = set(zip(left.tolist(), right.tolist(), strict=True))
    group_of = np.arange(count)
    members: dict[int, list[int]] = {}
    for pair in np.lexsort((right, left, -closeness)):
        a, b = int(group_of[left[pair]]), int(group_of[right[pair]])
        if a == b:
            continue
        ours, theirs = members.get(a, [a]), members.get(b, [b])
        if all((min(x, y), max(x, y)) in given for x in ours for y in theirs):
            members[a] = ours + theirs
            group_of[theirs] = a
            members.pop(b, None)
    sizes = np.bincount(group_of, minlength=count)
    return np.where(sizes[group_of] > 1, group_of, -1)
