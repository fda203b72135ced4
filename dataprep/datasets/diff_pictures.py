"""Pictures of what differs: some images of each kind of change, as they were and as they are."""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

from dataprep import files, pixels
from dataprep.datasets.diff import KINDS, Diff
from dataprep.datasets.reader import DataSet
from dataprep.report.grids import TILE, Tile, clusters, crossed, encode, grid, label_lines

MOST = 24  # images per kind
MOST_PAIRS = 12
BYTES = 400_000  # of a picture
BACKGROUND = 255
MAX_PIXELS = 100_000_000


def write_pictures(diff: Diff, folder: Path) -> dict[str, Path]:
    """Write a picture per kind of change into `folder`, whole or not at all, and return where each is.

    Removed images come from the old version, all others from the new one; changed ones stand side by side.
    Raises DataprepError when a version's shards are not there, and when the folder holds anything but such pictures.
    """
    files.check_replaceable(folder, _is_pictures)
    found: dict[str, Path] = {}
    with files.replacing_folder(folder) as part:
        for kind in KINDS:
            rows = diff.changes.filter(pl.col("change") == kind)
            if rows.height:
                made = _pairs(diff, rows.head(MOST_PAIRS)) if kind == "changed" else _tiles(diff, kind, rows.head(MOST))
                picture = encode(made, kind, f"{rows.height} images: {kind}", BYTES)
                (part / picture.name).write_bytes(picture.data)
                found[kind] = folder / picture.name
    return found


def _is_pictures(folder: Path) -> bool:
    ours = {f"{kind}{suffix}" for kind in KINDS for suffix in (".png", ".jpg")}
    return all(path.name in ours and path.is_file() for path in folder.iterdir())


def _tiles(diff: Diff, kind: str, rows: pl.DataFrame) -> Image.Image:
    version = diff.old if kind == "removed" else diff.new
    tiles = []
    for row in rows.iter_rows(named=True):
        lines, accent = label_lines(row["old_label"] or row["label"], row["label"] if kind == "relabeled" else None)
        split = f"{row['old_split']} → {row['split']}" if kind == "moved" else row["split"]
        tiles.append(Tile(_thumbnail(version, row["image_id"]), (*lines, split), accent))
    return grid(tiles)


def _pairs(diff: Diff, rows: pl.DataFrame) -> Image.Image:
    groups = []
    for image_id, label in rows["image_id", "label"].iter_rows():
        sides = [
            Tile(_thumbnail(version, image_id), (when,)) for version, when in ((diff.old, "old"), (diff.new, "new"))
        ]
        groups.append((label, sides))
    return clusters(groups)


def _thumbnail(version: DataSet, image_id: str) -> NDArray[np.uint8]:
    """Return (S, S, 3) uint8, the picture on a white square of at most TILE px; a cross where it cannot be decoded."""
    try:
        image = pixels.decode(version.read(image_id), MAX_PIXELS, BACKGROUND)
    except pixels.Unreadable:
        return crossed(TILE)
    return pixels.square(image, min(max(image.size), TILE), "pad", BACKGROUND)
