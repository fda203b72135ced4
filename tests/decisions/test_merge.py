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


def test_a_second_look_at_an_image_that_has_changed_is_taken() -> None:
    same = {"image_id": "a", "reviewer": "Ada", "verdict": "keep", "decided_at": LATE}
    for at in (EARLY, LATE, "2027-01-01T00:00:00Z", None):
        rows, told = merge(decisions(same | {"sha256": "old"}), decisions(same | {"sha256": "new", "decided_at": at}))
        assert (rows["sha256"].to_list(), told) == (["new"], [])
        again = merge(rows, rows)
        assert (again[0].height, again[1]) == (0, [])


def test_a_note_that_was_added_is_taken_unless_the_present_row_is_later() -> None:
    same = {"image_id": "a", "reviewer": "Ada", "verdict": "drop", "decided_at": EARLY}
    for at in (EARLY, LATE, None):
        rows, told = merge(decisions(same), decisions(same | {"note": "blurred", "decided_at": at}))
        assert (rows["note"].to_list(), told) == (["blurred"], [])
    rows, told = merge(decisions(same | {"note": "cut", "decided_at": LATE}), decisions(same | {"note": "blurred"}))
    assert rows.is_empty()
    assert told == [f"a: Ada's 'drop, blurred' ({EARLY}) is older than 'drop, cut' ({LATE}), which stays"]


def test_a_note_is_taken_away_only_by_what_is_later() -> None:
    same = {"image_id": "a", "reviewer": "Ada", "verdict": "drop", "decided_at": EARLY}
    rows, told = merge(decisions(same | {"note": "cut"}), decisions(same))
    assert rows.is_empty() and told[0].startswith(f"a: Ada's 'drop' ({EARLY}) has no time that tells")
    rows, told = merge(decisions(same | {"note": "cut"}), decisions(same | {"decided_at": LATE}))
    assert (rows["note"].to_list(), told) == ([None], [])
