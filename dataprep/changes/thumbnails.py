"""Pictures of the images that a change concerns, as they were and as they are."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep.changes.state import State, pixel_rows
from dataprep.markdown import count
from dataprep.report.grids import Picture, Tile, clusters, crossed, encode, grid, label_lines
from dataprep.report.lettering import drawable
from dataprep.schema import POLICY
from dataprep.wording import wording

COLUMNS = 6  # about as wide as GitHub shows a comment
PAGE = 850  # px, likewise
TILES = 12
PAIRS = 6
GROUPS = 6
MEMBERS = 4
BYTES = 400_000  # of a picture

Caption = Callable[[dict[str, Any]], tuple[tuple[str, ...], int | None]]  # lines below an image, and which is stressed


def image_grid(state: State, rows: pl.DataFrame, name: str, alt: str, caption: Caption) -> Picture | None:
    """Return the first TILES images of `rows`, in order; None when there are none or their pixels are nowhere."""
    shown = rows.head(TILES)
    found = pixels_of(state, shown["image_id"].to_list()) if shown.height else None
    if found is None:
        return None
    tiles = [Tile(pixels, *caption(row)) for pixels, row in zip(found, shown.iter_rows(named=True), strict=True)]
    return encode(grid(tiles, COLUMNS), name, f"{alt}{_of(len(tiles), rows.height)}", BYTES)


def pair_grid(old: State, new: State, rows: pl.DataFrame, name: str, alt: str) -> Picture | None:
    """Return the first PAIRS of the images in `rows`, each as it was beside as it is."""
    ids = rows["image_id"].to_list()[:PAIRS]
    sides = [pixels_of(state, ids) if ids else None for state in (old, new)]
    if sides[0] is None or sides[1] is None:
        return None
    groups: list[tuple[str, Sequence[Tile]]] = [
        (label or "no label", (Tile(before, ("before",)), Tile(after, ("now",))))
        for label, before, after in zip(rows["label"], sides[0], sides[1], strict=False)
    ]
    return encode(clusters(groups, PAGE), name, f"{alt}{_of(len(ids), rows.height)}", BYTES)


def group_grid(state: State, groups: Sequence[pl.DataFrame], total: int, name: str, alt: str) -> Picture | None:
    """Return groups of images of which there are `total`, each in a box with at most MEMBERS of its images."""
    boxes: list[tuple[str, Sequence[Tile]]] = []
    shown = 0
    for rows in groups:
        few = rows.head(MEMBERS)
        found = pixels_of(state, few["image_id"].to_list())
        if found is None:
            return None
        if shown and shown + few.height > TILES:
            break
        tiles = [Tile(pixels, *by_label(row)) for pixels, row in zip(found, few.iter_rows(named=True), strict=True)]
        boxes.append((count(rows.height) + (" images" if rows.height > 1 else " image"), tiles))
        shown += few.height
    return encode(clusters(boxes, PAGE), name, f"{alt}{_of(len(boxes), total)}", BYTES)


def _of(shown: int, total: int) -> str:
    return f", {shown} of {count(total)} shown" if shown < total else ""


def missing(state: State) -> str | None:
    """Return why no picture of these images can be shown; None when they can."""
    if state.images is None or state.pixels is None:
        return None  # told of as a missing table
    try:
        with state.pixels() as stream:
            pixel_rows(stream, state.images.height, [])
    except Exception as error:  # each kind of storage has its own
        return str(error) or type(error).__name__
    return None


def pixels_of(state: State, ids: Sequence[str]) -> list[NDArray[np.uint8]] | None:
    """Return uint8 (S, S, 3) of each image, a cross where it cannot be decoded; None when the pixels are nowhere."""
    if state.images is None or state.pixels is None:
        return None
    place = {name: row for row, name in enumerate(state.images["image_id"])}
    if not all(name in place for name in ids):
        return None
    try:
        with state.pixels() as stream:
            found = pixel_rows(stream, len(place), [place[name] for name in ids])
    except Exception:  # each kind of storage has its own; a comment without this picture is better than none
        return None
    unreadable = _unreadable(state)
    return [crossed(found.shape[1]) if name in unreadable else pixels for name, pixels in zip(ids, found, strict=True)]


def _unreadable(state: State) -> set[str]:
    if state.issues is None:
        return set()
    return set(state.issues.filter(pl.col("is_issue") & (pl.col("issue") == "unreadable"))["image_id"])


def by_label(row: dict[str, Any]) -> tuple[tuple[str, ...], int | None]:
    """Return label and split as the lines below an image."""
    return (drawable(row["label"]) if row["label"] is not None else "no label", drawable(row["split"])), None


def by_old_label(row: dict[str, Any]) -> tuple[tuple[str, ...], int | None]:
    """Return old -> new label, and who decided."""
    lines, accent = label_lines(row["old_label"], row["label"])
    return (*lines, drawable(row["decided_by"])) if row["decided_by"] else lines, accent


def by_reason(row: dict[str, Any]) -> tuple[tuple[str, ...], int | None]:
    """Return label, and why and by whom an image was removed."""
    (name, split), accent = by_label(row)
    reason = row["reason"].partition(":")[0]
    why = row["decided_by"] if row["decided_by"] not in (None, POLICY) else wording(reason).title.lower()
    return (name, split, drawable(why)), accent
