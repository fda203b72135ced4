"""What is left: an estimate that hits planted truth, an interval that covers it, a rule that stops."""

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from dataprep.decisions.remaining import Remaining, in_words, remaining
from dataprep.schema import TURNS

NOBODY = pl.DataFrame(schema={"image_id": pl.String})
ENOUGH = 0.01


def world(seed: int, count: int = 1500, *, misled: bool = False) -> tuple[pl.DataFrame, NDArray[np.bool_]]:
    """Return TURNS and which images are wrong; a misled detector gives every second image another's suspicion."""
    random = np.random.default_rng(seed)
    doubt = np.where(random.random(count) < 0.05, random.beta(8, 2, count), random.beta(0.5, 40, count))
    wrong = random.random(count) < np.where(misled & (np.arange(count) % 2 == 0), 0.03, doubt)
    weight = np.maximum(doubt, 0.25 * doubt.mean())
    names = [f"{n:06}" for n in range(count)]
    columns = {"image_id": names, "sha256": names, "label": names, "weight": weight}
    turn = random.exponential(size=count) / weight
    table = pl.DataFrame(columns | {"turn": turn}).with_columns(copy=pl.lit(False))
    return table.select(list(TURNS.columns)), wrong


def verdicts(rows: list[int], wrong: NDArray[np.bool_]) -> pl.DataFrame:
    said = ["relabel" if wrong[row] else "keep" for row in rows]
    schema = {"image_id": pl.String, "verdict": pl.String}
    return pl.DataFrame({"image_id": [f"{row:06}" for row in rows], "verdict": said}, schema=schema)


def reviewed(table: pl.DataFrame, wrong: NDArray[np.bool_], first: int, also: list[int] | None = None) -> Remaining:
    rows = np.argsort(table["turn"].to_numpy())[:first].tolist()
    return remaining(table, verdicts(sorted({*rows, *(also or [])}), wrong), NOBODY, ENOUGH)


@pytest.mark.parametrize("misled", [False, True])
@pytest.mark.parametrize("out_of_turn", [False, True])
def test_the_interval_covers_planted_truth(misled: bool, out_of_turn: bool) -> None:
    covered, expected, truth = [], [], []
    for seed in range(60):
        table, wrong = world(seed, misled=misled)
        worst = np.argsort(-table["weight"].to_numpy())[:80].tolist() if out_of_turn else []
        found = reviewed(table, wrong, 300, worst)
        left = int(wrong.sum()) - found.wrong
        covered.append(found.low <= left <= found.high)
        expected.append(found.expected)
        truth.append(left)
    assert np.mean(covered) >= 0.9
    assert np.mean(expected) == pytest.approx(np.mean(truth), rel=0.15)


def test_the_interval_narrows_and_the_rule_stops() -> None:
    table, wrong = world(0)
    course = [reviewed(table, wrong, first) for first in (50, 200, 500, 1000, 1400)]
    highs = [found.high for found in course]
    assert highs == sorted(highs, reverse=True)
    assert course[0].more > 0 and course[-1].more == 0
    assert all((found.more == 0) == (found.high <= ENOUGH * 1500) for found in course)


def test_so_many_more_are_needed_as_told() -> None:
    table, _ = world(1)
    clean = np.zeros(table.height, bool)
    told = reviewed(table, clean, 100)
    assert told.more > 0
    assert reviewed(table, clean, 100 + told.more).more == 0
    assert reviewed(table, clean, 100 + told.more - 1).more == 1


def test_nothing_found_leaves_the_rule_of_three() -> None:
    count, seen = 10_000, 300
    table, _ = world(2, count)
    even = table.with_columns(weight=pl.lit(1.0), turn=pl.int_range(1, count + 1) / count)
    found = remaining(even, verdicts(list(range(seen)), np.zeros(count, bool)), NOBODY, ENOUGH)
    assert (found.expected, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(3.689 * count / seen, rel=0.02)


def test_at_the_ends() -> None:
    table, wrong = world(3, 50)
    none, everything = reviewed(table, wrong, 0), reviewed(table, wrong, 50)
    assert (none.expected, none.high, none.decided) == (None, 50.0, 0)
    assert (everything.high, everything.more, everything.wrong) == (0.0, 0, int(wrong.sum()))
    empty = remaining(table.clear(), verdicts([], wrong), NOBODY, ENOUGH)
    assert (empty.images, empty.rate) == (0, (0.0, 0.0, 0.0))


def test_a_dropped_copy_is_no_fault_and_a_dispute_is() -> None:
    table, _ = world(4, 4)
    table = table.with_columns(copy=pl.Series([True, False, False, False]))
    agreed = pl.DataFrame({"image_id": ["000000", "000001"], "verdict": ["drop", "drop"]})
    found = remaining(table, agreed, pl.DataFrame({"image_id": ["000002"]}), ENOUGH)
    assert (found.decided, found.wrong) == (3, 2)


def test_the_running_estimate_in_words() -> None:
    assert in_words(Remaining(1000, 0, 0, None, 0.0, 1000.0, 400)) == (
        "0 of 1,000 decided, 0 wrong; unknown (0.0 to 100.0 %) still wrong; enough after 400 more"
    )
    assert in_words(Remaining(1000, 900, 30, 0.0, 0.0, 4.0, 0)) == (
        "900 of 1,000 decided, 30 wrong; 0.0 % (0.0 to 0.4 %) still wrong; that is enough"
    )
