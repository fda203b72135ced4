"""What every source gives: a table of entries and a way to read each one's bytes."""

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from dataprep.schema import ANNOTATOR_PREFIX, SKIPPED

DEFAULT_SPLIT = "train"


@dataclass(frozen=True)
class Catalog:
    """All images of a source, before any is read.

    entries: image_id (String, unique), label (String or null), split (String) and any
        `annotator:<name>` columns (String or null); one row per image.
    read: entry number (0-based row of `entries`) -> the encoded image file's bytes;
        raises OSError when they cannot be read.
    skipped: path and reason of each file that was seen and is not an image.
    """

    entries: pl.DataFrame
    read: Callable[[int], bytes]
    skipped: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SKIPPED.columns))


def entries(
    image_id: list[str],
    label: list[str | None],
    split: list[str],
    annotators: dict[str, list[str | None]] | None = None,
) -> pl.DataFrame:
    """Return the `entries` of a Catalog from plain columns of equal length."""
    columns = {"image_id": image_id, "label": label, "split": split}
    columns |= {ANNOTATOR_PREFIX + name: values for name, values in (annotators or {}).items()}
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
