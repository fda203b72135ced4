import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dataprep.augmentation.draws import draw, fixed, mixed, stream_key, uniform
from dataprep.config import OPERATIONS
from tests.augmentation.samples import STRENGTHS, digests, params

NAMES = digests(400)


def splitmix64(state: int, count: int) -> list[float]:
    """The published algorithm, in Python's own integers."""
    numbers = []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % 2**64
        numbers.append(((z ^ (z >> 31)) >> 40) / 2**24)
    return numbers


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=4), st.integers(0, 5))
def test_streams_are_those_of_splitmix64(states: list[int], first: int) -> None:
    found = uniform(torch.tensor(states), 4, first)
    for row, state in zip(found.tolist(), states, strict=True):
        assert row == splitmix64(state % 2**64, first + 4)[first:]


def test_mixing_gives_the_published_number() -> None:
    assert int(mixed(torch.tensor([0x9E3779B97F4A7C15 - 2**64]))) % 2**64 == 0xE220A8397B1DCDAF  # first of seed 0


def test_strengths_fill_their_range_evenly_and_sides_are_independent() -> None:
    draws = draw(digests(4000), 1, params(rotation=(-10, 30), erasing=(0.1, 0.3), horizontal_flip=0.3), 0)
    place = (draws.values["rotation"] + 10) / 40
    assert torch.allclose(torch.histc(place, 8, 0, 1) / 4000, torch.full((8,), 1 / 8), atol=0.025)
    assert float(draws.values["horizontal_flip"].mean()) == pytest.approx(0.3, abs=0.03)
    together = torch.stack([place, draws.values["erasing"], *draws.sides("crop", 2).T, *draws.sides("erasing", 3).T])
    assert (torch.corrcoef(together) - torch.eye(7)).abs().max() < 0.06


def test_factors_of_size_are_as_likely_as_their_inverse() -> None:
    drawn = draw(digests(4000), 1, params(stretch=(0.25, 4.0)), 0).values["stretch"]
    assert float(drawn.log().mean()) == pytest.approx(0, abs=0.05)
    assert float(drawn.log().std()) == pytest.approx(math.log(4) / math.sqrt(3), rel=0.05)


def test_what_is_off_does_nothing_and_probabilities_hold() -> None:
    draws = draw(NAMES, 1, params(noise=0.25), 0)
    assert 60 <= int(draws.active("noise").sum()) <= 140
    for name in OPERATIONS:
        assert name == "noise" or not draws.active(name).any()


@given(st.integers(1, 3), st.integers(0, 2**40), st.permutations(range(12)))
def test_a_draw_depends_on_the_images_own_content_alone(copy: int, seed: int, order: list[int]) -> None:
    every = params(**dict.fromkeys(OPERATIONS, 0.5))
    whole = draw(NAMES[:12], copy, every, seed)
    shuffled = draw([NAMES[n] for n in order], copy, every, seed)
    for name in OPERATIONS:
        assert torch.equal(whole.values[name][order], shuffled.values[name])
        assert torch.equal(whole.sides(name, 5)[order], shuffled.sides(name, 5))


@pytest.mark.parametrize("switched", OPERATIONS)
def test_switching_an_operation_changes_no_other_draw(switched: str) -> None:
    every = dict.fromkeys(OPERATIONS, 0.5)
    with_it, without = (draw(NAMES, 1, params(**every | {switched: chance}), 0) for chance in (1.0, 0.0))
    assert with_it.active(switched).all()
    assert not without.active(switched).any()
    for name in OPERATIONS:
        assert name == switched or torch.equal(with_it.values[name], without.values[name])
        assert torch.equal(with_it.sides(name, 3), without.sides(name, 3))


def test_seed_copy_and_operation_change_the_draw() -> None:
    every = params(rotation=(-10, 10), shear=(-10, 10))
    base = draw(NAMES, 1, every, 0)
    others = [draw(NAMES, 2, every, 0), draw(NAMES, 1, every, 1)]
    values = [base.values["rotation"], base.values["shear"], *(other.values["rotation"] for other in others)]
    assert torch.corrcoef(torch.stack(values)).fill_diagonal_(0).abs().max() < 0.2


def test_keys_differ() -> None:
    keys = {stream_key(seed, copy, name) for seed in range(5) for copy in range(5) for name in OPERATIONS}
    assert len(keys) == 25 * len(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_fixed_strength_leaves_all_else_alone(name: str) -> None:
    draws = fixed(NAMES[:3], name, STRENGTHS[name], 0)
    assert len(draws) == 3
    for other in OPERATIONS:
        wanted = STRENGTHS[name] if other == name else OPERATIONS[other].neutral
        assert torch.equal(draws.values[other], torch.full((3,), wanted))


def test_fixed_strengths_may_differ_by_image() -> None:
    strengths = torch.tensor([1.0, 2.0, 3.0])
    assert torch.equal(fixed(NAMES[:3], "blur", strengths, 0).values["blur"], strengths)


def test_faults_are_told() -> None:
    with pytest.raises(
        ValueError, match="'rotate' is no operation; did you mean 'rotation'\\? they are horizontal_flip"
    ):
        fixed(NAMES, "rotate", 1.0, 0)
    with pytest.raises(ValueError, match=r"crop is 2; it needs 0.01 to 1 \(share of the area kept"):
        fixed(NAMES, "crop", 2.0, 0)
    with pytest.raises(ValueError, match="blur is nan; it needs 0 to 10"):
        fixed(NAMES, "blur", torch.tensor(float("nan")), 0)
    for wrong in ("abc", "g" * 64):
        with pytest.raises(ValueError, match=f"'{wrong}' is no SHA-256, which is 64 hexadecimal digits"):
            draw([NAMES[0], wrong], 1, params(), 0)


def test_no_images_give_no_draws() -> None:
    assert len(draw([], 1, params(rotation=0.5), 0)) == 0


def test_rows_and_leaving_out() -> None:
    draws = draw(NAMES, 1, params(blur=(0.5, 1.0)), 0)
    part = draws[torch.tensor([5, 2])]
    assert torch.equal(part.values["blur"], draws.values["blur"][[5, 2]])
    assert torch.equal(part.sides("crop", 2), draws.sides("crop", 2)[[5, 2]])
    rows = torch.arange(400) < 100
    assert torch.equal(draws.without("blur", rows).active("blur"), ~rows)
