"""What the main sections say, from small data whose numbers are counted by hand."""

from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from dataprep.report import changes_section, data_section, left_section, opening, trust_section
from dataprep.report.assessment import assess
from dataprep.report.document import Document
from dataprep.report.facts import gather
from dataprep.report.grids import Picture
from tests.report.healthy import decisions, flags, groups, healthy, ids, kept, predictions


def text(blocks: Iterable[str | Picture]) -> str:
    return "\n\n".join(block for block in blocks if isinstance(block, str))


def alts(blocks: Iterable[str | Picture]) -> dict[str, str]:
    return {block.name.partition(".")[0]: block.alt for block in blocks if isinstance(block, Picture)}


def test_before_and_after_have_images_splits_classes_and_findings() -> None:
    made = healthy(issues=pl.concat([flags("dark", *ids()[9:14]), groups("exact_duplicate", ids()[21:24])]))
    made = replace(made, kept=kept(made.images, without=[*ids()[9:11], *ids()[21:23]]))
    said = text(changes_section.section(made, assess(made)))
    assert "| images | [360](#images) | [356](#images?state=kept) | −4 |" in said
    assert "| split <code>train</code> | [240](#images?split=train) | " in said
    assert "| classes | 3 | 3 | — |" in said
    assert "| exact duplicates | [3](#images?issue=exact_duplicate) | 0 | −3 |" in said
    assert "| dark images | [5](#images?issue=dark) | [3](#images?issue=dark&state=kept) | −2 |" in said
    assert "No image was removed." in said


def test_relabeled_images_are_shown() -> None:
    made = healthy()
    made = replace(made, kept=kept(made.images, labels={ids()[0]: "b", ids()[3]: "c"}))
    blocks = list(changes_section.section(made, assess(made)))
    assert "[2](#images?state=relabeled) images got another label" in text(blocks)
    assert alts(blocks)["relabeled"].endswith("the first from a to b")


def test_what_is_left_has_undecided_findings_and_the_next_images() -> None:
    made = healthy(issues=flags("outlier", *ids()[30:36]), decisions=decisions((ids()[30], "keep")))
    blocks = list(left_section.section(made, assess(made)))
    assert "| Outliers | 5 (see [6](#images?issue=outlier&state=kept&sort=outlier)) |" in text(blocks)
    assert "`make review`" in text(blocks)
    assert alts(blocks)["next_to_review"].startswith("The next 8 images to review")


def test_once_all_is_decided_nothing_is_left() -> None:
    made = healthy(decisions=decisions(*((name, "keep") for name in ids())))
    blocks = list(left_section.section(made, assess(made)))
    assert "People decided about every image." in text(blocks)
    assert "next_to_review" not in alts(blocks)


def test_how_sure_names_accuracy_calibration_and_the_lowest_class() -> None:
    images = healthy().images
    said = ["a" if row in (1, 4) else label for row, label in enumerate(images["label"])]
    made = healthy(predictions=predictions(images, said))
    blocks = list(trust_section.section(made, assess(made)))
    assert "**99.4% of the 360 given labels**" in text(blocks)
    assert "class [b](#images?label=b&sort=label_error) with 98.3%" in text(blocks)
    assert "The predictions in `reviews/predictions` give" in text(blocks)
    found = alts(blocks)
    assert found["confusion"].endswith("2 differ; most often b as a, 2")
    assert "360 predictions" in found["calibration"] and "lowest: b, 98.3%" in found["class_accuracy"]
    assert "suggested_labels" not in found


def test_without_predictions_nothing_is_known_of_labels() -> None:
    made = healthy()
    made = replace(made, predictions=made.predictions[:0])
    assert "nothing is known of the labels" in text(trust_section.section(made, assess(made)))


def test_sizes_are_drawn_where_they_differ() -> None:
    made = healthy()
    assert "all 8 x 8 px" in text(data_section.section(made))
    assert "image_sizes" not in alts(data_section.section(made))
    wide = made.images.with_columns(width=pl.when(pl.int_range(pl.len()) < 9).then(7).otherwise(12).cast(pl.Int32))
    blocks = list(data_section.section(replace(made, images=wide)))
    assert "2 sizes, 7 to 12 px wide and 8 to 8 px high, median 12 x 8" in text(blocks)
    assert "which enlarges 9 of them" in text(blocks)
    assert alts(blocks)["image_sizes"] == "Widths and heights of 360 images, 2 sizes"


def test_one_class_and_few_bytes_are_said_as_such() -> None:
    said = text(data_section.section(healthy(names=("a",))))
    assert "One class, a: there is nothing to tell apart." in said
    assert " of 0 MiB" not in said and " KiB; " in said


def test_the_interval_says_whose_judgment_it_is_before_and_after() -> None:
    made = healthy()
    order = gather(made).order.sort("turn")["image_id"].to_list()
    gone = decisions(*((name, "drop") for name in order[:120]))
    found = assess(replace(made, decisions=gone, kept=kept(made.images, without=order[:120])))
    bases = [found.before["labels_right"], found.written["labels_right"]]
    assert bases[0].basis == "people"
    mixed = replace(found, written=found.written | {"labels_right": replace(bases[1], basis="model", note="")})
    assert "in the order of review, then by the networks |" in text(opening.section(made, mixed))


def test_yes_needs_no_reasons() -> None:
    made = healthy()
    blocks = list(opening.section(made, assess(made)))
    assert "**Yes.** Nothing that was looked for speaks against it." in text(blocks)
    assert "Test independent 100.0%" in alts(blocks)["health"]


def test_a_folded_part_keeps_pictures_and_goes_one_level_down() -> None:
    document = Document("figures")
    document.fold("Title", ["## One", Picture("a.png", "alt", b""), "### Two"])
    document.fold("Nothing", [])
    assert document.pictures[0].name == "a.png"
    body = "### One\n\n![alt](figures/a.png)\n\n#### Two"
    assert document.blocks == [f"<details><summary>Title</summary>\n\n{body}\n\n</details>"]
