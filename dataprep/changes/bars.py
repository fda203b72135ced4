"""The classes before and now, as a picture."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dataprep.report.lettering import drawable
from dataprep.report.plots import COLORS, GRAY, render

MOST_BARS = 16
WIDTH = 8.0  # inches of 100 px: as wide as GitHub's column


def balance_bars(rows: pl.DataFrame, what: str) -> bytes:
    """Return PNG: bars of images per class before and now, and what came and went; rows has label, before and now."""
    labels = [drawable(label) if label is not None else "no label" for label in rows["label"]]
    before, now = (rows[name].to_numpy() for name in ("before", "now"))

    def draw(figure: Figure) -> None:
        sizes, change = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        places = np.arange(len(labels))
        sizes.barh(places - 0.2, before, 0.38, color=GRAY, label="before")
        sizes.barh(places + 0.2, now, 0.38, color=COLORS[0], label="now")
        _dress(sizes, what)
        sizes.set_yticks(places, labels)
        sizes.set_ylabel("class")
        sizes.set_ylim(len(labels) - 0.4, -0.6)
        figure.legend(loc="outside upper left", ncols=2, frameon=False)
        _changes(change, now - before)

    return render(draw, WIDTH, 1.7 + 0.36 * max(len(labels), 3))


def _changes(axes: Axes, change: Sequence[int]) -> None:
    colors = [COLORS[0] if n > 0 else COLORS[5] for n in change]
    axes.barh(range(len(change)), change, 0.6, color=colors)
    axes.axvline(0, color="#444444", linewidth=1)
    reach = max(1.0, float(max(abs(n) for n in change)))
    axes.set_xlim(-1.45 * reach, 1.45 * reach)
    for place, n in enumerate(change):
        if n:
            side = "left" if n > 0 else "right"
            axes.text(n + 0.05 * reach * np.sign(n), place, _signed(int(n)), va="center", ha=side, fontsize=12)
    _dress(axes, "change")


def _signed(number: int) -> str:
    return f"{number:+,}".replace("-", "−")


def _dress(axes: Axes, title: str) -> None:
    axes.set_xlabel(title)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
