"""Which copy is kept, and what the note says."""

import polars as pl
import pytest

from dataprep.clean import clean
from dataprep.config import Clean, ExactDuplicates
from dataprep.copies.choice import advice, with_choice
from dataprep.detectors import exact_duplicates
from dataprep.schema import DECISIONS
from tests import frames

ROWS = [  # group, image_id, pixel_count, bytes, split
    (0, "a", 10, 5, "train"),
    (0, "b", 20, 1, "train"),
    (1, "c", 10, 5, "test"),
    (1, "d", 10, 9, "train"),
    (2, "e", 10, 5, "train"),
    (2, "f", 10, 5, "test"),
    (3, "h", 10, 5, "train"),
    (3, "g", 10, 5, "train"),
    (4, "j", 10, 5, "val"),
    (4, "k", 10, 6, "test"),
    (None, "z", 99, 9, "train"),
]


def test_split_then_pixels_then_bytes_then_name() -> None:
    columns = {
        "group": pl.UInt32,
        "image_id": pl.String,
        "pixel_count": pl.Int64,
        "bytes": pl.Int64,
        "split": pl.String,
    }
    table = with_choice(pl.DataFrame(ROWS, schema=columns, orient="row"), "train")
    notes = dict(table.select("image_id", note=advice()).iter_rows())
    assert notes["a"] == "keep b: most pixels"
    assert notes["b"] == "the copy to keep: most pixels"
    assert notes["c"] == "the copy to keep: held out"
    assert notes["j"] == "keep k: largest file"
    assert notes["e"] == "keep f: held out"
    assert notes["h"] == "keep g: first by name"
    assert notes["z"] is None


@pytest.mark.parametrize("group", [0, 1, 2, 3, 4])
def test_cleaning_keeps_the_copy_that_the_note_names(group: int) -> None:
    chosen = [row for row in ROWS if row[0] == group]
    images = frames.images(
        [{"image_id": i, "bytes": b, "split": s, "sha256": i} for _, i, _, b, s in chosen]
        + [{"image_id": "y", "label": "b"}]
    )
    measured = frames.measurements(
        [{"image_id": i, "pixel_hash": "same", "pixel_count": p} for _, i, p, _, _ in chosen] + [{"image_id": "y"}]
    )
    issues = exact_duplicates.detect(images, measured, "train", ExactDuplicates(match="pixels"))
    named = next(row["image_id"] for row in issues.iter_rows(named=True) if "the copy to keep" in (row["note"] or ""))
    policy = Clean(policy={"exact_duplicate": "drop_extra"}, relabel_confidence=0.9)
    kept = clean(images, measured, issues, pl.DataFrame(schema=DECISIONS.columns), policy, "train").kept
    assert kept["image_id"].to_list() == sorted([named, "y"])
