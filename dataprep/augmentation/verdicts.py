"""What networks say of images before and after an operation -> which classes it changes, and into what."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import t

LEVEL = 0.95  # of the one-sided lower bound of a mean loss
MOST = 0.5  # of what a class loses: more than so much of it gone to one class is a change into that class


def judge(
    before: NDArray[np.float64], after: NDArray[np.float64], labels: NDArray[np.int64], classes: list[str], bound: float
) -> list[dict[str, Any]]:
    """Return for each class that has two images or more what AUGMENTATION_AUDIT says of one value of an operation.

    before, after: (n, C) probabilities of the same images as they are and augmented. labels: (n,) given classes,
    0..C-1. The loss of an image is before - after of its given class. A class changes when the lower 95 % bound of its
    mean loss, mean - t s / sqrt(n) by Student's t with n - 1 degrees of freedom, is above `bound`.

    It changes into another class k when k takes most of the loss L beyond what k takes from the other classes c' on
    average: gain(k, c) - mean of gain(k, c') > L / 2. Without the second term a class into which the networks put
    whatever looks strange to them would seem to be what everything becomes.
    """
    present = [number for number in range(len(classes)) if (labels == number).sum() > 1]
    gains = np.array([(after - before)[labels == number].mean(0) for number in present]).reshape(-1, len(classes))
    rows = []
    for place, number in enumerate(present):
        losses = (before - after)[labels == number, number]
        loss, spread = float(losses.mean()), float(losses.std(ddof=1)) / len(losses) ** 0.5
        low = loss - float(t.ppf(LEVEL, len(losses) - 1)) * spread
        into, gain = _gains_most(gains[place], number)
        others = [row for row, other in enumerate(present) if other not in (number, into)]
        usual = max(float(gains[others, into].mean()), 0.0) if others and into is not None else 0.0
        changes = low > bound
        rows.append(
            {
                "label": classes[number],
                "images": len(losses),
                "before": float(before[labels == number, number].mean()),
                "after": float(after[labels == number, number].mean()),
                "loss": loss,
                "loss_low": low,
                "becomes": None if into is None else classes[into],
                "gain": gain,
                "changes": changes,
                "another": changes and gain - usual > MOST * loss,
            }
        )
    return rows


def _gains_most(gains: NDArray[np.float64], own: int) -> tuple[int | None, float]:
    """Return the class other than `own` that gains most, and how much; none and 0 where none gains."""
    others = gains.copy()
    others[own] = 0.0
    into = int(others.argmax())
    return (into, float(others[into])) if others[into] > 0.0 else (None, 0.0)


def with_beginnings(table: pl.DataFrame) -> pl.DataFrame:
    """Return `table` with begins_at: on each side of the neutral value, the mildest value that changes the class.

    table: operation, label, step, value, changes. What is milder than it is safe. What is stronger need not be
    unsafe: an 8 turned by 180 degrees is an 8 again, but one turned by up to 180 degrees is not.
    """
    side = ["operation", "label", pl.col("step").sign().alias("side")]
    first = (
        table.filter(pl.col("changes") & (pl.col("step") != 0))
        .sort(pl.col("step").abs())
        .group_by(side, maintain_order=True)
        .agg(pl.col("value").first().alias("begins_at"))
    )
    keyed = table.with_columns(pl.col("step").sign().alias("side"))
    return keyed.join(first, on=["operation", "label", "side"], how="left", validate="m:1").drop("side")
