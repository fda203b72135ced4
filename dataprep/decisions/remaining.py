"""How many faults are left after a review so far, with an interval, and whether that is enough."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import chi2

LEVEL = 0.95
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Remaining:
    """What the undecided images hold.

    images: all that were looked for faults in; decided: how many a person decided about; wrong: found among these.
    expected, low, high: faults among the undecided, and the 95 % interval; expected is None before the first turn.
    more: decisions in the order of the turns until `high` is at most `enough` of the images, if nothing more is found;
    0: enough is enough.
    """

    images: int
    decided: int
    wrong: int
    expected: float | None
    low: float
    high: float
    more: int

    @property
    def rate(self) -> tuple[float | None, float, float]:
        """Return expected, low and high as shares of all images."""
        whole = max(self.images, 1)
        return None if self.expected is None else self.expected / whole, self.low / whole, self.high / whole


def remaining(turns: pl.DataFrame, agreed: pl.DataFrame, disputed: pl.DataFrame, enough: float) -> Remaining:
    """Estimate the faults that are left from decisions in the order of the turns; others do no harm.

    Let t be the first undecided image's turn. Decided images of earlier turns are a sample into which image i came with
    probability p_i = 1 - exp(-w_i t), so each fault in it stands for (1 - p_i) / p_i faults outside (Horvitz and
    Thompson 1952), less the share of images of like weight that were decided out of turn. The interval is that of a
    weighted sum of Poisson counts (Fay and Feuer 1997), whose variance includes that of what is left; when nothing was
    found the upper end is 3.7 / (w t) of the least weight among the undecided, the rule of three at 97.5 %.
    A fault: relabeled, in dispute, or dropped while no copy.
    The rule: enough is reviewed when `high` is at most `enough` of all images.
    turns: TURNS. agreed: DECISIONS, one row per image; disputed: image_id. Both of `settle`.
    """
    rows = _with_verdicts(turns, agreed, disputed).sort("turn", "image_id")
    weight, turn = rows["weight"].to_numpy(), rows["turn"].to_numpy()
    decided, wrong = rows["decided"].to_numpy(), rows["wrong"].to_numpy()
    left = np.flatnonzero(~decided)
    counts = (len(rows), int(decided.sum()), int(wrong.sum()))
    if not len(left):
        return Remaining(*counts, 0.0, 0.0, 0.0, 0)
    estimate = partial(_estimate, weight, turn, decided, wrong, left)
    expected, low, high = estimate(0)
    most = enough * len(rows)
    steps = (0, len(left))
    while high > most and steps[0] + 1 < steps[1]:
        middle = sum(steps) // 2
        steps = (middle, steps[1]) if estimate(middle)[2] > most else (steps[0], middle)
    return Remaining(*counts, expected if left[0] else None, low, high, steps[1] if high > most else 0)


def in_words(found: Remaining) -> str:
    """Return the running estimate as one line.

    >>> in_words(Remaining(1000, 200, 30, 4.0, 1.0, 12.0, 90))
    '200 of 1,000 decided, 30 wrong; 0.4 % (0.1 to 1.2 %) still wrong; enough after 90 more'
    """
    expected, low, high = found.rate
    span = f"{100 * low:.1f} to {100 * high:.1f} %"
    left = f"unknown ({span})" if expected is None else f"{100 * expected:.1f} % ({span})"
    end = f"enough after {found.more:,} more" if found.more else "that is enough"
    return f"{found.decided:,} of {found.images:,} decided, {found.wrong:,} wrong; {left} still wrong; {end}"


def _with_verdicts(turns: pl.DataFrame, agreed: pl.DataFrame, disputed: pl.DataFrame) -> pl.DataFrame:
    verdicts = pl.concat(
        [agreed.select("image_id", "verdict"), disputed.select("image_id", verdict=pl.lit("disputed", pl.String))]
    )
    bad = pl.col("verdict").is_in(["relabel", "disputed"]) | ((pl.col("verdict") == "drop") & ~pl.col("copy"))
    rows = turns.join(verdicts, on="image_id", how="left", validate="1:1")
    return rows.with_columns(decided=pl.col("verdict").is_not_null(), wrong=bad.fill_null(False))


def _estimate(
    weight: Floats,
    turn: Floats,
    decided: NDArray[np.bool_],
    wrong: NDArray[np.bool_],
    left: NDArray[np.int64],
    further: int,
) -> tuple[float, float, float]:
    """Return expected, low and high once the `further` next undecided images are decided as well, none wrong."""
    if further >= len(left):
        return 0.0, 0.0, 0.0
    rest = left[further:]
    now = turn[rest[0]]
    kind = np.floor(np.log2(weight)).astype(int)
    kind -= kind.min()
    late = np.arange(len(turn)) >= rest[0]
    open_share = np.bincount(kind[rest], minlength=kind.max() + 1) / np.maximum(
        np.bincount(kind[late], minlength=kind.max() + 1), 1
    )
    sampled = np.flatnonzero(~late & wrong)
    odds = 1 / np.expm1(np.maximum(weight[sampled] * now, 1e-12))  # (1 - p) / p
    share = open_share[kind[sampled]]
    expected = float((odds * share).sum())
    variance = float((odds * (1 + odds) * share).sum())
    single = float(1 / (weight[rest].min() * max(now, 1e-12)))
    tail = (1 - LEVEL) / 2
    low = variance / (2 * expected) * chi2.ppf(tail, 2 * expected**2 / variance) if expected > 0 else 0.0
    total, spread = expected + single, variance + single**2
    high = spread / (2 * total) * chi2.ppf(1 - tail, 2 * total**2 / spread)
    return expected, min(float(low), expected), min(float(high), float(len(rest)))
