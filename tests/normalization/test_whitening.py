"""ZCA against its definition."""

import numpy as np
import pytest
import torch

from dataprep.errors import DataprepError
from dataprep.normalization.whitening import fit_whitening, whiten

MIXED = np.random.default_rng(0).normal(size=(400, 12)) @ np.random.default_rng(1).normal(size=(12, 12)) + 3.0
IMAGES = torch.from_numpy(MIXED).view(400, 3, 2, 2)


def test_whitened_pixels_are_uncorrelated_and_of_equal_variance() -> None:
    mean, matrix = fit_whitening(IMAGES.split(90), regularizer=1e-9)
    done = whiten(IMAGES, mean, matrix).flatten(1)
    assert torch.allclose(done.T @ done / 400, torch.eye(12, dtype=torch.float64), atol=1e-6)
    assert torch.allclose(done.mean(0), torch.zeros(12, dtype=torch.float64), atol=1e-9)


def test_equals_the_formula() -> None:
    mean, matrix = fit_whitening(IMAGES.split(90), regularizer=0.1)
    covariance = np.cov(MIXED.T, ddof=0)
    values, vectors = np.linalg.eigh(covariance)
    expected = vectors @ np.diag(1 / np.sqrt(values + 0.1 * values.mean())) @ vectors.T
    assert np.allclose(mean.numpy(), MIXED.mean(0))
    assert np.allclose(matrix.numpy(), expected)
    assert np.allclose(matrix.numpy(), matrix.numpy().T)


def test_of_all_such_matrices_it_stays_closest_to_the_image() -> None:
    mean, matrix = fit_whitening(iter([IMAGES]), regularizer=1e-9)
    done = whiten(IMAGES, mean, matrix).flatten(1)
    centered = IMAGES.flatten(1) - mean
    turn = torch.linalg.qr(torch.from_numpy(np.random.default_rng(2).normal(size=(12, 12)))).Q
    assert (done - centered).square().sum() < (done @ turn - centered).square().sum()


def test_fewer_images_than_pixels_and_images_all_alike_stay_finite() -> None:
    for few in (IMAGES[:3], IMAGES[:1].expand(5, -1, -1, -1)):
        mean, matrix = fit_whitening(iter([few]), regularizer=0.01)
        assert whiten(few, mean, matrix).isfinite().all()
        assert whiten(few, mean, matrix).abs().max() < 100


def test_large_images_are_refused() -> None:
    with pytest.raises(DataprepError, match=r"have 12,288 values, more than the 4,096 that .*\n.*whiten\n.*size to 36"):
        fit_whitening(iter([torch.zeros(1, 3, 64, 64)]), 0.01)
    mean, matrix = fit_whitening(iter([IMAGES]), 0.01)
    with pytest.raises(ValueError, match=r"the shape \(1, 3, 4, 4\), but the whitening is of 12 values an image"):
        whiten(torch.zeros(1, 3, 4, 4), mean, matrix)
