"""The report as one HTML file: what Markdown says, and every image to be looked at along any axis."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep import files
from dataprep.errors import DataprepError
from dataprep.originals import Originals
from dataprep.report.grids import Picture
from dataprep.report.inputs import Inputs
from dataprep.report.page import document, selection
from dataprep.report.page.content import Content, described
from dataprep.report.page.tiles import SIZES, Size, expected, sample, tiles

MEGABYTE = 1_000_000
ROWS_TRIED = 20_000  # of which the bytes of a row are told
MARGIN = 1.01  # for what a sample cannot tell
LESS = 0.97  # of the images, when what was made is too large still


def write_page(inputs: Inputs, originals: Originals, text: str, pictures: Sequence[Picture], path: Path) -> None:
    """Write the page; it works from disk, needs nothing beside it, and asks nobody for anything.

    text, pictures: what `summary.compose` returned. The file has at most report.page_megabytes (10^6 bytes each): the
    thumbnails get the largest of `tiles.SIZES` by which all images fit; when none does, the smallest, and fewer images
    are shown (`selection.preferred`), which the page says. Equal inputs give equal bytes.
    Raises DataprepError when not even one image fits, or the file cannot be written.
    """
    files.write_text(path, page(inputs, originals, text, pictures))


def page(inputs: Inputs, originals: Originals, text: str, pictures: Sequence[Picture]) -> str:
    """Return the page of `write_page`."""
    most = inputs.params.report.page_megabytes * MEGABYTE
    content = described(inputs)
    shell = document.shell(text, pictures, str(inputs.manifest["version"]), inputs.images.height)
    room = most - len(shell.joined("", []).encode())
    order = selection.preferred(inputs)
    chosen, numbers = _sizes(inputs, originals, content, order, room)
    while True:
        for size in chosen:
            rows = np.sort(order[:numbers])
            made = _tiles(inputs, originals, rows, size)
            found = shell.joined(content.packed(rows, [len(tile) for tile in made]), made)
            if len(found.encode()) <= most:
                return found
        chosen, numbers = chosen[-1:], int(numbers * LESS)
        if not numbers:
            raise _too_small(inputs)


def _sizes(
    inputs: Inputs, originals: Originals, content: Content, order: NDArray[np.int64], room: int
) -> tuple[tuple[Size, ...], int]:
    """Return the sizes worth making, the one that should fit first, and how many images to show."""
    tried = np.sort(order[:ROWS_TRIED])
    row = len(content.packed(tried, [0] * len(tried))) / len(tried)
    readable = _readable(inputs, order)
    images = sample(originals, readable, inputs.params.measure)
    each = 0.0
    for number, size in enumerate(SIZES):
        each = MARGIN * (row + document.spread(expected(images, size)) * len(readable) / len(order))
        if each * len(order) <= room:
            return SIZES[number:], len(order)
    fitting = int(room / each)
    if fitting < 1:
        raise _too_small(inputs)
    return SIZES[-1:], min(fitting, len(order))


def _readable(inputs: Inputs, rows: NDArray[np.int64]) -> list[str]:
    measured = inputs.measurements.select("image_id", "unreadable")
    ids = pl.DataFrame({"image_id": inputs.images["image_id"].gather(np.sort(rows))})
    joined = ids.join(measured, on="image_id", how="left", maintain_order="left")
    return joined.filter(pl.col("unreadable").is_null())["image_id"].to_list()


def _tiles(inputs: Inputs, originals: Originals, rows: NDArray[np.int64], size: Size) -> list[bytes]:
    """Return a thumbnail per row, an empty one where the image cannot be decoded."""
    readable = _readable(inputs, rows)
    made = dict(
        zip(readable, tiles(originals, readable, size, inputs.params.measure, inputs.params.workers), strict=True)
    )
    return [made.get(name, b"") for name in inputs.images["image_id"].gather(rows)]


def _too_small(inputs: Inputs) -> DataprepError:
    return DataprepError(
        f"the report alone takes more than {inputs.params.report.page_megabytes} MB, so no image fits into the page",
        where="params.yaml, report.page_megabytes",
        remedy="raise report.page_megabytes, or lower report.worst",
    )
