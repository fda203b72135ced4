"""Calibration against plain loops."""

import numpy as np
import polars as pl
import pytest

from dataprep.report import calibration


def judged(confidence: list[float], right: list[bool]) -> pl.DataFrame:
    predicted = ["a" if yes else "b" for yes in right]
    return pl.DataFrame({"confidence": confidence, "given": ["a"] * len(right), "predicted": predicted})


def test_bins_and_error_are_those_of_plain_loops() -> None:
    random = np.random.default_rng(3)
    confidence, right = random.random(500).tolist(), (random.random(500) < 0.6).tolist()
    found = calibration.bins(judged(confidence, right))
    error = 0.0
    for number, row in enumerate(found.iter_rows(named=True)):
        own = [i for i, value in enumerate(confidence) if number / 10 < value <= (number + 1) / 10]
        assert row["images"] == len(own)
        assert row["confidence"] == pytest.approx(sum(confidence[i] for i in own) / len(own))
        assert row["accuracy"] == pytest.approx(sum(right[i] for i in own) / len(own))
        assert row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"]
        error += len(own) / 500 * abs(row["confidence"] - row["accuracy"])
    assert calibration.expected_error(found) == pytest.approx(error)


def test_edges_belong_to_the_bin_below_and_empty_bins_are_left_out() -> None:
    found = calibration.bins(judged([0.0, 0.1, 0.3, 0.7000001, 1.0], [True] * 5))
    assert found["high"].to_list() == pytest.approx([0.1, 0.3, 0.8, 1.0])
    assert found["images"].to_list() == [2, 1, 1, 1]


def test_no_judged_image_has_no_bin() -> None:
    assert calibration.bins(judged([], [])).height == 0
