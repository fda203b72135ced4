"""How probable each class is, given the votes of several people and a network that is one voice more."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, logsumexp, softmax
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

Floats = NDArray[np.float64]
Votes = NDArray[np.int64]

GAP = -1
ROUNDS = 100
STEPS = 8  # of the optimizer in each round: the matrices move as well, so exact optima would be wasted
STILL = 1e-5  # largest change of a matrix that ends the fit
TIMID = 1e-3  # weight of the squares of the biases, per image
SHRINKAGE = 15.0  # labels per class that the pool of all annotators counts for in each one's own matrix
LEAST_OTHERS = 1.5  # voices beside a vote, on average: of one alone the dependence does not show
LEAST_PAIRS = 100  # labels beside another person's, before the dependence of the voices is estimated


@dataclass(frozen=True)
class Crowd:
    """P(right y | image, votes) ~ [softmax(sharpness * logits + bias)[y] * prod_a matrices[a, y, vote_a]] ** exponent.

    sharpness: above 0. bias: (C,). shares: (C,) of the classes, in place of the softmax without a prediction.
    matrices: (A, C, C), rows are right classes and sum to 1. exponent: above 0, at most 1; all float64.
    """

    sharpness: float
    bias: Floats
    shares: Floats
    matrices: Floats
    exponent: float


# Sums in one order, whatever the number of cores.
@threadpool_limits.wrap(limits=1)
def fit(votes: Votes, logits: Floats) -> Crowd:
    """Return the model under which the votes are most probable, by expectation maximization.

    Each annotator's matrix is that person's expected counts plus `SHRINKAGE` labels per class divided like the
    pool of all annotators', so that one with few labels has nearly the pool's. The pool starts from
    counts of 1 per class and C / 2 more for itself (a Dirichlet prior).
    votes: (N, A) class numbers, GAP where there is none. logits: (N, C) of networks that did not see the
    image, or log probabilities; a row of NaN where there is no prediction, which leaves the votes alone.
    Sources: Dawid and Skene, Maximum likelihood estimation of observer error-rates using the EM algorithm, 1979;
    Goh, Tkachenko and Mueller, CROWDLAB: supervised learning to infer consensus labels, 2022.
    """
    count = logits.shape[1]
    voted = (votes != GAP).any(1)
    votes, logits = votes[voted], logits[voted]
    seen = np.isfinite(logits).all(1)
    given = np.bincount(votes[votes != GAP], minlength=count) + 1.0
    start = 0.8 * np.eye(count) + 0.2 * given / given.sum()
    crowd = Crowd(1.0, np.zeros(count), given / given.sum(), np.repeat(start[None], votes.shape[1], 0), 1.0)
    for _ in range(ROUNDS):
        right = posterior(crowd, votes, logits)
        sharpness, bias = _calibrate(crowd, logits[seen], right[seen])
        shares = (right.sum(0) + 1) / (right.sum() + count)
        matrices = _matrices(right, votes)
        moved = np.abs(matrices - crowd.matrices).max(initial=0.0)
        crowd = Crowd(sharpness, bias, shares, matrices, 1.0)
        if moved < STILL:
            break
    return Crowd(sharpness, bias, shares, matrices, _exponent(crowd, votes, logits))


def posterior(crowd: Crowd, votes: Votes, logits: Floats) -> Floats:
    """Return (N, C) float64, P(right class | image, votes) by the formula of `Crowd`; arguments as for `fit`."""
    evidence = _clean(crowd, logits) + sum(_votes_of(crowd, votes, a) for a in range(votes.shape[1]))
    return np.asarray(softmax(crowd.exponent * evidence, axis=1))


def _clean(crowd: Crowd, logits: Floats) -> Floats:
    """Return (N, C) log probabilities by the networks alone."""
    seen = np.isfinite(logits).all(1)
    found = np.tile(np.log(crowd.shares), (len(logits), 1))
    values = logits[seen] - logsumexp(logits[seen], axis=1, keepdims=True)
    found[seen] = log_softmax(crowd.sharpness * values + crowd.bias, axis=1)
    return found


def _votes_of(crowd: Crowd, votes: Votes, annotator: int) -> Floats:
    """Return (N, C), the log likelihood of one person's votes; 0 at gaps."""
    own = votes[:, annotator]
    found = np.log(crowd.matrices[annotator]).T[np.maximum(own, 0)]
    found[own == GAP] = 0.0
    return np.asarray(found)


def _calibrate(crowd: Crowd, logits: Floats, right: Floats) -> tuple[float, Floats]:
    if not len(logits):
        return crowd.sharpness, crowd.bias
    values = logits - logsumexp(logits, axis=1, keepdims=True)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        sharpness, bias = np.exp(parameters[0]), parameters[1:]
        clean = log_softmax(sharpness * values + bias, axis=1)
        pull = right - np.exp(clean)
        gradient = -np.concatenate([[sharpness * (pull * values).sum()], pull.sum(0)]) / len(values)
        gradient[1:] += TIMID * bias
        return float(-(right * clean).sum() / len(values) + TIMID / 2 * (bias**2).sum()), gradient

    start = np.concatenate([[np.log(crowd.sharpness)], crowd.bias])
    bounds = [(-5.0, 5.0)] + [(None, None)] * len(crowd.bias)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": STEPS}).x
    return float(np.exp(found[0])), found[1:]


def _matrices(right: Floats, votes: Votes) -> Floats:
    count = right.shape[1]
    columns = np.vstack([np.eye(count), np.zeros(count)])  # GAP is the last row
    counts = np.stack([right.T @ columns[votes[:, a]] for a in range(votes.shape[1])])
    pool = counts.sum(0) + 1 + np.eye(count) * count / 2
    pool /= pool.sum(1, keepdims=True)
    counts += SHRINKAGE * pool
    return np.asarray(counts / counts.sum(2, keepdims=True))


def _exponent(crowd: Crowd, votes: Votes, logits: Floats) -> float:
    """Return 1 / (1 + r (v - 1)) for v voices on a usual image, the networks one of them.

    Hard images fool everybody, so that many voices weigh less than as many independent ones: by Kish's design
    effect with a correlation r. It is the r at which each vote is best foretold by the other voices on its
    image, whose number is smaller by one; 0 to 1, and 0 with fewer than `LEAST_PAIRS` such votes, or with
    fewer than 1.5 other voices per vote: one alone shows no dependence.
    One exponent serves all images: then a vote for a class never lowers its probability.
    Source: Kish, Survey Sampling, 1965.
    """
    evidence = _clean(crowd, logits) + sum(_votes_of(crowd, votes, a) for a in range(votes.shape[1]))
    people = (votes != GAP).sum(1)
    voices = people + np.isfinite(logits).all(1)
    others, likelihoods, left = [], [], []
    for annotator in range(votes.shape[1]):
        rows = (votes[:, annotator] != GAP) & (people > 1)
        own = _votes_of(crowd, votes, annotator)[rows]
        others.append(evidence[rows] - own)
        likelihoods.append(own)
        left.append(voices[rows] - 1)
    rest, likelihood = np.concatenate(others), np.concatenate(likelihoods)
    if len(rest) < LEAST_PAIRS:
        return 1.0
    usual = float(np.concatenate(left).mean())
    if usual < LEAST_OTHERS:
        return 1.0

    def loss(correlation: float) -> float:
        expected = log_softmax(rest / (1 + correlation * (usual - 1)), axis=1)
        return -float(logsumexp(expected + likelihood, axis=1).mean())

    found = minimize_scalar(loss, bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-4}).x
    return float(1 / (1 + found * (voices.mean() - 1)))
