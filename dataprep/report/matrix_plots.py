"""A matrix of labels against labels with a number in each cell, such as a confusion matrix."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from dataprep.report import palette
from dataprep.report.lettering import drawable

CELL = 0.55  # inches; narrower where there are many
LEAST_CELLS = 6  # whose room fewer classes take
ROOM = 8.4  # inches for all columns
LEAST_WIDTH = 7.0  # inches, for the title
LETTER = 0.11  # inches, about as wide as a letter of a name
LONGEST = 20  # letters of a name
MARGIN = 1.2  # inches for the title and the names of the axes
HEADROOM = 1.15  # the color scale's end over the highest value


def size(names: Sequence[str]) -> tuple[float, float]:
    """Return width and height in inches of the matrix of these classes."""
    letters = max(len(drawable(name, LONGEST)) for name in names)
    side = _cell(names) * max(len(names), LEAST_CELLS)
    aside = MARGIN + LETTER * letters
    return max(side + aside, LEAST_WIDTH), side + (aside if _upright(names) else MARGIN) + 0.3


def _cell(names: Sequence[str]) -> float:
    return min(CELL, ROOM / max(len(names), 1))


def _upright(names: Sequence[str]) -> bool:
    """Return whether names below the columns must stand upright to have room."""
    room = _cell(names) * max(len(names), LEAST_CELLS) / len(names)
    return LETTER * (1 + max(len(drawable(name, LONGEST)) for name in names)) > room


def matrix(figure: Figure, values: NDArray[Any], names: Sequence[str], written: Callable[[float], str]) -> Axes:
    """Draw the matrix (n, n) of values >= 0, each as `written`, and return its axes, which are not labeled yet.

    Off the diagonal, the more the darker; 0 is white.
    """
    axes = figure.add_subplot()
    wrong = values.copy()
    np.fill_diagonal(wrong, np.nan)
    high = HEADROOM * (float(np.nanmax(wrong)) if len(names) > 1 and np.nanmax(wrong) > 0 else 1.0)
    colors = palette.WRONG.with_extremes(bad=palette.NONE)
    axes.imshow(wrong, cmap=colors, vmin=0, vmax=high, aspect="auto")
    points = 13 if _cell(names) > 0.45 else 11
    for (row, column), value in np.ndenumerate(values):
        ink = palette.ink_on(palette.NONE if row == column else colors(value / high))
        axes.text(column, row, written(value), ha="center", va="center", color=ink, fontsize=points)
    for number in range(len(names)):
        axes.add_patch(Rectangle((number - 0.5, number - 0.5), 1, 1, fill=False, ec=palette.GRAY, lw=1))
    _name(axes, names)
    return axes


def _name(axes: Axes, names: Sequence[str]) -> None:
    shown = [drawable(name, LONGEST) for name in names]
    axes.set_xticks(range(len(names)), shown, rotation=90 if _upright(names) else 0)
    axes.set_yticks(range(len(names)), shown)
    between = np.arange(len(names) - 1) + 0.5
    axes.set_xticks(between, minor=True)
    axes.set_yticks(between, minor=True)
    axes.grid(which="minor", color=palette.RULE, lw=0.8)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
