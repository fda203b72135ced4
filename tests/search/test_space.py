"""Draws lie where they should, depend on seed, number and name alone, and are valid before anything runs."""

import copy
import math
from typing import Any

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from dataprep.config import Choices, Search, Span, from_yaml, parse
from dataprep.errors import DataprepError
from dataprep.search.space import draw, position, trials
from tests.closure import ROOT

RAW = yaml.safe_load((ROOT / "params.yaml").read_text())
NUMBERS = st.integers(0, 10_000)
SCALES = st.sampled_from(["log", "linear"])


def with_space(space: dict[str, Any], **search: Any) -> dict[str, Any]:
    return copy.deepcopy(RAW) | {"search": {"trials": 4, "seed": 0, "space": space} | search}


def parsed(raw: dict[str, Any]) -> Search:
    return parse(raw, "params.yaml").search


@given(st.floats(1e-9, 1e9), st.floats(1e-9, 1e9), SCALES, NUMBERS, NUMBERS)
@example(1.23456789, 1.2345679, "linear", 0, 0)
def test_a_number_is_within_its_span(low: float, high: float, scale: Any, seed: int, number: int) -> None:
    assume(low < high)
    axis = Span(low=low, high=high, scale=scale)
    value = draw(axis, seed, number, "key")
    assert isinstance(value, float)
    assert low <= value <= high
    assert -1e-9 <= position(axis, value) <= 1 + 1e-9


@given(st.integers(1, 1000), st.integers(1, 1000), SCALES, NUMBERS, NUMBERS)
def test_a_whole_number_is_whole_and_within_its_span(low: int, more: int, scale: Any, seed: int, number: int) -> None:
    value = draw(Span(low=low, high=low + more, scale=scale, integer=True), seed, number, "key")
    assert isinstance(value, int)
    assert low <= value <= low + more


@pytest.mark.parametrize(("scale", "middle"), [("log", 0.01), ("linear", 0.50005)])
def test_half_of_the_draws_lie_below_the_middle_of_the_scale(scale: Any, middle: float) -> None:
    values = [draw(Span(low=0.0001, high=1.0, scale=scale), 0, number, "key") for number in range(2000)]
    assert abs(sum(value < middle for value in values) / 2000 - 0.5) < 0.04


def test_each_decade_gets_as_many_draws() -> None:
    values = [draw(Span(low=0.0001, high=1.0, scale="log"), 1, number, "key") for number in range(4000)]
    decades = [math.floor(math.log10(value)) for value in values]
    assert all(abs(decades.count(decade) / 4000 - 0.25) < 0.03 for decade in (-4, -3, -2, -1))


def test_the_ends_of_whole_numbers_get_their_full_share() -> None:
    values = [draw(Span(low=1, high=4, integer=True), 0, number, "key") for number in range(4000)]
    assert all(abs(values.count(value) / 4000 - 0.25) < 0.03 for value in (1, 2, 3, 4))


def test_every_choice_is_drawn_as_often() -> None:
    values = [draw(Choices(choices=("a", None, 3)), 0, number, "key") for number in range(3000)]
    assert all(abs(values.count(value) / 3000 - 1 / 3) < 0.04 for value in ("a", None, 3))


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 1000))
def test_more_trials_extend_the_same_list(few: int, more: int, seed: int) -> None:
    def drawn(count: int) -> list[dict[str, Any]]:
        raw = with_space({"dropout": {"low": 0.0, "high": 0.9}, "width": {"choices": [16, 32]}}, seed=seed)
        search = parsed(raw).model_copy(update={"trials": count})
        return [trial.changes for trial in trials(raw, search, "params.yaml")]

    assert drawn(few + more)[: few + 1] == drawn(few)


def test_another_parameter_in_the_space_changes_no_draw() -> None:
    one = {"dropout": {"low": 0.0, "high": 0.9}}
    two = {"width": {"choices": [16, 32]}} | one
    first, second = (trials(with_space(s), parsed(with_space(s)), "params.yaml") for s in (one, two))
    assert [t.changes.get("dropout") for t in first] == [t.changes.get("dropout") for t in second]


def test_trial_0_is_the_parameters_as_they_are() -> None:
    raw = with_space({"width": {"choices": [16]}})
    first = trials(raw, parsed(raw), "params.yaml")[0]
    assert (first.number, first.changes, first.raw) == (0, {}, raw)
    assert first.values({"width": None}) == {"width": RAW["train"]["width"]}


def test_a_choice_may_be_a_mapping_and_a_key_dotted() -> None:
    raw = with_space(
        {
            "early_stopping": {"choices": [{"share": 0.1, "patience": 3}]},
            "early_stopping.patience": {"low": 1, "high": 9, "integer": True},
        }
    )
    changed = trials(raw, parsed(raw), "params.yaml")[1].raw["train"]["early_stopping"]
    assert changed["share"] == 0.1
    assert changed["patience"] in range(1, 10)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"learning_rat": {"choices": [1]}}, "'learning_rat' is no parameter of train; did you mean 'learning_rate'?"),
        ({"width": {"low": 3, "high": 3}}, "search.space.width: low is 3 and high is 3; it needs low < high"),
        ({"dropout": {"low": 0, "high": 1, "scale": "log"}}, "low is 0; a logarithmic scale begins above 0"),
        ({"width": {"low": 8.5, "high": 16, "integer": True}}, "with integer both are whole numbers"),
        ({"width": {"lo": 8, "high": 16}}, "search.space.width.low: missing; is 'lo' a misspelling of it?"),
        ({"width": {"choices": []}}, "search.space.width.choices: [] given, should have at least 1 item"),
        ({"width": 32}, "search.space.width: 32 given, should be a mapping (key: value)"),
        ({"width": [16, 32]}, "search.space.width: [16, 32] given, should be a mapping (key: value)"),
        ({}, "search.space: Dictionary should have at least 1 item"),
    ],
)  # fmt: skip
def test_a_wrong_space_is_named_with_its_mend(space: dict[str, Any], message: str) -> None:
    with pytest.raises(DataprepError) as caught:
        parsed(with_space(space))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"width": {"low": 16, "high": 64}}, "given, should be a valid integer"),
        ({"dropout": {"choices": [1.5]}}, "train.dropout: 1.5 given, should be less than 1"),
        (
            {"early_stopping.patience": {"choices": [3]}},
            "has early_stopping.patience, but train.early_stopping is null",
        ),
    ],
)
def test_a_space_with_values_that_train_does_not_take_is_refused(space: dict[str, Any], message: str) -> None:
    raw = with_space(space)
    raw["train"]["early_stopping"] = None
    with pytest.raises(DataprepError) as caught:
        trials(raw, parsed(raw), "params.yaml")
    assert message in str(caught.value)
    assert "where: params.yaml" in str(caught.value)


def test_small_numbers_are_read_as_dvc_writes_them() -> None:
    assert from_yaml("[1e-05, -2E3, 1e5x, '1e-5']") == [1e-05, -2000.0, "1e5x", "1e-5"]


def test_every_trial_of_the_space_in_the_repository_is_one_that_train_takes() -> None:
    search = parsed(RAW).model_copy(update={"trials": 100})
    assert len(trials(RAW, search, "params.yaml")) == 101
