"""The picture of the data set's health: a row per kind, before and after, with intervals."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from dataprep.report.health.share_of import Health
from dataprep.report.palette import AFTER, BEFORE
from dataprep.report.plots import render, ruled
from dataprep.wording import health_wording

TICKS = (0, 25, 50, 75, 90, 95, 99, 100)
LEAST_FROM = 0.9  # the axis starts here or lower, so that small differences stay small


def health(before: Mapping[str, Health], written: Mapping[str, Health]) -> bytes:
    """Return a dot and an interval for each kind, as the images came in and as they were written.

    The axis is drawn by the root of what is missing to 100 %, as most of what matters lies near it.
    """
    names = list({**before, **written})

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for found, color, marker, shift, label in (
            (before, BEFORE, "o", -0.16, "as it came in"),
            (written, AFTER, "D", 0.16, "written data set"),
        ):
            for row, name in enumerate(names):
                if name in found:
                    _mark(axes, found[name], row + shift, color, marker)
            axes.plot([], [], color=color, marker=marker, lw=2.5, label=f" {label}")
        axes.set_yticks(range(len(names)), [health_wording(name).title for name in names])
        axes.set_ylim(len(names) - 0.4, -0.6)
        shares = [item.share.low for found in (before, written) for item in found.values()]
        _scale(axes, min([LEAST_FROM, *shares]))
        figure.legend(loc="outside upper center", ncols=2, frameon=False)

    return render(draw, 9, 1.7 + 0.42 * max(len(names), 3))


def _mark(axes: Axes, found: Health, row: float, color: str, marker: str) -> None:
    axes.plot(_place([found.share.low, found.share.high]), [row, row], color=color, lw=2.5, solid_capstyle="butt")
    axes.plot(_place([found.share.value]), [row], color=color, marker=marker, ms=8, mec="white", mew=0.8, zorder=3)


def _place(shares: ArrayLike) -> NDArray[np.float64]:
    return -np.sqrt(np.clip(1 - np.asarray(shares, dtype=float), 0, 1))


def _scale(axes: Axes, low: float) -> None:
    shown = [tick for tick in TICKS if tick >= 100 * low - 1e-9]
    first = max((tick for tick in TICKS if tick < 100 * low), default=0)
    ticks = sorted({first, *shown})
    axes.set_xticks(_place(np.array(ticks) / 100).tolist(), [f"{tick}%" for tick in ticks])
    left = float(_place(first / 100))
    axes.set_xlim(left, -left * 0.03)
    axes.set_xlabel("share of images as they should be (stretched towards 100%)")
    ruled(axes, "x")
