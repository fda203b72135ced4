"""Which classes are mistaken for which, and how probable each class is once the given label is known as well."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp, softmax
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

ROUNDS = 60
STEPS = 5  # of the optimizer in each round: the matrix moves as well, so exact optima would be wasted
PROGRESS = 1e-7  # nats per image; less ends the fit
STILL = 1e-5  # largest change of the matrix that ends the estimate
PRIOR = 20.0  # images per class
USUAL = 0.9  # of them labeled right
LOGARITHM_OF_SHARPNESS = (-5.0, 5.0)  # a network without a fault would have it infinite
TIMID = 1e-3  # weight of the squares of the biases, per image
LEAST_PROBABILITY = 1e-12  # the logarithm of 0 would be infinite


@dataclass(frozen=True)
class NoiseModel:
    """P(right class y | image) = softmax(sharpness * logits + bias)[y]; P(given label g | y) = matrix[y, g].

    sharpness: above 0. bias: (C,) float64. matrix: (C, C) float64, rows sum to 1.
    """

    sharpness: float
    bias: Floats
    matrix: Floats


@dataclass(frozen=True)
class LabelNoise:
    """How often which label is given, and what is right.

    matrix: (C, C), P(given label g | right class y) at [y, g]. right: (N, C), P(right class | image, given label).
    """

    matrix: Floats
    right: Floats


# Sums in one order, whatever the number of cores, and no BLAS threads that wait for each other beside busy processes.
@threadpool_limits.wrap(limits=1)
def estimate(logits: Floats, labels: Labels) -> LabelNoise:
    """Return the noise of the labels by expectation maximization over the matrix alone, as `fit` does it.

    logits: (N, C) float64, calibrated: P(right class | image) is their softmax. labels: (N,) 0..C-1. Where there are
    fewer than 2 classes, or no image, all labels are right.
    """
    count = logits.shape[1]
    if count < 2 or not len(labels):
        return LabelNoise(np.eye(count), np.ones(logits.shape))
    model = NoiseModel(1.0, np.zeros(count), _first_matrix(labels, count))
    for _ in range(ROUNDS):
        matrix = _matrix(posterior(model, logits, labels), labels)
        moved = np.abs(matrix - model.matrix).max()
        model = replace(model, matrix=matrix)
        if moved < STILL:
            break
    return LabelNoise(model.matrix, posterior(model, logits, labels))


@threadpool_limits.wrap(limits=1)
def fit(logits: Floats, labels: Labels) -> NoiseModel:
    """Return the noise model under which the given labels are most probable, by expectation maximization.

    The likelihood of a given label g is sum_y P(y | image) matrix[y, g]. A network that is merely weak and
    labels that are wrong look alike in the mean but not in this: weak predictions disagree with labels most where they
    are least sure, wrong labels are disagreed with by the surest ones too. Each class's row of the matrix starts with
    the counts of 20 images, nine tenths of them labeled right (a Dirichlet prior): few images say little.
    logits: (N, C) float64 of networks that did not see the image, or that bear no trace of having seen its label, or
    log probabilities. labels: (N,) 0..C-1. Where there are fewer than 2 classes, or no image, all labels are right.
    Sources: Dawid and Skene, Maximum likelihood estimation of observer error-rates using the EM algorithm, 1979;
    Goldberger and Ben-Reuven, Training deep neural networks using a noise adaptation layer, ICLR 2017.
    """
    count = logits.shape[1]
    if count < 2 or not len(labels):
        return NoiseModel(1.0, np.zeros(count), np.eye(count))
    values = logits - logsumexp(logits, axis=1, keepdims=True)
    matrix = _first_matrix(labels, count)
    parameters = np.zeros(count + 1)
    bounds = [LOGARITHM_OF_SHARPNESS] + [(None, None)] * count
    before = -np.inf
    for _ in range(ROUNDS):
        found = minimize(
            _loss,
            parameters,
            args=(values, matrix[:, labels].T),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": STEPS},
        )
        parameters = found.x
        model = NoiseModel(float(np.exp(parameters[0])), parameters[1:], matrix)
        matrix = _matrix(posterior(model, logits, labels), labels)
        if -found.fun - before < PROGRESS:
            break
        before = -found.fun
    return NoiseModel(float(np.exp(parameters[0])), parameters[1:], matrix)


def posterior(model: NoiseModel, logits: Floats, labels: Labels) -> Floats:
    """Return (N, C) float64, P(right class | image, given label), proportional to P(y | image) matrix[y, g]."""
    return np.asarray(softmax(calibrated(model, logits) + np.log(model.matrix[:, labels].T), axis=1))


def calibrated(model: NoiseModel, logits: Floats) -> Floats:
    """Return (N, C) float64, log P(right class | image)."""
    values = logits - logsumexp(logits, axis=1, keepdims=True)
    return np.asarray(log_softmax(model.sharpness * values + model.bias, axis=1))


def log_probabilities(probabilities: NDArray[np.floating]) -> Floats:
    """Return the logarithms, float64, of probabilities; those below 1e-12 count as 1e-12."""
    return np.log(probabilities.astype(np.float64).clip(LEAST_PROBABILITY))


def _first_matrix(labels: Labels, count: int) -> Floats:
    return np.asarray(0.8 * np.eye(count) + 0.2 * np.bincount(labels, minlength=count) / len(labels))


def _matrix(right: Floats, labels: Labels) -> Floats:
    count = right.shape[1]
    wrong = (np.bincount(labels, minlength=count) / len(labels) + 1 / count) / 2
    counts = right.T @ np.eye(count)[labels] + PRIOR * (USUAL * np.eye(count) + (1 - USUAL) * wrong)
    return np.asarray(counts / counts.sum(1, keepdims=True))


def _loss(parameters: Floats, values: Floats, likelihood: Floats) -> tuple[float, Floats]:
    """Return the mean negative log likelihood of the labels, nats, and its gradient by log sharpness and bias."""
    sharpness, bias = np.exp(parameters[0]), parameters[1:]
    clean = log_softmax(sharpness * values + bias, axis=1)
    joint = clean + np.log(likelihood)
    total = logsumexp(joint, axis=1)
    pull = np.exp(joint - total[:, None]) - np.exp(clean)
    gradient = np.concatenate([[sharpness * (pull * values).sum()], pull.sum(0)]) / len(values)
    gradient[1:] -= TIMID * bias
    return -float(total.mean() - TIMID / 2 * (bias**2).sum()), -gradient
