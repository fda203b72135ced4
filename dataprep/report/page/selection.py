"""Which images the page shows when not all of them fit: the worst of each kind, and some drawn by chance."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep import files
from dataprep.report.inputs import Inputs
from dataprep.wording import in_order

DRAWN = 4  # one of so many is drawn by chance, whether it is flagged or not


def preferred(inputs: Inputs) -> NDArray[np.int64]:
    """Return the rows of IMAGES in the order in which they get a place, each row once.

    Every DRAWN-th place goes to the next image by hash of its image_id, a sample that says what is usual; the others to
    flagged images: first the worst of each kind, the gravest kind first, then the second worst of each, and so on.
    When these are used up, the hashes alone go on. Nothing depends on the order of rows or on a seed.
    """
    ids = inputs.images["image_id"].to_list()
    drawn = sorted(range(len(ids)), key=lambda row: files.sha256(f"page:{ids[row]}".encode()))
    flagged = iter(_worst_first(inputs))
    chance = iter(drawn)
    taken = np.zeros(len(ids), bool)
    order: list[int] = []
    while len(order) < len(ids):
        by_chance = len(order) % DRAWN == DRAWN - 1
        row = next((row for row in (chance if by_chance else flagged) if not taken[row]), None)
        if row is None:  # no flagged image is left
            row = next(row for row in chance if not taken[row])
        taken[row] = True
        order.append(row)
    return np.array(order, dtype=np.int64)


def _worst_first(inputs: Inputs) -> list[int]:
    rows = inputs.images.select("image_id").with_row_index("row")
    flagged = inputs.issues.filter("is_issue").join(rows, on="image_id", how="inner").sort("score", "image_id")
    kinds = in_order(flagged["issue"].unique().to_list())
    ranked = flagged.with_columns(
        rank=pl.int_range(pl.len()).over("issue"),
        gravity=pl.col("issue").cast(pl.Enum(kinds)).to_physical(),
    )
    return ranked.sort("rank", "gravity", "image_id")["row"].to_list()


def note(shown: int, total: int) -> str | None:
    """Return what is to be said when the page does not show all images; else None."""
    if shown == total:
        return None
    return (
        f"This page shows {shown:,} of {total:,} images, as many as fit: flagged ones, the worst of each kind first, "
        f"and every {DRAWN}th by chance. Counts here are of these. To show more: report.page_megabytes in params.yaml."
    )
