"""Plots of how far the networks are to be believed: calibration, accuracy by class, suggested labels."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from dataprep.markdown import count
from dataprep.report.intervals import Share
from dataprep.report.lettering import drawable
from dataprep.report.palette import AFTER, BLUE, GRAY, USUAL
from dataprep.report.plots import render, ruled


def reliability(found: pl.DataFrame) -> bytes:
    """Return accuracy by confidence with intervals beside the diagonal, and below it the images of each bin.

    found: as `calibration.bins`.
    """
    middle = 50 * (found["low"] + found["high"]).to_numpy()

    def draw(figure: Figure) -> None:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        above.plot([0, 100], [0, 100], color=GRAY, ls="--", lw=1.5, label=" keeps its word")
        confidence, accuracy = (100 * found[name].to_numpy() for name in ("confidence", "accuracy"))
        ends = 100 * np.abs(found["accuracy_low", "accuracy_high"].to_numpy().T - found["accuracy"].to_numpy())
        above.errorbar(
            confidence, accuracy, yerr=ends, color=BLUE, marker="o", ms=7, lw=2, capsize=4, label=" measured"
        )
        above.set(ylabel="label is predicted", ylim=(-3, 103))
        above.yaxis.set_major_formatter(PercentFormatter(decimals=0))
        above.legend(loc="upper left", frameon=False)
        below.bar(middle, found["images"], width=8.5, color=USUAL)
        for place, number in zip(middle, found["images"], strict=True):
            below.annotate(count(number), (place, number), (0, 2), textcoords="offset points", ha="center", fontsize=11)
        below.set(xlim=(0, 102), ylabel="images", xlabel="probability that the network gives its answer")
        below.margins(y=0.3)
        below.xaxis.set_major_formatter(PercentFormatter(decimals=0))
        below.yaxis.set_major_locator(MaxNLocator(3, integer=True))
        for axes in (above, below):
            ruled(axes)

    return render(draw, 7.5, 6.2)


def class_accuracies(names: Sequence[str], shares: Sequence[Share], images: Sequence[int], usual: float) -> bytes:
    """Return a row per class: its accuracy with interval, a line at the `usual` one of all images."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.axvline(100 * usual, color=GRAY, ls="--", lw=1.5)
        for row, found in enumerate(shares):
            axes.plot([100 * found.low, 100 * found.high], [row, row], color=BLUE, lw=2.5)
            axes.plot([100 * found.value], [row], color=BLUE, marker="o", ms=8, mec="white", zorder=3)
        _rows(axes, [f"{drawable(name)}  ({count(n)})" for name, n in zip(names, images, strict=True)])
        axes.xaxis.set_major_formatter(PercentFormatter(decimals=0))
        axes.set(xlabel="labels predicted, dashed: of all classes", ylabel="class (images)")

    return render(draw, 9, 1.5 + 0.34 * max(len(names), 3))


def flows(pairs: Sequence[tuple[str, str, int]], total: int) -> bytes:
    """Return bars of images for pairs of given and suggested label, the most frequent of `total` pairs."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        bars = axes.barh(range(len(pairs)), [n for _, _, n in pairs], color=AFTER)
        axes.bar_label(bars, padding=3, fontsize=11)
        _rows(axes, [f"{drawable(given)} → {drawable(other)}" for given, other, _ in pairs])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        of = f", the {len(pairs)} most frequent of {count(total)} pairs" if total > len(pairs) else ""
        axes.set(xlabel=f"images{of}", ylabel="given → suggested")

    return render(draw, 9, 1.5 + 0.3 * max(len(pairs), 3))


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    ruled(axes, "x")
