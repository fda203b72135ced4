"""The nearest pictures, against brute force in float64."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.copies import neighbors
from dataprep.copies.descriptors import Descriptors

CPU = torch.device("cpu")


def unit(count: int, seed: int) -> Descriptors:
    """Return random descriptors around a few centers, as pictures are."""
    random = np.random.default_rng(seed)
    centers = random.standard_normal((12, 24))
    vectors = centers[random.integers(0, 12, count)] + 0.7 * random.standard_normal((count, 24))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    values = torch.from_numpy(vectors.astype(np.float32))
    return Descriptors(values[:, :14], values[:, 14:])


def brute(descriptors: Descriptors, mirrored: bool) -> np.ndarray:
    even, odd = (part.double().numpy() for part in (descriptors.even, descriptors.odd))
    one, other = even @ even.T, odd @ odd.T
    similar = one + (np.abs(other) if mirrored else other)
    np.fill_diagonal(similar, -2)
    return similar


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("count", [2, 17, 300, 1200])
def test_exact_search_equals_brute_force(count: int, mirrored: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbors, "BLOCK", 512)
    descriptors = unit(count, count)
    k = min(10, count - 1)
    rows, values = neighbors.exact(descriptors, k, mirrored, CPU)
    similar = brute(descriptors, mirrored)
    np.testing.assert_allclose(values, -np.sort(-similar, axis=1)[:, :k], atol=1e-5)
    np.testing.assert_allclose(np.take_along_axis(similar, rows.numpy(), 1), values, atol=1e-5)
    assert (rows != torch.arange(count)[:, None]).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.integers(1, 700), st.integers(0, 99))
def test_top_finds_the_largest(k: int, columns: int, seed: int) -> None:
    k = min(k, columns)
    values = torch.from_numpy(np.random.default_rng(seed).uniform(0, 1, (3, columns)).astype(np.float32)).bfloat16()
    values[:, ::3] *= -1
    positive = (values > 0).sum(1).min()
    found = values.gather(1, neighbors.top(values, k)).sort(1, descending=True).values
    kept = min(k, int(positive))
    assert torch.equal(found[:, :kept], values.topk(k).values[:, :kept])


@pytest.mark.parametrize("mirrored", [False, True])
def test_approximate_search_finds_nearly_all(mirrored: bool) -> None:
    descriptors = unit(4000, 1)
    rows, values = neighbors.approximate(descriptors, 10, mirrored)
    similar = brute(descriptors, mirrored)
    np.testing.assert_allclose(np.take_along_axis(similar, rows.numpy(), 1), values, atol=1e-5)
    wanted = np.argsort(-similar, axis=1)[:, :10]
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(rows.tolist(), wanted.tolist(), strict=True)])
    assert recall > 0.9
    for row in rows.tolist():
        assert len(set(row)) == 10
    assert (rows != torch.arange(4000)[:, None]).all()


def test_very_many_pictures_go_the_approximate_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbors, "EXACT", 999)
    descriptors = unit(1000, 2)
    found = neighbors.nearest(descriptors, 5, True, CPU)
    wanted = neighbors.approximate(descriptors, 5, True)
    assert torch.equal(found[0], wanted[0])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_same_neighbors_on_a_gpu() -> None:
    descriptors = unit(3000, 3)
    here, there = (neighbors.exact(descriptors, 10, True, torch.device(name))[1] for name in ("cpu", "cuda"))
    torch.testing.assert_close(here, there, atol=1e-4, rtol=0)
