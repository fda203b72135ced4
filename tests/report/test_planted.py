"""Recall and precision against planted faults, by the rules that `planted` states."""

from typing import Any

import polars as pl
import pytest

from dataprep.report.planted import score
from dataprep.schema import FAULTS
from tests.frames import issues


def faults(*rows: tuple[str, str, str | None]) -> pl.DataFrame:
    return pl.DataFrame([(*row, None) for row in rows], schema=FAULTS.columns, orient="row")


def flagged(kind: str, **groups: int | None) -> pl.DataFrame:
    return issues(kind, [{"image_id": name, "is_issue": True, "group": group} for name, group in groups.items()])


def only(scores: pl.DataFrame) -> dict[str, Any]:
    return scores.row(0, named=True)


@pytest.mark.parametrize(
    ("fault", "kind", "found"),
    [
        ("exact_copy", "exact_duplicate", 1),
        ("exact_copy", "near_duplicate", 0),
        ("near_copy", "near_duplicate", 1),
        ("near_copy", "exact_duplicate", 1),
        ("split_copy", "split_leak", 1),
        ("split_copy", "exact_duplicate", 0),
    ],
)
def test_a_copy_is_found_in_one_group_with_its_source(fault: str, kind: str, found: int) -> None:
    planted = faults(("copy", fault, "source"))
    assert only(score(planted, flagged(kind, copy=1, source=1)))["found"] == found
    assert only(score(planted, flagged(kind, copy=1, source=2)))["found"] == 0
    assert only(score(planted, flagged(kind, copy=1)))["found"] == 0


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("swapped_label", "label_error"), ("odd_image", "outlier"), ("unreadable_file", "unreadable")],
)
def test_a_single_fault_is_found_by_its_kinds_only(fault: str, kind: str) -> None:
    planted = faults(("a", fault, None), ("b", fault, None))
    scores = only(score(planted, flagged(kind, a=None, c=None)))
    assert (scores["found"], scores["recall"], scores["flagged"], scores["precision"]) == (1, 0.5, 2, 0.5)
    assert only(score(planted, flagged("split_leak", a=1)))["found"] == 0


def test_rows_that_are_no_issue_do_not_count() -> None:
    quiet = issues("label_error", [{"image_id": "a", "is_issue": False}])
    scores = only(score(faults(("a", "swapped_label", None)), quiet))
    assert (scores["found"], scores["flagged"], scores["precision"]) == (0, 0, None)


def test_natural_duplicates_count_against_precision_and_sources_do_not() -> None:
    planted = faults(("copy", "exact_copy", "source"))
    scores = only(score(planted, flagged("exact_duplicate", copy=1, source=1, x=2, y=2)))
    assert (scores["flagged"], scores["precision"]) == (4, 0.5)


def test_a_copy_of_another_kind_is_a_right_flag() -> None:
    planted = faults(("a", "exact_copy", "b"), ("c", "split_copy", "d"))
    found = score(planted, flagged("exact_duplicate", a=1, b=1, c=2, d=2))
    assert found.filter(pl.col("fault") == "exact_copy")["precision"].item() == 1.0


def test_an_unknown_fault_is_found_by_any_kind_and_has_no_precision() -> None:
    scores = only(score(faults(("a", "strange", None)), flagged("outlier", a=None)))
    assert (scores["found"], scores["precision"]) == (1, None)
