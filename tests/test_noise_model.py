"""The noise model against plain loops and planted matrices."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import check_grad
from scipy.special import softmax

from dataprep import noise_model
from dataprep.noise_model import NoiseModel, estimate, fit, posterior

Floats = NDArray[np.float64]
MATRIX = np.array([[0.9, 0.1, 0.0], [0.05, 0.7, 0.25], [0.0, 0.2, 0.8]])


def planted(
    matrix: Floats, count: int = 8000, sharpness: float = 1.0, bias: float = 0.0, seed: int = 0
) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Return logits that are right up to sharpness and the last class's bias, right classes, and given labels."""
    random = np.random.default_rng(seed)
    true = 3.0 * random.standard_normal((count, len(matrix)))
    right = np.array([random.choice(len(matrix), p=row) for row in softmax(true, 1)])
    given = np.array([random.choice(len(matrix), p=matrix[y]) for y in right])
    true[:, -1] -= bias
    return true / sharpness, right, given


def test_the_posterior_is_that_of_a_plain_loop() -> None:
    logits, _, given = planted(MATRIX, 50)
    model = NoiseModel(1.7, np.array([0.2, -0.4, 0.1]), MATRIX + 0.01)
    found = posterior(model, logits, given)
    for n in range(50):
        clean = [math.exp(1.7 * logits[n, y] + model.bias[y]) for y in range(3)]
        joint = [clean[y] / math.fsum(clean) * model.matrix[y, given[n]] for y in range(3)]
        np.testing.assert_allclose(found[n], np.array(joint) / math.fsum(joint), rtol=1e-10)


def test_the_gradient_is_the_losss() -> None:
    logits, _, given = planted(MATRIX, 200)
    likelihood = (MATRIX + 0.01)[:, given].T
    at = np.array([0.3, 0.2, -0.5, 0.1])
    error = check_grad(
        lambda x: noise_model._loss(x, logits, likelihood)[0], lambda x: noise_model._loss(x, logits, likelihood)[1], at
    )
    assert error < 1e-6


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 4.0])
def test_a_planted_matrix_is_recovered_however_timid_the_network(sharpness: float) -> None:
    logits, _, given = planted(MATRIX, sharpness=sharpness, bias=1.0)
    model = fit(logits, given)
    assert np.abs(model.matrix - MATRIX).max() < 0.04
    assert model.sharpness == pytest.approx(sharpness, rel=0.1)
    assert model.bias[2] - model.bias[:2].mean() == pytest.approx(1.0, abs=0.2)


def test_a_weak_network_is_not_taken_for_wrong_labels() -> None:
    random = np.random.default_rng(0)
    logits = 0.8 * random.standard_normal((8000, 3))
    labels = np.array([random.choice(3, p=row) for row in softmax(logits, 1)])
    assert (logits.argmax(1) == labels).mean() < 0.6
    noise = estimate(logits, labels)
    assert (noise.right.argmax(1) != labels).mean() < 0.02


def test_the_posterior_is_calibrated() -> None:
    logits, right, given = planted(MATRIX)
    own = estimate(logits, given).right[np.arange(len(given)), given]
    for low, high in ((0.0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.0)):
        rows = (own >= low) & (own <= high)
        assert (right == given)[rows].mean() == pytest.approx(own[rows].mean(), abs=0.06)


def test_matrix_rows_and_posteriors_sum_to_1_and_a_constant_per_image_changes_nothing() -> None:
    logits, _, given = planted(MATRIX, 500)
    noise = estimate(logits, given)
    np.testing.assert_allclose(noise.matrix.sum(1), 1)
    np.testing.assert_allclose(noise.right.sum(1), 1)
    shifted = estimate(logits + 5.0 * np.arange(500)[:, None], given)
    np.testing.assert_allclose(shifted.right, noise.right, atol=1e-6)


def test_a_class_that_is_never_predicted_keeps_finite_numbers() -> None:
    logits, _, given = planted(MATRIX, 500)
    logits[:, 0] = -30.0
    noise = estimate(logits, given)
    assert np.isfinite(noise.right).all()
    assert np.isfinite(noise.matrix).all()


@pytest.mark.parametrize(("images", "classes"), [(0, 3), (5, 1), (0, 0)])
def test_with_fewer_than_two_classes_or_no_image_all_labels_are_right(images: int, classes: int) -> None:
    noise = estimate(np.zeros((images, classes)), np.zeros(images, np.int64))
    assert noise.matrix.tolist() == np.eye(classes).tolist()
    assert noise.right.tolist() == np.ones((images, classes)).tolist()
