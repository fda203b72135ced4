"""Which classes change, and into what: from made-up opinions."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from dataprep.augmentation.verdicts import judge, with_beginnings

NAMES = ["6", "8", "9"]


def opinions(labels: list[int], shares: dict[int, list[float]], classes: int = 3) -> np.ndarray:
    """Return (n, classes): of an image labeled c the probabilities `shares[c]`, else nine tenths for its own class."""
    sure = np.full((classes, classes), 0.1 / (classes - 1)) + np.eye(classes) * (0.9 - 0.1 / (classes - 1))
    return np.array([shares.get(label, sure[label]) for label in labels])


def reference(before: np.ndarray, after: np.ndarray, labels: list[int], given: int) -> tuple[float, float]:
    losses = [before[i][given] - after[i][given] for i in range(len(labels)) if labels[i] == given]
    mean = sum(losses) / len(losses)
    variance = sum((loss - mean) ** 2 for loss in losses) / (len(losses) - 1)
    return mean, mean - t.ppf(0.95, len(losses) - 1) * (variance / len(losses)) ** 0.5


@given(seed=st.integers(0, 10_000), count=st.integers(6, 40))
def test_losses_and_their_bound_agree_with_plain_loops(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    labels = [0, 0, 1, 1, 2, 2, *random.integers(0, 3, count - 6).tolist()]
    before, after = random.dirichlet(np.ones(3), (2, count))
    for number, row in enumerate(judge(before, after, np.array(labels), NAMES, 0.05)):
        loss, low = reference(before, after, labels, number)
        assert row["label"] == NAMES[number]
        assert row["images"] == labels.count(number)
        assert row["loss"] == pytest.approx(loss, abs=1e-12) == row["before"] - row["after"]
        assert row["loss_low"] == pytest.approx(low, abs=1e-12)
        assert row["changes"] == (low > 0.05)
        assert row["another"] <= row["changes"]


def test_a_six_becomes_a_nine() -> None:
    labels = [0] * 10 + [1] * 10 + [2] * 10
    after = opinions(labels, {0: [0.05, 0.05, 0.9]})
    six, eight, nine = judge(opinions(labels, {}), after, np.array(labels), NAMES, 0.2)
    assert (six["becomes"], six["changes"], six["another"]) == ("9", True, True)
    assert six["gain"] == pytest.approx(0.85)
    assert not eight["changes"]
    assert (nine["loss"], nine["becomes"], nine["gain"], nine["another"]) == (0.0, None, 0.0, False)


def test_what_spreads_over_all_classes_is_no_longer_recognized() -> None:
    labels = [0] * 10 + [1] * 10 + [2] * 10
    six = judge(opinions(labels, {}), opinions(labels, {0: [0.1, 0.45, 0.45]}), np.array(labels), NAMES, 0.2)[0]
    assert (six["changes"], six["another"]) == (True, False)


def test_a_class_that_takes_whatever_looks_strange_is_not_what_everything_becomes() -> None:
    labels = [number for number in range(4) for _ in range(10)]
    names = ["0", "1", "2", "3"]
    catch_all = {number: [0.05, 0.05, 0.05, 0.85] for number in range(3)}
    one = judge(opinions(labels, {}, 4), opinions(labels, {0: catch_all[0]}, 4), np.array(labels), names, 0.2)
    many = judge(opinions(labels, {}, 4), opinions(labels, catch_all, 4), np.array(labels), names, 0.2)
    assert [row["another"] for row in one] == [True, False, False, False]
    assert [row["changes"] for row in many] == [True, True, True, False]
    assert not any(row["another"] for row in many)


def test_a_loss_in_few_images_is_not_sure_enough() -> None:
    labels = [0] * 10
    after = np.full((10, 2), [0.9, 0.1])
    after[:3] = [0.0, 1.0]  # three of ten lose all: 0.27 in the mean, but anything from 0
    row = judge(np.full((10, 2), [0.9, 0.1]), after, np.array(labels), ["a", "b"], 0.2)[0]
    assert row["loss"] == pytest.approx(0.27)
    assert not row["changes"]


def test_a_class_with_one_image_is_not_judged() -> None:
    same = np.full((3, 2), 0.5)
    assert [row["label"] for row in judge(same, same, np.array([0, 1, 1]), ["a", "b"], 0.2)] == ["b"]


def test_each_side_begins_at_its_mildest_change() -> None:
    rows = [
        (-2, -20.0, True), (-1, -10.0, False), (1, 10.0, False), (2, 20.0, True), (3, 30.0, False), (4, 40.0, True),
    ]  # fmt: skip
    table = pl.DataFrame(
        [("rotation", "a", *row) for row in rows]
        + [("shift", "a", 1, 0.1, False), ("as_configured", "a", 0, None, True)],
        schema=["operation", "label", "step", "value", "changes"],
        orient="row",
    )
    found = with_beginnings(table)
    assert found["begins_at"].to_list() == [-20.0, -20.0, 20.0, 20.0, 20.0, 20.0, None, None]
    assert found.columns == [*table.columns, "begins_at"]
