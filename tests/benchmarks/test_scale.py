"""Made-up pictures, planted copies, growth, and the search alone."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.nearest import _less_itself, agreement, compared, unit_vectors
from benchmarks.scale import KINDS, distinct, exponent, judged, planted, search

BASES = np.random.default_rng(0).integers(0, 256, (30, 4, 4, 3), dtype=np.uint8).repeat(8, axis=1).repeat(8, axis=2)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel().astype(float), other.ravel().astype(float))[0, 1])


def test_pictures_are_unlike_each_other_and_copies_alike(tmp_path: Path) -> None:
    pairs, kinds = planted(BASES, 600, 1, tmp_path / "one.npy")
    planted(BASES, 600, 1, tmp_path / "two.npy")
    made = np.load(tmp_path / "one.npy")
    assert (made == np.load(tmp_path / "two.npy")).all()
    assert made.shape == (600, 32, 32, 3)
    assert pairs.shape == (6, 2)
    assert len(set(pairs.ravel().tolist())) == 12
    for (source, copy), kind in zip(pairs, kinds, strict=True):
        name = list(KINDS)[kind]
        seen = made[copy][:, ::-1] if name == "mirror" else made[copy]
        assert not (made[source] == made[copy]).all()
        assert correlation(made[source], seen) > (0.99 if name in ("brightness", "mirror") else 0.5)
    others = distinct(BASES, 40, np.random.default_rng(2))
    close = [correlation(others[a], others[b]) for a in range(40) for b in range(a)]
    assert max(close) < 0.95


def test_groups_are_judged_by_planted_pairs() -> None:
    groups = np.array([0, 1, -1, 2, 0, 1, -1, 0])
    pairs = np.array([[0, 4], [1, 5], [2, 6]])
    found = judged(groups, pairs, np.array([0, 1, 0]))
    assert found["recall"] == pytest.approx(2 / 3)
    assert (found["recalls"]["shift"], found["recalls"]["noise"]) == (0.5, 1.0)
    assert found["other_pairs"] == 2


def test_a_kind_without_copies_has_no_recall() -> None:
    found = judged(np.array([0, 0]), np.array([[0, 1]]), np.array([0]))
    assert found["recalls"] == {"shift": 1.0}


def test_growth_exponent() -> None:
    runs = [{"images": n, "wall_seconds": 3e-7 * n**1.7} for n in (1000, 4000, 16000)]
    assert exponent(runs) == pytest.approx(1.7)
    assert exponent(runs[:1]) is None


def test_a_search_writes_groups_and_memory(tmp_path: Path) -> None:
    pairs, _ = planted(BASES, 300, 1, tmp_path / "pixels.npy")
    search(tmp_path / "pixels.npy", tmp_path / "out.json")
    found = json.loads((tmp_path / "out.json").read_text())
    assert len(found["groups"]) == 300
    assert found["spent"]["peak_bytes"] >= found["spent"]["before_bytes"] > 0
    source, copy = pairs[list(KINDS).index("brightness")]
    assert found["groups"][source] == found["groups"][copy] >= 0


def test_agreement_and_own_row() -> None:
    assert agreement(np.array([[1, 2], [0, 2]]), np.array([[2, 1], [2, 3]])) == 0.75
    assert _less_itself(np.array([[0, 4, 5], [3, 1, 2], [7, 8, 9]])).tolist() == [[4, 5], [3, 2], [7, 8]]


@pytest.mark.slow  # four processes that import torch and the like
def test_methods_of_exact_search_agree() -> None:
    runs = compared(300, 16, 3, seed=0, threads=1)
    assert runs[0]["method"] == "dataprep"
    assert all(run["agreement"] in (None, pytest.approx(1.0, abs=0.01)) for run in runs)
    assert all(run["peak_bytes"] > 0 for run in runs)
    assert np.linalg.norm(unit_vectors(5, 7, 0), axis=1) == pytest.approx(np.ones(5))
