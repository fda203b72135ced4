"""Groups by complete linkage."""

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.copies import linkage
from dataprep.copies.linkage import link_completely

PAIRS = st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda pair: pair[0] < pair[1]))


def never(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.zeros(len(left), bool)


def test_a_chain_of_weak_links_joins_nothing_unlike() -> None:
    left, right, closeness = np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([0.8, 0.9, 0.8], np.float32)
    assert link_completely(5, left, right, closeness, never).tolist() == [-1, 1, 1, -1, -1]


def test_pictures_that_were_not_compared_are_asked_about() -> None:
    left, right, closeness = np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([0.8, 0.9, 0.8], np.float32)
    asked: list[tuple[int, int]] = []

    def alike(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        asked.extend(zip(one.tolist(), other.tolist(), strict=True))
        return (one != 3) & (other != 3)

    groups = link_completely(5, left, right, closeness, alike)
    assert groups[0] == groups[1] == groups[2] >= 0
    assert groups[3] == groups[4] == -1
    assert {tuple(sorted(pair)) for pair in asked} <= {(0, 2), (0, 3), (1, 3)}


def test_no_group_is_larger_than_the_bound(monkeypatch: object) -> None:
    count = 40
    left, right = np.triu_indices(count, 1)
    monkeypatch.setattr(linkage, "LARGEST", 16)  # type: ignore[attr-defined]
    groups = link_completely(count, left, right, np.linspace(1, 0.5, len(left)).astype(np.float32), never)
    assert np.bincount(groups).max() == 16


@settings(max_examples=60)
@given(PAIRS, PAIRS, st.randoms())
def test_every_pair_within_a_group_was_given_or_is_alike(
    pairs: set[tuple[int, int]], others: set[tuple[int, int]], random: Random
) -> None:
    ordered = sorted(pairs)
    left = np.array([pair[0] for pair in ordered], np.int64)
    right = np.array([pair[1] for pair in ordered], np.int64)
    closeness = np.array([random.random() for _ in ordered], np.float32)

    def alike(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        both = zip(one.tolist(), other.tolist(), strict=True)
        return np.array([tuple(sorted(pair)) in others for pair in both])

    groups = link_completely(9, left, right, closeness, alike)
    for a in range(9):
        for b in range(a + 1, 9):
            if groups[a] >= 0 and groups[a] == groups[b]:
                assert (a, b) in pairs | others
    if pairs:
        closest = int(np.lexsort((right, left, -closeness))[0])
        assert groups[left[closest]] == groups[right[closest]] >= 0
