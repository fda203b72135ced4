"""What the report says of the augmentation, from fake audits."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from dataprep.markdown import escape
from dataprep.report import augmentation_section, numbers
from dataprep.report.grids import Picture
from dataprep.report.inputs import Inputs
from dataprep.report.terminal import summary
from dataprep.schema import AUGMENTATION_AUDIT
from dataprep.wording import OPERATIONS, operation_value
from tests import frames
from tests.report.augmentation import Changes, audit, left_out
from tests.report.builders import HOSTILE, LABELS, SIDE, inputs

UNUSED: Changes = {
    ("rotation", 180.0, "cat"): HOSTILE,
    ("horizontal_flip", 1.0, HOSTILE): None,
    ("crop", 0.5, "cat"): None,
    ("crop", 0.5, "_dog_"): None,
}


def made(changes: Changes, **more: Any) -> Inputs:
    usual = inputs()
    table = audit(LABELS, usual.images["image_id"].to_list(), changes)
    examples = np.zeros((table["example"].count(), SIDE, SIDE, 3), np.uint8)
    return inputs(**({"audit": table, "audit_examples": examples} | more))


def blocks(given: Inputs) -> str:
    return "\n".join(block for block in augmentation_section.section(given) if isinstance(block, str))


def drawn(given: Inputs) -> dict[str, Picture]:
    return {block.name: block for block in augmentation_section.section(given) if isinstance(block, Picture)}


def line(text: str, title: str) -> list[str]:
    found = next(row for row in text.splitlines() if row.startswith((f"| {title} |", f"| **{title}** |")))
    return [cell.strip() for cell in found.strip("|").split(" | ")]


def test_nothing_changed_is_said_and_nothing_drawn() -> None:
    text = blocks(inputs())
    assert "**What is in use changes no class**" in text
    assert line(text, "rotation")[1:] == ["−10 to +10°", "−10 to +180°", "nothing"]
    assert drawn(inputs()) == {}


def test_what_is_not_in_use_is_told_with_its_range_and_pictures() -> None:
    given = made(UNUSED)
    text = blocks(given)
    assert "**What is in use changes no class**" in text
    assert line(text, "rotation")[2:] == ["−10 to +10°", f"cat → {escape(HOSTILE)} (+180°)"]
    assert line(text, "mirrored left to right")[1:] == ["no", "no", "1 class no longer recognized"]
    assert line(text, "crop")[2:] == ["at no value tried", "2 classes no longer recognized"]
    assert set(drawn(given)) == {"augmentation_limits.png", "augmentation_changes.png"}


def test_what_is_in_use_and_changes_a_class_is_a_warning() -> None:
    given = made(UNUSED | {("rotation", 10.0, "cat"): "_dog_", ("as_configured", None, "_dog_"): None})
    text = blocks(given)
    assert "**What is in use makes another class of: cat (then &#95;dog&#95;) by rotation.**" in text
    assert "makes unrecognizable to the networks: &#95;dog&#95; by all together, as drawn.**" in text
    assert "changes no class" not in text
    assert line(text, "rotation")[0] == "**rotation**"
    assert line(text, "rotation")[2] == "−10 to 0°"
    metrics = numbers.metrics(given)
    assert metrics["augmentation_changes"] == {"as_configured": 1, "rotation": 1}
    assert "augmentation changes classes: all together, as drawn 1, rotation 1" in summary(metrics, Path("r.md"))
    assert "augmentation changes" not in summary(numbers.metrics(inputs()), Path("r.md"))


def test_pictures_are_small_and_the_same_each_time() -> None:
    first, again = drawn(made(UNUSED)), drawn(made(UNUSED))
    for name, picture in first.items():
        assert picture.data == again[name].data
        assert len(picture.data) < 100_000
        assert len(picture.alt) > 20


def test_the_map_has_a_row_per_side_that_changes_and_at_most_twenty_classes() -> None:
    usual = inputs()
    heights, widths = [], []
    for count in (20, 40):
        labels = [f"class {number:02d}" for number in range(count)]
        for rows in (1, 2):
            changes: Changes = {("crop", 0.5, name): None for name in labels}
            changes |= {("horizontal_flip", 1.0, name): None for name in labels} if rows == 2 else {}
            table = audit(labels, usual.images["image_id"].to_list(), changes)
            size = Image.open(io.BytesIO(augmentation_section.beginnings(table, labels) or b"")).size
            widths.append(size[0])
            heights.append(size[1])
    assert heights[0] < heights[1]
    assert len(set(widths)) == 1


def test_many_changes_are_counted_not_listed() -> None:
    labels = [f"c{number}" for number in range(9)]
    images = frames.images([{"image_id": f"{number:03d}", "label": labels[number % 9]} for number in range(60)])
    changes: Changes = {("rotation", 10.0, label): labels[0] for label in labels[1:]}
    table = audit(labels, images["image_id"].to_list(), changes)
    text = blocks(inputs(images=images, audit=table, audit_examples=np.zeros((8, SIDE, SIDE, 3), np.uint8)))
    assert "4 more by rotation" in text
    assert "4 more such changes" in text


def test_classes_that_were_not_looked_at_are_counted() -> None:
    usual = inputs()
    table = audit(LABELS[:2], usual.images["image_id"].to_list(), {})
    assert "1 class was not looked at" in blocks(inputs(audit=table))
    assert "not looked at" not in blocks(usual)


def test_without_copies_nothing_is_in_use() -> None:
    usual = inputs()
    params = usual.params.model_copy(update={"augment": usual.params.augment.model_copy(update={"copies": 0})})
    text = blocks(inputs(params=params, audit=usual.audit.with_columns(in_use=pl.lit(False))))
    assert "No operation is in use" in text
    assert line(text, "rotation")[1] == "no"


def test_without_an_audit_the_reason_is_told() -> None:
    text = blocks(inputs(audit=AUGMENTATION_AUDIT.empty()))
    assert "was not looked at" in text
    assert "**What is in use" not in text


def test_nothing_is_said_when_nothing_is_augmented_or_looked_at() -> None:
    usual = inputs()
    given = inputs(audit=AUGMENTATION_AUDIT.empty(), augmented_index=usual.augmented_index[:0])
    assert list(augmentation_section.section(given)) == []


def test_copies_that_were_left_out_are_counted_and_shown() -> None:
    assert "Of 18 augmented copies, each compared with the 12 images of the other splits, none is" in blocks(inputs())
    kept = inputs().kept
    ids = kept["image_id"].to_list()
    table = left_out(ids[10:18], ids[-8:])
    given = inputs(left_out=table, left_out_pixels=np.zeros((8, SIDE, SIDE, 3), np.uint8))
    text = blocks(given)
    assert "Of 26 augmented copies" in text
    assert "**8 came too near to one and were left out**" in text
    assert text.index("| 0.67 |") < text.index("| 0.62 |")
    assert "| 0.61 |" not in text  # six are listed
    assert {name.partition(".")[0] for name in drawn(given)} == {"augmentation_left_out"}
    assert numbers.metrics(given)["augmented_left_out"] == 8


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_words(name: str) -> None:
    assert OPERATIONS[name].title
    assert "e" not in operation_value(name, 0.05, unit=False)
