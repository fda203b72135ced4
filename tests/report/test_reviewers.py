"""What the report says of reviews."""

import polars as pl

from dataprep.annotators import human_baseline
from dataprep.report import reviewers
from dataprep.schema import ANNOTATOR_PREFIX, DECISIONS
from tests.report.builders import HOSTILE, inputs


def made(*rows: dict[str, str | None], **more: object):  # type: ignore[no-untyped-def]
    table = pl.DataFrame([dict.fromkeys(DECISIONS.columns) | row for row in rows], schema=DECISIONS.columns)
    return inputs(decisions=table, **more)


IDS = inputs().images["image_id"].to_list()
ROWS = [
    {"image_id": IDS[20], "verdict": "keep", "reviewer": "Ada"},
    {"image_id": IDS[21], "verdict": "drop", "reviewer": "Ada"},
    {"image_id": IDS[22], "verdict": "relabel", "label": HOSTILE, "reviewer": "Ada"},
    {"image_id": IDS[20], "verdict": "keep", "reviewer": HOSTILE},
    {"image_id": IDS[21], "verdict": "keep", "reviewer": HOSTILE},
    {"image_id": "unknown", "verdict": "keep"},
]


def test_nothing_is_said_without_decisions() -> None:
    assert list(reviewers.section(inputs())) == []
    assert reviewers.metrics(inputs()) == {}


def test_people_agreement_and_what_is_not_applied() -> None:
    text = "\n\n".join(reviewers.section(made(*ROWS)))
    assert text.startswith("## What people decided")
    assert "3 of 59 decided, " in text and "still wrong" in text
    assert "| Ada | 3 | 1 | 1 | 1 |" in text and "| somebody | 1 | 1 | 0 | 0 |" in text
    assert "Two reviewers say the same of **50.0%** of the images that both decided." in text
    assert "2 decisions are not applied" in text and "unknown: not in the data" in text
    assert "reviewers differ" in text
    assert HOSTILE not in text and "<img>" not in text


def test_metrics() -> None:
    values = reviewers.metrics(made(*ROWS))
    assert (values["decisions"], values["decided"], values["disputed"]) == (6, 3, 1)
    assert values["reviewers_agree"] == 0.5
    assert 0 <= values["still_wrong_at_most"] <= 1


def test_one_reviewer_alone() -> None:
    text = "\n\n".join(reviewers.section(made(*ROWS[:3])))
    assert "their agreement is not known" in text and "not applied" not in text


def test_annotators_agreement_stands_beside() -> None:
    plain = inputs()
    images = plain.images.with_columns(
        pl.col("label").alias(f"{ANNOTATOR_PREFIX}one"),
        pl.when(pl.int_range(pl.len()) < 30).then("label").alias(f"{ANNOTATOR_PREFIX}two"),
    )
    assert human_baseline(images, plain.predictions).people == 1.0
    text = "\n\n".join(reviewers.section(made(*ROWS, images=images)))
    assert "Two annotators give the same label to 100.0% of the images that both labeled." in text
