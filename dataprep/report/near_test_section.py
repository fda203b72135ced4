"""The report's part on augmented copies that came too near to a held-out image."""

from collections.abc import Iterator

import polars as pl

from dataprep.markdown import code, count, table
from dataprep.report.grids import Picture, Tile, clusters, encode
from dataprep.report.inputs import Inputs, row_numbers

MOST_SHOWN = 6
BUDGET = 100_000  # bytes for the picture


def section(inputs: Inputs) -> Iterator[str | Picture]:
    """Yield what was found, with pictures; nothing when there was nothing to compare."""
    found, made = inputs.left_out, inputs.augmented_index.height + inputs.left_out.height
    held_out = inputs.kept.filter(pl.col("split") != inputs.params.normalize.training_split).height
    if not made or not held_out:
        return
    held = f"Of {count(made)} augmented copies, each compared with the {count(held_out)} images of the other splits, "
    if not found.height:
        yield held + "none is a near copy of one."
        return
    yield (
        held
        + f"**{count(found.height)} came too near to one and were left out**, as they would tell the network the test."
    )
    shown = found.with_row_index("row").sort("closeness", "image_id", "copy", descending=[True, False, False])
    number = row_numbers(inputs.images)
    boxes = []
    for row in shown.head(MOST_SHOWN).iter_rows(named=True):
        tiles = [
            Tile(inputs.pixels[number[row["image_id"]]], ("training image",)),
            Tile(inputs.left_out_pixels[row["row"]], (f"its copy {row['copy']}",)),
            Tile(inputs.pixels[number[row["nearest"]]], ("held out",)),
        ]
        boxes.append((f"closeness {row['closeness']:.2f}", tiles))
    which = f"{len(boxes)} of {count(found.height)}" if found.height > len(boxes) else str(len(boxes))
    alt = f"{which} training images, their augmented copies, and the held-out images that these come too near to"
    yield encode(clusters(boxes), "augmentation_left_out", alt, BUDGET)
    yield table(
        ("training image", "copy", "held-out image", "closeness"),
        [
            (code(row["image_id"]), count(row["copy"]), code(row["nearest"]), f"{row['closeness']:.2f}")
            for row in shown.head(MOST_SHOWN).iter_rows(named=True)
        ],
    )
