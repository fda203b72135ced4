"""What the report says of the classes, from fake tables."""

import io

import numpy as np
import polars as pl
from PIL import Image

from dataprep.report import class_section
from dataprep.report.grids import Picture
from dataprep.report.inputs import Inputs
from tests import frames
from tests.report.builders import class_pairs, coverage, inputs

NAMES = [f"class {number:02d}" for number in range(23)]


def blocks(made: Inputs) -> str:
    return "\n".join(block for block in class_section.section(made) if isinstance(block, str))


def drawn(made: Inputs) -> dict[str, Picture]:
    """Return the pictures by name, without suffix: it depends on how well the pixels compress."""
    return {block.name.partition(".")[0]: block for block in class_section.section(made) if isinstance(block, Picture)}


def many() -> Inputs:
    images = frames.images([{"image_id": name, "label": name} for name in NAMES])
    return inputs(images=images, class_pairs=class_pairs(NAMES), subclasses=inputs().subclasses[:0])


def test_nothing_is_said_when_nothing_was_judged() -> None:
    full = inputs()
    bare = inputs(class_pairs=full.class_pairs[:0], coverage=full.coverage[:0], subclasses=full.subclasses[:0])
    assert list(class_section.section(bare)) == []


def test_wrong_labels_are_counted_and_the_largest_flows_come_first() -> None:
    pairs = class_pairs().with_columns(
        images=pl.when((pl.col("given") == "cat") & (pl.col("right") == "_dog_")).then(7.4).otherwise("images")
    )
    text = blocks(inputs(class_pairs=pairs))
    assert "about 12 of 66 labels are wrong" in text
    first = text.split("\n| :--")[1].split("\n")[1]
    assert first.startswith("| cat | &#95;dog&#95; | 7 |")
    assert "more are smaller" not in text


def test_overlapping_classes_are_named_once_and_merging_is_another_thing() -> None:
    text = blocks(inputs())
    assert text.count("told apart far worse") == 1
    assert text.count("&#95;dog&#95; and cat (90.0%)") == 1
    assert "Hardly told apart" not in text
    merged = blocks(inputs(class_pairs=class_pairs(merge=True)))
    assert "**Hardly told apart: &#95;dog&#95; and cat (90.0%).**" in merged
    assert "told apart far worse" not in merged


def test_where_no_classes_overlap_the_report_says_so() -> None:
    text = blocks(inputs(class_pairs=class_pairs().with_columns(overlapping=pl.lit(False))))
    assert "No two classes overlap far more than is usual here" in text


def test_both_sides_of_a_class_are_named_and_shown() -> None:
    made = inputs()
    text, pictures = blocks(made), drawn(made)
    assert "(60.0% and 40.0%, valley 70.0% deep)" in text
    image = Image.open(io.BytesIO(pictures["subclasses"].data))
    assert image.width > image.height
    assert "Classes within classes" in text
    none = inputs(subclasses=made.subclasses[:0])
    assert "No class falls into clearly separate groups" in blocks(none)
    assert "subclasses" not in drawn(none)


def test_the_coverage_table_has_half_most_and_all_of_the_images() -> None:
    text = "\n".join(block for block in class_section.coverage(coverage()) if isinstance(block, str))
    for row in ("| 50.0% | 90.0% | 95.0% | 0.750 |", "| 80.0% |", "| 100.0% | 80.0% | 90.0% | 0.500 |"):
        assert row in text
    last = [block for block in class_section.coverage(coverage()[-1:]) if isinstance(block, str)]
    assert "\n".join(last).count("| 100.0% |") == 1


def test_of_many_classes_the_worst_are_drawn_and_the_rest_of_the_flows_counted() -> None:
    made = many()
    text, pictures = blocks(made), drawn(made)
    assert "20 of 23 classes" in pictures["noise_matrix"].alt
    assert "The 10 largest such flows; 496 more are smaller." in text


def test_pictures_have_words_are_small_and_the_same_bytes_each_time() -> None:
    first, second = drawn(inputs()), drawn(inputs())
    assert set(first) == {"noise_matrix", "subclasses"}
    for name, picture in first.items():
        assert picture.data == second[name].data
        assert len(picture.alt) > 20
        assert len(picture.data) < 200_000


def test_a_single_class_may_still_have_groups() -> None:
    full = inputs()
    text = blocks(inputs(class_pairs=full.class_pairs[:0], coverage=full.coverage[:0]))
    assert "Classes within classes" in text
    assert "labels are wrong" not in text


def test_typical_images_are_the_rows_of_pixels_that_the_table_names() -> None:
    made = inputs()
    pixels = np.zeros_like(made.pixels)
    rows = {name: row for row, name in enumerate(made.images["image_id"])}
    for name in made.subclasses["examples"][0]:
        pixels[rows[name]] = 255
    image = np.asarray(Image.open(io.BytesIO(drawn(inputs(pixels=pixels))["subclasses"].data)).convert("L"))
    middle = image[:, image.shape[1] // 16]
    half = len(middle) // 2
    assert (middle[:half] == 0).sum() < 100 < (middle[half:] == 0).sum()
