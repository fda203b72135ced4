"""How error falls with the number of training images: a power law, and what it leaves open.

error(n) = a * n ** -b + c: Cortes, Jackel, Solla, Vapnik and Denker, Learning curves: asymptotic values and rate of
convergence (1994); Hestness et al., Deep learning scaling is predictable, empirically (2017).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

Floats = NDArray[np.float64]

LEVEL = 0.9  # of the interval
DRAWS = 200
SIZES_FOR_FLOOR = 4  # with fewer distinct sizes a, b and c cannot be told apart
STARTS = tuple((b, floor) for b in (0.1, 0.4, 1.0) for floor in (0.0, 0.5, 0.9))
LEAST = 1e-9  # a is more than 0
SLOWEST, FASTEST = 1e-3, 2.0  # b


class Point(NamedTuple):
    """What one training showed. images: trained on; judged: held-out images; wrong: those predicted wrongly."""

    images: int
    judged: int
    wrong: int


@dataclass(frozen=True, eq=False)
class PowerLaw:
    """A fitted curve: error(n) = above * (n / largest) ** -b + c, which is a * n ** -b + c.

    largest: images of the largest training set. above: how far the error is above its floor c there.
    draws: (DRAWS, 3), above, b and c of the fits to resampled points.
    """

    largest: int
    above: float
    b: float
    c: float
    draws: Floats

    @property
    def a(self) -> float:
        """The error above the floor with one image, as the formula would have it."""
        return float(self.above * self.largest**self.b)

    def error(self, images: Floats) -> Floats:
        """Return the error expected after training on so many images (N,), 0 to 1."""
        return _error(images / self.largest, np.array([self.above, self.b, self.c])).clip(0.0, 1.0)

    def interval(self, images: Floats) -> tuple[Floats, Floats]:
        """Return both ends (N,) of the 90 % interval of `error`: percentiles of the resampled fits.

        Where the fit itself lies beyond them, as it can at a bound of a parameter, they reach to it.
        """
        fitted = self.error(images)
        drawn = _error(images / self.largest, self.draws[:, :, None]).clip(0.0, 1.0)
        low, high = np.quantile(drawn, ((1 - LEVEL) / 2, (1 + LEVEL) / 2), axis=0)
        return np.minimum(low, fitted), np.maximum(high, fitted)


@cache
def fit(points: tuple[Point, ...], chance: float, seed: int = 0) -> PowerLaw | None:
    """Return the power law through the points; None when they have fewer than two distinct sizes.

    chance: the error of a guess, the most that c may be; c is 0 with fewer than 4 distinct sizes.
    Least squares, weighted by the binomial spread of each size's error, from several starts: 0 < b <= 2.
    The interval is a parametric bootstrap: binomial draws about the fit, of fewer images where the trainings
    scatter more than binomially (dispersion, as in quasi-likelihood). Points that only get worse give a flat curve.
    Equal points and seed, equal curve.
    """
    sizes = np.unique([point.images for point in points])
    if len(sizes) < 2:
        return None
    judged, wrong = (_sums(points, sizes, field) for field in ("judged", "wrong"))
    share = sizes / sizes[-1]
    # One more of each kind: a size without an error is not known without limit.
    spread = np.sqrt((wrong + 1) * (judged - wrong + 1) / (judged + 2) ** 2 / judged)
    free = 3 if len(sizes) >= SIZES_FOR_FLOOR else 2
    solve = _solver(share, spread, chance, free)
    best = solve(wrong / judged, _starts(wrong / judged))
    effective = np.maximum(1, np.rint(judged / _dispersion(points, sizes, spread**2 * judged, best, free)))
    center = (effective * _error(share, best).clip(0.0, 1.0) + 0.5) / (effective + 1)
    resampled = np.random.default_rng(seed).binomial(effective.astype(np.int64), center, (DRAWS, len(sizes)))
    start = np.array([best[0], 0.4, best[2] / 2])
    draws = np.array([solve(errors, [start]) for errors in resampled / effective])
    above, b, c = best.tolist()
    return PowerLaw(int(sizes[-1]), above, b, c, draws)


def _error(share: Floats, values: Floats) -> Floats:
    above, b, c = values if values.ndim == 1 else values.transpose(1, 0, 2)
    found: Floats = above * share**-b + c
    return found


def _sums(points: tuple[Point, ...], sizes: Floats, field: str) -> Floats:
    return np.array([sum(getattr(point, field) for point in points if point.images == size) for size in sizes], float)


def _starts(errors: Floats) -> list[Floats]:
    floor = errors.min()
    return [np.array([max(LEAST, errors[-1] - part * floor), b, part * floor]) for b, part in STARTS]


def _solver(share: Floats, spread: Floats, chance: float, free: int) -> Callable[[Floats, list[Floats]], Floats]:
    """Return a function that fits errors, one per share, from each start and returns the best above, b and c."""
    low, high = np.array([LEAST, SLOWEST, 0.0]), np.array([1.0, FASTEST, chance])
    logarithm = np.log(share)

    def jacobian(values: Floats) -> Floats:
        power = share ** -values[1]
        columns = (power, -values[0] * power * logarithm, np.ones_like(share))[:free]
        return np.stack(columns, axis=1) / spread[:, None]

    def solve(errors: Floats, starts: list[Floats]) -> Floats:
        def residuals(values: Floats) -> Floats:
            return (_error(share, np.append(values, [0.0] * (3 - free))) - errors) / spread

        bounds = low[:free], high[:free]
        found = [
            least_squares(residuals, start[:free].clip(*bounds), jacobian, bounds=bounds, ftol=1e-7, xtol=1e-7)
            for start in starts
        ]
        best = min(found, key=lambda result: result.cost)
        return np.append(best.x, [0.0] * (3 - free))

    return solve


def _dispersion(points: tuple[Point, ...], sizes: Floats, variance: Floats, values: Floats, free: int) -> float:
    """Return how many times the variance of the points about the fit is the binomial one, 1 at least.

    variance: of one judged image, per size.
    """
    at = np.searchsorted(sizes, [point.images for point in points])
    judged = np.array([point.judged for point in points])
    off = np.array([point.wrong for point in points]) / judged - _error(sizes / sizes[-1], values)[at]
    return float(max(1.0, (off**2 * judged / variance[at]).sum() / max(1, len(points) - free)))
