"""95 % intervals of shares: of independent images, of groups of copies, of labels that are right by a probability."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from dataprep.markdown import exact_share

LEVEL = 0.95
Z = float(norm.ppf((1 + LEVEL) / 2))
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Share:
    """An estimated share and the ends of its 95 % interval: 0 <= low <= value <= high <= 1."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return the percentage with its interval behind it, where it has one.

        >>> str(Share(0.9, 0.85, 0.94)), str(exactly(1.0))
        ('90.0% (85.0 to 94.0%)', '100.0%')
        """
        shown = exact_share(self.value)
        return shown if self.low == self.high else f"{shown} ({exact_share(self.low)[:-1]} to {exact_share(self.high)})"

    @property
    def complement(self) -> "Share":
        """Return the share of all the others."""
        return Share(1 - self.value, 1 - self.high, 1 - self.low)


def exactly(value: float) -> Share:
    """Return a share that was counted and not estimated."""
    return Share(value, value, value)


def wilson(part: float, whole: float) -> Share:
    """Return the share of `part` in `whole` with Wilson's score interval; `whole` above 0, both may be fractions.

    (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n), which holds for 0 and for all as well.
    Source: Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """
    share = part / whole
    center = share + Z**2 / (2 * whole)
    reach = Z * math.sqrt(share * (1 - share) / whole + Z**2 / (4 * whole**2))
    low, high = (center - reach) / (1 + Z**2 / whole), (center + reach) / (1 + Z**2 / whole)
    return Share(share, max(0.0, min(low, share)), min(1.0, max(high, share)))


def clustered(bad: Floats, groups: NDArray[np.int64]) -> Share:
    """Return the mean of `bad` with an interval that takes no two images of a group as independent.

    The mean is a ratio R = sum b_j / sum m_j over the groups j of m_j images. With its variance
    v = n / (n - 1) sum (b_j - R m_j)^2 / (sum m_j)^2 of n groups the images count as R (1 - R) / v independent ones, in
    Wilson's interval; where v is 0, as (sum m_j)^2 / sum m_j^2 of them. Student's t takes the place of z where there
    are few groups.
    bad: (N,), 0 to 1, N above 0. groups: (N,) from 0.
    Sources: Cochran, Sampling techniques, 1977, for v; Kish, Survey sampling, 1965, for the effective number; Korn and
    Graubard, Confidence intervals for proportions with small expected number of positive counts, 1998.
    """
    sizes, wrong = _totals(bad, groups)
    share = float(wrong.sum() / sizes.sum())
    found = variance(bad, groups)
    plain = share * (1 - share)
    number = float(sizes.sum() ** 2 / (sizes**2).sum())
    if found > 0 and plain > 0:
        number = plain / found
    if len(sizes) > 1:
        number *= (Z / float(t.ppf((1 + LEVEL) / 2, len(sizes) - 1))) ** 2
    return wilson(share * number, number)


def variance(bad: Floats, groups: NDArray[np.int64]) -> float:
    """Return the variance of the mean of `bad` as `clustered` says it; 0 of a single group."""
    sizes, wrong = _totals(bad, groups)
    if len(sizes) < 2:
        return 0.0
    residuals = wrong - wrong.sum() / sizes.sum() * sizes
    return float(len(sizes) / (len(sizes) - 1) * (residuals**2).sum() / sizes.sum() ** 2)


def between(bad: Floats, groups: NDArray[np.int64], folds: NDArray[np.int64]) -> Share:
    """Return `clustered`, wider where folds differ by more than chance: each fold was judged by another network.

    To the variance over groups tau^2 / k is added, with tau^2 = max(0, S^2 - mean v_f) of the k folds' means, their
    variance S^2 and the variance v_f of each over its own groups (method of moments for random effects). Student's t
    with (k - 1) / w^2 degrees of freedom takes the place of z, w being the added share of all variance.
    Sources: DerSimonian and Laird, Meta-analysis in clinical trials, 1986, there with weights; Satterthwaite, An
    approximate distribution of estimates of variance components, 1946.
    """
    plain = clustered(bad, groups)
    names = np.unique(folds)
    if len(names) < 2:
        return plain
    means = np.array([bad[folds == name].mean() for name in names])
    within = np.array([variance(bad[folds == name], groups[folds == name]) for name in names])
    tau = max(0.0, float(means.var(ddof=1) - within.mean()))
    own = variance(bad, groups)
    if tau == 0 or own == 0:
        return plain
    extra = tau / len(names)
    freedom = (len(names) - 1) * ((own + extra) / extra) ** 2
    wider = math.sqrt(1 + extra / own) * float(t.ppf((1 + LEVEL) / 2, freedom)) / Z
    return Share(
        plain.value,
        max(0.0, plain.value - wider * (plain.value - plain.low)),
        min(1.0, plain.value + wider * (plain.high - plain.value)),
    )


def probable(right: Floats, spread: float = 0.0) -> Share:
    """Return the share of labels that are right, each with a probability of its own.

    The number of right ones is Poisson-binomial, with variance sum p (1 - p); `spread` is the standard deviation of the
    mean probability between the opinions that were asked, added in squares. Normal limits, as the number of labels is
    large or the probabilities say little; never beyond 0 and 1.
    right: (N,) probabilities, N above 0.
    Source: Le Cam, An approximation theorem for the Poisson binomial distribution, 1960.
    """
    share = float(right.mean())
    deviation = math.sqrt(float((right * (1 - right)).sum()) / len(right) ** 2 + spread**2)
    return Share(share, max(0.0, share - Z * deviation), min(1.0, share + Z * deviation))


def added(first: Share, second: Share, weight: float) -> Share:
    """Return `first`, wider for what is not known of `second`, of which `first` has `weight` times the value.

    Distances to each end are added in squares (MOVER), so that lopsided intervals stay so.
    Source: Zou and Donner, Construction of confidence limits about effect measures, 2008.
    """
    below = math.hypot(first.value - first.low, weight * (second.value - second.low))
    above = math.hypot(first.high - first.value, weight * (second.high - second.value))
    return Share(first.value, max(0.0, first.value - below), min(1.0, first.value + above))


def _totals(bad: Floats, groups: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return the number of images and the sum of `bad` of each group that has an image."""
    sizes = np.bincount(groups).astype(np.float64)
    wrong = np.bincount(groups, weights=bad).astype(np.float64)
    return sizes[sizes > 0], wrong[sizes > 0]
