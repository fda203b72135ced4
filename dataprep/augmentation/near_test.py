"""Augmented copies that come too near to an image of another split, which would tell the network the test."""

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from dataprep.augmentation.plan import Training, planned
from dataprep.augmentation.write import augmented
from dataprep.config import Augment, NearDuplicates
from dataprep.copies.pairs import find_pairs
from dataprep.normalization.write import rows_of
from dataprep.schema import AUGMENTED_LEFT_OUT, check

REASON = "near copy of a held-out image"


def near_copies(
    image_ids: pl.Series,
    source: Training,
    held_out: pl.DataFrame,
    params: Augment,
    near: NearDuplicates,
    seed: int,
    device: torch.device,
) -> tuple[pl.DataFrame, NDArray[np.uint8]]:
    """Return AUGMENTED_LEFT_OUT of all augmented copies, and their pixels, (L, S, S, 3) uint8, row by row.

    image_ids: the id of each row of `source.pixels`. held_out: the KEPT rows of all other splits. Copies are compared
    as they are before normalization; each copy number by itself, as copies of one image resemble each other.
    """
    count, side = held_out.height, source.pixels.shape[1]
    tables, pictures = [AUGMENTED_LEFT_OUT.empty()], [np.zeros((0, side, side, 3), np.uint8)]
    if count and source.kept.height and params.copies:
        both = np.empty((count + source.kept.height, side, side, 3), np.uint8)
        both[:count] = source.pixels[rows_of(image_ids, held_out["image_id"])]
        for copy in tqdm(range(1, params.copies + 1), desc="near test", unit="copy"):
            for places, changed in augmented(source, planned(source, copy, params, seed), device):
                rounded = changed.mul(255).round().to(torch.uint8).permute(0, 2, 3, 1)
                both[count + places] = rounded.cpu().numpy()
            found = too_near(both, count, near, device)
            tables.append(
                found.select(
                    source.kept["image_id"].gather(found["row"] - count).alias("image_id"),
                    pl.lit(copy, pl.Int32).alias("copy"),
                    pl.lit(REASON).alias("reason"),
                    held_out["image_id"].gather(found["nearest"]).alias("nearest"),
                    "closeness",
                )
            )
            pictures.append(both[found["row"].to_numpy()])
    table = pl.concat(tables)
    order = table.with_row_index("row").sort(AUGMENTED_LEFT_OUT.key)["row"].to_numpy()
    return check(table, AUGMENTED_LEFT_OUT, "augment"), np.concatenate(pictures)[order]


def too_near(pictures: NDArray[np.uint8], held_out: int, params: NearDuplicates, device: torch.device) -> pl.DataFrame:
    """Return the pictures that come too near to a held-out one: row, nearest (its row; Int64) and closeness (Float32).

    pictures: (M + N, S, S, 3) uint8, the first M = `held_out` of them held out. Closeness is that of
    `copies.pairs.find_pairs` among all pictures, 0 for what is usual in that part of the data and 1 for the same
    picture; too near is at least `params.closeness`.
    """
    pairs, _ = find_pairs(pictures, params.neighbors, params.mirrored, device)
    counts = (pairs.left < held_out) & (pairs.right >= held_out) & (pairs.closeness >= params.closeness)
    row, nearest, closeness = (part[counts].numpy() for part in (pairs.right, pairs.left, pairs.closeness))
    found = pl.DataFrame({"row": row, "nearest": nearest, "closeness": closeness})
    found = found.sort("row", "closeness", "nearest", descending=[False, True, False])
    return found.unique("row", keep="first", maintain_order=True)
