"""What the report says of spurious correlations, from fake tables."""

import io
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from dataprep.markdown import escape
from dataprep.properties import properties
from dataprep.report import numbers, spurious_section
from dataprep.report.grids import Picture
from dataprep.report.inputs import Inputs
from dataprep.report.terminal import summary
from dataprep.spurious import judged_rows
from dataprep.wording import PROPERTIES, property_wording
from tests import frames
from tests.report.builders import HOSTILE, correlations, inputs

BOTH = {"format": 0.9, "border_brightness": 0.6}


def blocks(made: Inputs) -> str:
    return "\n".join(block for block in spurious_section.section(made) if isinstance(block, str))


def drawn(made: Inputs) -> dict[str, Picture]:
    return {block.name: block for block in spurious_section.section(made) if isinstance(block, Picture)}


def size(picture: Picture) -> tuple[int, int]:
    return Image.open(io.BytesIO(picture.data)).size


def test_nothing_is_said_when_nothing_was_looked_at() -> None:
    assert list(spurious_section.section(inputs(correlations=correlations()[:0]))) == []
    assert "spurious_correlations" not in numbers.metrics(inputs(correlations=correlations()[:0]))


def test_without_a_finding_all_strengths_are_there_still() -> None:
    made = inputs()
    text = blocks(made)
    assert "**No property follows the label too well.**" in text
    assert "| file format | " in text
    assert "polar bears" not in text
    assert set(drawn(made)) == {"spurious_strength.png"}


def test_findings_have_strength_contrast_and_remedy() -> None:
    text = blocks(inputs(correlations=correlations(**BOTH)))
    assert "**These follow the label too well: file format (90.0%), border brightness (60.0%).**" in text
    assert f"- File format: **{escape(HOSTILE)}** (90.0%; 90.0% PNG against 25.0% elsewhere)." in text
    assert "brighter, median 0.90 against 0.25 elsewhere" in text
    assert "encode or resize all images alike" in text
    assert "A background may belong to the class" in text
    assert "| **file format** | " in text
    assert "Light and color may" not in text


@pytest.mark.parametrize(("auroc", "words"), [(0.5, "in a range of its own"), (0.1, "darker, median")])
def test_the_direction_is_told_where_there_is_one(auroc: float, words: str) -> None:
    made = correlations(**BOTH).with_columns(auroc=pl.when(pl.col("category").is_null()).then(auroc))
    assert words in blocks(inputs(correlations=made))


def test_a_flagged_class_stands_for_its_property_though_a_small_one_scores_higher() -> None:
    made = correlations(border_brightness=0.6)
    lucky = (pl.col("label") == "cat") & (pl.col("property") == "border_brightness")
    made = made.with_columns(strength=pl.when(lucky).then(0.7).otherwise("strength"))
    first = spurious_section.strongest_classes(made).row(0, named=True)
    assert (first["label"], first["strength"], first["spurious"]) == (HOSTILE, 0.6, True)


def test_what_says_nothing_is_named_and_small_classes_are_counted() -> None:
    made = correlations(border_brightness=0.6).filter(pl.col("label").is_null() | (pl.col("label") != "cat"))
    mute = pl.when(pl.col("property") == "format").then(0.0).otherwise("strength")
    text = blocks(inputs(correlations=made.with_columns(strength=mute)))
    assert "They say nothing of any class: file format." in text
    assert "Left out as having fewer than 10 images: 1 class." in text


def test_many_flagged_classes_are_counted_and_all_classes_named() -> None:
    labels = [f"class {number}" for number in range(7)]
    made = correlations(labels, format=0.8).with_columns(spurious=pl.col("property") == "format", strength=pl.lit(0.8))
    rows = [{"image_id": f"{n:03d}", "label": labels[n % 7]} for n in range(60)]
    text = blocks(inputs(correlations=made, images=frames.images(rows)))
    assert "3 more classes, all classes from each other (80.0%)." in text


def test_pictures_are_the_same_bytes_each_time_and_grow_with_what_they_show() -> None:
    one, both = (drawn(inputs(correlations=correlations(**found))) for found in ({"format": 0.9}, BOTH))
    assert size(one["spurious_values.png"])[1] < size(both["spurious_values.png"])[1]
    again = drawn(inputs(correlations=correlations(**BOTH)))
    for name, picture in both.items():
        assert picture.data == again[name].data
        assert len(picture.data) < 200_000
        assert len(picture.alt) > 20


def test_of_many_classes_most_become_one_row() -> None:
    heights = []
    for many in (11, 30):
        labels = [f"class {number:02d}" for number in range(many)]
        rows = [{"image_id": f"{n:03d}", "label": labels[n % many]} for n in range(10 * many)]
        made = inputs(
            correlations=correlations(labels, border_brightness=0.8),
            images=frames.images(rows),
            measurements=frames.measurements([{"image_id": row["image_id"]} for row in rows]),
            pixels=np.zeros((len(rows), 8, 8, 3), np.uint8),
        )
        heights.append(size(drawn(made)["spurious_values.png"])[1])
    assert heights[0] == heights[1]


def test_metrics_and_the_terminal_name_what_was_flagged(tmp_path: Any) -> None:
    metrics = numbers.metrics(inputs(correlations=correlations(**BOTH)))
    assert metrics["spurious_correlations"] == {"border_brightness": 0.6, "format": 0.9}
    assert "follow the label too well: file format 0.90, border brightness 0.60" in summary(metrics, tmp_path)
    assert "too well" not in summary(numbers.metrics(inputs()), tmp_path)


def test_every_property_has_words() -> None:
    made = inputs()
    rows = judged_rows(made.images, made.measurements)
    known = {item.name for item in properties(made.images, made.measurements, made.pixels, rows)}
    assert known == set(PROPERTIES)
    assert property_wording("jpeg_blocks").title == "jpeg blocks"
