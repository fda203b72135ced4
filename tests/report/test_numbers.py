"""The report's numbers, counted by hand on the fake data set."""

import json

import polars as pl

from dataprep.report import numbers
from dataprep.report.terminal import summary
from tests.report.builders import inputs


def test_metrics_are_what_one_counts_by_hand() -> None:
    values = numbers.metrics(inputs())
    wanted = {
        "version": "abc123",
        "images": 60,
        "classes": 3,
        "unreadable": 1,
        "skipped_files": 1,
        "judged": 58,
    }
    wanted |= {
        "kept": 55,
        "removed": 5,
        "relabeled": 1,
        "augmented": 18,
        "written": 55,
        "unlabeled": 0,
        "flagged": 12,
    }
    assert {name: values[name] for name in wanted} == wanted
    assert values["issues"]["near_duplicate"] == 5
    assert values["issues"]["blurry"] == 0
    assert values["splits"] == {"test": 12, "train": 48}
    assert values["out_of_fold_accuracy"] == round(56 / 58, 6)
    assert values["planted"]["exact_copy"] == {
        "planted": 2,
        "found": 1,
        "recall": 0.5,
        "flagged": 2,
        "precision": 1.0,
    }


def test_metrics_are_numbers_that_json_keeps() -> None:
    values = numbers.metrics(inputs())
    assert json.loads(json.dumps(values, allow_nan=False)) == values


def test_what_cannot_be_said_is_left_out() -> None:
    few = inputs()
    values = numbers.metrics(inputs(predictions=few.predictions[:0], faults=None))
    assert values["judged"] == 0
    assert not {"out_of_fold_accuracy", "planted"} & set(values)


def test_plot_tables_have_a_row_per_judged_image_and_count_all_images() -> None:
    tables = numbers.plot_tables(inputs())
    assert tables["confusion.csv"].shape == (58, 2)
    assert tables["confusion.csv"].filter(pl.col("given") != pl.col("predicted")).height == 2
    assert tables["class_balance.csv"].columns == ["split", "label", "images"]
    assert tables["class_balance.csv"]["images"].sum() == 60
    assert dict(tables["issues.csv"].iter_rows())["label_error"] == 2


def test_counts_by_puts_the_most_frequent_first_and_ties_in_order() -> None:
    frame = pl.DataFrame({"a": ["y", "x", "z", "z", None]})
    assert numbers.counts_by(frame, "a").rows() == [("z", 2), ("x", 1), ("y", 1), (None, 1)]


def test_the_terminal_summary_says_what_was_found_and_what_to_do(tmp_path) -> None:  # type: ignore[no-untyped-def]
    told = summary(numbers.metrics(inputs()), tmp_path / "summary.md")
    for part in (
        "60 images",
        "can I train on this? no: ",
        "abc123",
        str(tmp_path / "summary.md"),
        "make review",
        "2  suspect labels",
        "strange color",
    ):
        assert part.lower() in told.lower()
    assert len(told.splitlines()) < 30
    assert "images:" not in told
    page = tmp_path / "summary.html"
    assert f"images:  {page}" in summary(numbers.metrics(inputs()), tmp_path / "summary.md", page)
    assert "planted" not in summary(numbers.metrics(inputs(faults=None)), tmp_path)
