"""The power law is found where there is one, and stays in bounds where there is none."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.power_law import FASTEST, SIZES_FOR_FLOOR, Point, PowerLaw, fit

SIZES = (100, 178, 316, 562, 1000)
AHEAD = np.array([1000.0, 2000.0, 10000.0])
CHANCE = 0.9


def points(wrong: Callable[[int], float], judged: int = 400, repeats: int = 2) -> tuple[Point, ...]:
    """Return a point per size and repeat with exactly the expected number of errors, rounded."""
    return tuple(Point(size, judged, round(judged * min(1.0, wrong(size)))) for size in SIZES for _ in range(repeats))


def drawn(error: Callable[[int], float], judged: int, seed: int) -> tuple[Point, ...]:
    random = np.random.default_rng(seed)
    return tuple(Point(size, judged, int(random.binomial(judged, error(size)))) for size in SIZES for _ in range(2))


def found(given_points: tuple[Point, ...]) -> PowerLaw:
    law = fit(given_points, CHANCE)
    assert law is not None
    return law


@settings(max_examples=8, deadline=None)
@given(
    last=st.floats(0.02, 0.2),
    b=st.floats(0.15, 1.2),
    c=st.floats(0.0, 0.15),
)
def test_a_planted_law_lies_within_its_interval(last: float, b: float, c: float) -> None:
    def truth(size: float) -> float:
        return last * (size / 1000) ** -b + c

    judged = 100_000
    if truth(SIZES[0]) > 1:
        return
    law = found(points(truth, judged))
    low, high = law.interval(AHEAD)
    expected = np.array([truth(size) for size in AHEAD])
    assert (low - 1e-4 <= expected).all()
    assert (expected <= high + 1e-4).all()
    assert law.error(AHEAD) == pytest.approx(expected, abs=0.005)


@pytest.mark.slow
def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    def truth(size: float) -> float:
        return 3 * size**-0.5 + 0.02

    hits = np.zeros(len(AHEAD))
    rounds = 40
    for seed in range(rounds):
        low, high = found(drawn(truth, 500, seed)).interval(AHEAD)
        expected = np.array([truth(size) for size in AHEAD])
        hits += (low <= expected) & (expected <= high)
    assert (hits >= 0.75 * rounds).all()


def test_parameters_are_those_of_the_formula() -> None:
    law = found(points(lambda size: 2 * size**-0.5 + 0.05, 1_000_000))
    assert (law.a, law.b, law.c) == (
        pytest.approx(2, rel=0.02),
        pytest.approx(0.5, rel=0.02),
        pytest.approx(0.05, abs=0.002),
    )
    assert law.error(np.array([400.0])) == pytest.approx(law.a * 400**-law.b + law.c)


def test_a_flat_curve_stays_flat() -> None:
    law = found(points(lambda _: 0.2))
    assert law.error(AHEAD) == pytest.approx(0.2, abs=0.01)
    low, high = law.interval(AHEAD)
    assert (low < 0.2).all()
    assert (high > 0.2).all()


@pytest.mark.parametrize("judged", [10, 1000])
def test_without_an_error_the_interval_is_as_wide_as_few_images_demand(judged: int) -> None:
    law = found(points(lambda _: 0.0, judged))
    assert law.error(AHEAD) == pytest.approx(0.0, abs=1e-6)
    low, high = law.interval(AHEAD)
    assert low == pytest.approx(0.0, abs=1e-6)
    assert (high > 0.2 / judged).all()
    assert (high < 3 / judged).all()


def test_data_that_make_it_worse_give_no_gain_and_a_wide_interval() -> None:
    worse = found(points(lambda size: 0.1 + 0.05 * np.log10(size / 100) * 3))
    flat = found(points(lambda _: 0.17))
    assert worse.error(AHEAD) == pytest.approx(worse.error(AHEAD)[0], abs=1e-3)
    width, usual = (np.subtract(*law.interval(AHEAD)[::-1]) for law in (worse, flat))
    assert (width > 1.5 * usual).all()


@settings(max_examples=6, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=10, max_size=10))
def test_whatever_the_points_the_curve_is_in_bounds(wrong: list[int]) -> None:
    made = tuple(Point(SIZES[i // 2], 40, errors) for i, errors in enumerate(wrong))
    law = found(made)
    images = np.array([10.0, 100.0, *AHEAD, 1e9])
    error, (low, high) = law.error(images), law.interval(images)
    assert 0 < law.above <= 1
    assert 0 < law.b <= FASTEST
    assert 0 <= law.c <= CHANCE
    assert (np.diff(error) <= 1e-12).all()
    assert ((low >= 0) & (low <= error) & (error <= high) & (high <= 1)).all()


def test_everything_wrong_is_no_fault() -> None:
    assert found(points(lambda _: 1.0)).error(AHEAD) == pytest.approx(1.0, abs=0.01)


def test_few_sizes_leave_out_the_floor_and_one_size_the_curve() -> None:
    all_points = points(lambda size: size**-0.4 + 0.05)
    few = tuple(point for point in all_points if point.images in SIZES[: SIZES_FOR_FLOOR - 1])
    assert found(few).c == 0.0
    assert fit(all_points[:2], CHANCE) is None


def test_the_same_points_give_the_same_curve() -> None:
    made = points(lambda size: size**-0.4)
    first = found(made)
    fit.cache_clear()
    assert np.array_equal(first.draws, found(made).draws)
