"""Intervals: by their definition, against plain loops, and holding the truth 95 times of 100 in simulations."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import t

from dataprep.report import intervals
from dataprep.report.intervals import Share

Floats = NDArray[np.float64]


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_ends_of_wilsons_interval_are_z_deviations_of_their_own_away(case: tuple[int, int]) -> None:
    part, whole = case
    found = intervals.wilson(part, whole)
    assert 0 <= found.low <= found.value <= found.high <= 1
    for end in (found.low, found.high):
        if 1e-9 < end < 1 - 1e-9:
            reach = intervals.Z * math.sqrt(end * (1 - end) / whole)
            assert abs(found.value - end) == pytest.approx(reach, rel=1e-6, abs=1e-12)


def test_the_complement_turns_the_ends_around() -> None:
    found = Share(0.25, 0.125, 0.5).complement
    assert (found.value, found.low, found.high) == (0.75, 0.5, 0.875)


def variance_by_loops(bad: Floats, groups: NDArray[np.int64]) -> float:
    """Return n / (n - 1) sum (b_j - R m_j)^2 / (sum m_j)^2, group by group."""
    names = sorted(set(groups.tolist()))
    ratio = sum(bad.tolist()) / len(bad)
    total = 0.0
    for name in names:
        own = [value for value, group in zip(bad.tolist(), groups.tolist(), strict=True) if group == name]
        total += (sum(own) - ratio * len(own)) ** 2
    return len(names) / (len(names) - 1) * total / len(bad) ** 2


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0, 1)), min_size=2, max_size=40))
def test_the_variance_is_that_of_plain_loops(rows: list[tuple[int, float]]) -> None:
    groups, bad = np.array([g for g, _ in rows]), np.array([b for _, b in rows])
    if len(set(groups.tolist())) > 1:
        assert intervals.variance(bad, groups) == pytest.approx(variance_by_loops(bad, groups), abs=1e-12)
    found = intervals.clustered(bad, groups)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_single_images_have_wilsons_interval_but_for_students_t() -> None:
    bad = np.zeros(400)
    bad[:40] = 1
    found = intervals.clustered(bad, np.arange(400))
    assert found.value == 0.1
    assert found.low == pytest.approx(intervals.wilson(40, 400).low, abs=0.001)
    assert found.high == pytest.approx(intervals.wilson(40, 400).high, abs=0.001)


def test_copies_tell_no_more_than_one_image() -> None:
    once = np.array([1.0] * 10 + [0.0] * 90)
    alone = intervals.clustered(once, np.arange(100))
    copied = intervals.clustered(np.repeat(once, 7), np.repeat(np.arange(100), 7))
    assert (copied.low, copied.high) == pytest.approx((alone.low, alone.high))
    assert intervals.clustered(np.zeros(70), np.repeat(np.arange(10), 7)).high > intervals.wilson(0, 70).high


def draws(seed: int, groups: int, chance: float, alike: float) -> tuple[Floats, NDArray[np.int64]]:
    """Return images in groups of 1 to 6 of which a share is bad, `alike` of the groups as a whole."""
    random = np.random.default_rng(seed)
    sizes = random.choice([1, 1, 1, 2, 3, 6], groups)
    whole = np.repeat(random.random(groups) < chance, sizes)
    own = random.random(sizes.sum()) < chance
    together = np.repeat(random.random(groups) < alike, sizes)
    return np.where(together, whole, own).astype(float), np.repeat(np.arange(groups), sizes)


@pytest.mark.parametrize(
    ("groups", "chance", "alike"), [(300, 0.05, 1.0), (60, 0.3, 1.0), (300, 0.02, 0.0), (40, 0.5, 0.5)]
)
def test_intervals_of_groups_hold_the_truth_in_about_95_of_100_sets(groups: int, chance: float, alike: float) -> None:
    held = 0
    for seed in range(1000):
        found = intervals.clustered(*draws(seed, groups, chance, alike))
        held += found.low <= chance <= found.high
    assert 0.925 < held / 1000 < 0.985  # sampling error of the simulation: 0.7 points


def test_images_taken_as_independent_would_not() -> None:
    held = 0
    for seed in range(1000):
        bad, _ = draws(seed, 300, 0.05, 1.0)
        found = intervals.wilson(float(bad.sum()), len(bad))
        held += found.low <= 0.05 <= found.high
    assert held / 1000 < 0.9


def test_the_number_of_right_labels_is_held_in_about_95_of_100_sets() -> None:
    random = np.random.default_rng(0)
    right = np.concatenate([random.beta(30, 1, 900), random.beta(1, 2, 100)])
    truth = (random.random((2000, 1000)) < right).mean(axis=1)
    found = intervals.probable(right)
    held = ((found.low <= truth) & (truth <= found.high)).mean()
    assert 0.94 < held < 0.965
    assert found.value == pytest.approx(sum(right.tolist()) / 1000)


def test_opinions_that_differ_widen_the_interval() -> None:
    right = np.full(100, 0.9)
    narrow, wide = intervals.probable(right), intervals.probable(right, 0.04)
    deviation = math.sqrt(0.9 * 0.1 / 100 + 0.04**2)
    assert wide.low == pytest.approx(0.9 - intervals.Z * deviation)
    assert wide.low < narrow.low
    assert intervals.probable(right, 0.1).high == 1.0


def test_networks_that_differ_widen_the_interval_until_it_holds() -> None:
    held = plain = 0
    for seed in range(600):
        random = np.random.default_rng(seed)
        folds = np.arange(1000) % 5
        chance = np.clip(0.2 + 0.05 * random.standard_normal(5), 0, 1)[folds]
        bad, groups = (random.random(1000) < chance).astype(float), np.arange(1000)
        found, other = intervals.between(bad, groups, folds), intervals.clustered(bad, groups)
        held += found.low <= 0.2 <= found.high
        plain += other.low <= 0.2 <= other.high
    assert held / 600 > 0.92 > plain / 600 + 0.1


def test_equal_folds_leave_the_interval_alone() -> None:
    bad = np.tile([1.0, 0.0, 0.0, 0.0], 50)
    folds = np.repeat(np.arange(5), 40)
    groups = np.arange(200)
    assert intervals.between(bad, groups, folds) == intervals.clustered(bad, groups)
    assert intervals.between(bad, groups, folds * 0) == intervals.clustered(bad, groups)


def test_added_uncertainty_goes_in_squares_side_by_side() -> None:
    found = intervals.added(Share(0.5, 0.47, 0.54), Share(0.8, 0.4, 0.9), 0.1)
    assert found.low == pytest.approx(0.5 - math.hypot(0.03, 0.04))
    assert found.high == pytest.approx(0.5 + math.hypot(0.04, 0.01))
    assert intervals.added(found, intervals.exactly(0.3), 1.0) == found


def test_few_groups_have_students_t() -> None:
    bad, groups = np.array([1.0, 0.0, 1.0, 0.0, 0.0]), np.arange(5)
    shrunk = (intervals.Z / t.ppf(0.975, 4)) ** 2 * 0.24 / intervals.variance(bad, groups)
    assert intervals.clustered(bad, groups) == intervals.wilson(0.4 * shrunk, shrunk)
