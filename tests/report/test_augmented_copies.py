from typing import Any

import polars as pl

from dataprep.report.augmented_copies import sentences
from dataprep.schema import AUGMENTED


def index(*rows: dict[str, Any]) -> pl.DataFrame:
    filled = [{"image_id": str(n // 2), "copy": n % 2 + 1, "partner_share": 0.0} | row for n, row in enumerate(rows)]
    return pl.DataFrame(filled, schema=AUGMENTED.columns)


def test_plain_copies_are_counted() -> None:
    assert sentences(index({}, {}, {}, {})) == "4 augmented copies of 2 training images."


def test_mixed_copies_are_told() -> None:
    partner = {"partner_id": "9", "partner_label": "x"}
    said = sentences(index(partner | {"partner_share": 0.25}, partner | {"partner_share": 0.125}, {}, {}))
    assert said.endswith("50.0% are mixed with another training image, whose mean share is 18.8%.")


def test_cut_out_objects_are_told() -> None:
    masked = {"masked": True}
    rows = [masked | {"scene": "background"}, masked | {"scene": "hybrid", "scene_id": "1"}]
    said = sentences(index(*rows, {"masked": False}, {"masked": False}, masked, masked | {"scene": "background"}))
    assert said.endswith(
        "2 of these images have a mask (66.7%), the others keep their background: "
        "2 copies have a drawn one, 1 another training image."
    )
