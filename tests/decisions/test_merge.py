"""Decisions from another file: whose later word holds, and what is told instead of overwritten."""

import polars as pl

from dataprep.decisions.merge import merge
from tests.decisions.test_table import decisions

EARLY, LATE = "2026-01-01T10:00:00Z", "2026-01-01T12:00:00+01:00"  # the latter an hour later


def merged(present: dict[str, str | None], incoming: dict[str, str | None]) -> tuple[list[tuple[str, ...]], list[str]]:
    same = {"image_id": "a", "reviewer": "Ada"}
    rows, told = merge(decisions(same | present), decisions(same | incoming))
    return rows.select("reviewer", "verdict").rows(), told


def test_a_new_decision_is_taken_and_an_equal_one_changes_nothing() -> None:
    rows, told = merge(decisions({"image_id": "a", "verdict": "keep"}), decisions({"image_id": "b", "verdict": "keep"}))
    assert (rows["image_id"].to_list(), told) == (["b"], [])
    assert merged({"verdict": "keep", "decided_at": EARLY}, {"verdict": "keep", "decided_at": LATE}) == ([], [])


def test_another_reviewers_decision_is_taken_beside() -> None:
    assert merged({"verdict": "keep"}, {"verdict": "drop", "reviewer": "Bob"}) == ([("Bob", "drop")], [])


def test_the_later_of_ones_own_holds() -> None:
    early, late = {"verdict": "keep", "decided_at": EARLY}, {"verdict": "drop", "decided_at": LATE}
    assert merged(early, late) == ([("Ada", "drop")], [])
    assert merged(late, early) == ([], [f"a: Ada's 'keep' ({EARLY}) is older than 'drop' ({LATE}), which stays"])


def test_without_times_the_present_one_stays_and_is_told() -> None:
    for time in (None, "yesterday", EARLY):
        rows, told = merged({"verdict": "keep", "decided_at": EARLY}, {"verdict": "drop", "decided_at": time})
        assert rows == []
        assert told[0].startswith(f"a: Ada's 'drop' ({time or 'no time'}) has no time that tells whether it is later")


def test_labels_count() -> None:
    one, other = ({"verdict": "relabel", "label": name, "decided_at": at} for name, at in (("x", EARLY), ("y", LATE)))
    assert merged(one, other)[0] == [("Ada", "relabel")]
    assert isinstance(merge(decisions(), decisions())[0], pl.DataFrame)
