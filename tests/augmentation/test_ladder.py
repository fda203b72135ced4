"""The values that are tried."""

from typing import Any

import pytest

from dataprep.augmentation.audit import OF_SEVERAL
from dataprep.augmentation.ladder import CONFIGURED, VALUES, Rung, ladder, range_in_use
from dataprep.config import OPERATIONS, Augment
from tests.augmentation.samples import params

OFF = params()


def used(**changes: Any) -> Augment:
    return Augment.model_validate(OFF.model_dump() | changes)


def rungs(chosen: Augment, operation: str, side: int = 16) -> list[Rung]:
    return [rung for rung in ladder(chosen, side) if rung.operation == operation]


def test_every_operation_that_changes_one_image_alone_is_tried() -> None:
    assert set(VALUES) == set(OPERATIONS) - set(OF_SEVERAL)
    assert {rung.operation for rung in ladder(OFF, 16)} == set(VALUES)


@pytest.mark.parametrize("operation", VALUES)
@pytest.mark.parametrize("side", [8, 32, 512])
def test_values_go_from_mild_to_extreme_on_each_side_and_within_limits(operation: str, side: int) -> None:
    known, found = OPERATIONS[operation], rungs(OFF, operation, side)
    low, high = known.limits
    assert found
    for sign in (1, -1):
        values = [rung.value for rung in found if rung.step * sign > 0]
        assert [rung.step for rung in found if rung.step * sign > 0] == [sign * n for n in range(1, len(values) + 1)]
        assert values == sorted(set(values), reverse=sign < 0)
        assert all((value - known.neutral) * sign > 0 and low <= value <= high for value in values)
        assert bool(values) == ((high if sign > 0 else low) != known.neutral)


def test_a_half_turn_and_a_third_of_the_side_are_tried() -> None:
    assert max(rung.value for rung in rungs(OFF, "rotation")) == 180.0
    assert max(rung.value for rung in rungs(OFF, "shift")) == pytest.approx(1 / 3)


def test_blur_is_measured_by_the_side() -> None:
    small, large = ([rung.value for rung in rungs(OFF, "blur", side)] for side in (16, 64))
    assert large == [4 * value for value in small]


def test_the_ends_of_the_range_in_use_are_tried_and_marked() -> None:
    found = rungs(used(rotation={"probability": 0.5, "degrees": (-12.0, 175.0)}), "rotation")
    marked = [rung.value for rung in found if rung.in_use]
    assert (min(marked), max(marked)) == (-12.0, 175.0)
    assert [rung.value for rung in found if not rung.in_use and rung.value > 0] == [180.0]


def test_all_together_is_tried_when_anything_is_in_use() -> None:
    assert CONFIGURED not in ladder(OFF, 16)
    assert ladder(used(horizontal_flip={"probability": 0.5}), 16)[-1] == CONFIGURED


def test_without_copies_nothing_is_in_use() -> None:
    flip = {"probability": 0.5}
    assert range_in_use(used(horizontal_flip=flip), "horizontal_flip") == (1.0, 1.0)
    assert range_in_use(used(horizontal_flip=flip, copies=0), "horizontal_flip") is None
    assert range_in_use(OFF, "horizontal_flip") is None
