import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.augmentation.partners import ALONE, partners
from tests.augmentation.samples import digests

NAMES = digests(1000)


@settings(max_examples=50)
@given(st.integers(1, 60), st.integers(0, 900), st.sampled_from(["mixup", "cutmix", "hybrid"]), st.integers(0, 99))
def test_a_new_image_changes_only_the_pairs_that_it_enters(count: int, new: int, operation: str, seed: int) -> None:
    names = NAMES[:count]
    added = NAMES[count + new % (1000 - count)]
    before, after = partners(names, 1, operation, seed), partners([*names, added], 1, operation, seed)
    changed = before != after[:-1]
    assert (after[:-1][changed] == count).all()


@given(st.permutations(range(30)))
def test_partners_do_not_depend_on_the_order(order: list[int]) -> None:
    found = partners(NAMES[:30], 1, "mixup", 0)
    shuffled = partners([NAMES[n] for n in order], 1, "mixup", 0)
    assert [order[n] for n in shuffled] == [found[n] for n in order]


def test_nobody_is_the_own_partner_and_all_are_taken_about_equally() -> None:
    found = partners(NAMES, 1, "cutmix", 0)
    assert (found != np.arange(1000)).all()
    often = np.bincount(found, minlength=1000)
    assert often.max() <= 12
    assert 0.4 < np.count_nonzero(often) / 1000 < 0.7  # half of the places on a ring are found by nobody


def test_copy_seed_and_operation_give_other_partners() -> None:
    base = partners(NAMES, 1, "mixup", 0)
    for other in (partners(NAMES, 2, "mixup", 0), partners(NAMES, 1, "mixup", 1), partners(NAMES, 1, "cutmix", 0)):
        assert np.mean(base == other) < 0.02


def test_the_same_content_is_no_partner() -> None:
    twice = [NAMES[0], NAMES[1], NAMES[0], NAMES[1]]
    assert partners(twice, 1, "mixup", 0).tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize("names", [[], NAMES[:1], NAMES[:1] * 3])
def test_where_there_is_no_other_content_there_is_no_partner(names: list[str]) -> None:
    assert partners(names, 1, "mixup", 0).tolist() == [ALONE] * len(names)


def test_pairs_of_two() -> None:
    assert partners(NAMES[:2], 1, "hybrid", 5).tolist() == [1, 0]
