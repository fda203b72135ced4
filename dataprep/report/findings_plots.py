"""Where the findings are: kinds by classes, as a map of shares."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dataprep.report.lettering import drawable
from dataprep.report.plots import render

MOST_NUMBERS = 260  # cells that still hold a number each


def findings_map(shares: NDArray[np.float64], kinds: Sequence[str], classes: Sequence[str], note: str) -> bytes:
    """Return a row per kind and a column per class in colors of the share, %, with the number where there is room.

    shares: (kinds, classes), 0 to 1. The color goes by the root, so that small shares differ from none.
    """
    percent = 100 * shares

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        high = max(float(percent.max()), 1.0)
        mesh = axes.imshow(np.sqrt(percent), cmap=colormaps["cividis"], vmin=0, vmax=high**0.5, aspect="auto")
        if percent.size <= MOST_NUMBERS:
            for (row, column), value in np.ndenumerate(percent):
                if value > 0:
                    ink = "black" if value > high / 3 else "white"
                    text = f"{value:.0f}" if value >= 0.95 else f"{value:.1f}".lstrip("0")
                    axes.text(column, row, text, ha="center", va="center", color=ink, fontsize=11)
        shown = [drawable(name, 16) for name in classes]
        axes.set_xticks(range(len(classes)), shown, rotation=0 if max(map(len, shown)) < 4 else 90)
        axes.set_yticks(range(len(kinds)), kinds)
        axes.set_xlabel(f"class{note}")
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(mesh, ax=axes, pad=0.02, label="% of the class's images")
        ticks = np.unique(np.rint(np.linspace(0, high**0.5, 5 if len(kinds) > 4 else 3) ** 2))
        ticks = ticks[ticks <= high]
        bar.set_ticks(np.sqrt(ticks).tolist(), labels=[f"{tick:g}" for tick in ticks])

    names = 0.1 * max(len(drawable(name, 16)) for name in classes)  # as they stand upright
    return render(draw, min(13.0, 4.4 + 0.44 * max(len(classes), 6)), 1.9 + names + 0.38 * max(len(kinds), 4))
