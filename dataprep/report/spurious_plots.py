"""The pictures of spurious correlations: a bar per property, and the values of the strongest ones class by class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from dataprep.config import Correlations
from dataprep.properties import Property
from dataprep.report import palette
from dataprep.report.lettering import drawable
from dataprep.report.plots import SMALL, WIDTH, name_rows, percent, render
from dataprep.wording import property_wording

MOST_CLASSES = 10  # in a panel; the rest is one row
MOST_CATEGORIES = 4
CATEGORIES = (palette.SKY, palette.ORANGE, palette.BLUE, palette.YELLOW)  # of the files; neither good nor bad
LONGEST = 24  # letters of a class
PER_LETTER = 1.5  # percentage points of the axis
RANGES = ((0.05, 0.95, 2.0), (0.25, 0.75, 9.0))  # quantiles and width of the line between them, points


@dataclass(frozen=True)
class Shown:
    """A property of n images. labels: (n,) String. classes: all, most followed first. flagged: those too well."""

    name: str
    item: Property
    labels: pl.Series
    classes: list[str]
    flagged: set[str]


def strengths(rows: Sequence[dict[str, Any]], params: Correlations) -> bytes:
    """Return a bar per property for the class that it follows most, and a mark from where on that is too well.

    The mark is the limit in `params`, or chance where that is higher.
    """

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        ends = [0.0]
        for place, row in enumerate(rows):
            limit = max(params.file if row["kind"] == "file" else params.picture, row["chance"])
            color = palette.BAD if row["spurious"] else palette.USUAL
            axes.barh(place, 100 * row["strength"], height=0.7, color=color)
            axes.plot([100 * limit] * 2, [place - 0.45, place + 0.45], color="black", lw=2.5, solid_capstyle="butt")
            text = f"{100 * row['strength']:.0f}%  {drawable(row['label'], 20)}"
            axes.text(100 * max(row["strength"], limit) + 1, place, text, va="center", fontsize=13)
            ends.append(100 * max(row["strength"], limit) + PER_LETTER * len(text))
        name_rows(axes, [property_wording(row["property"]).title for row in rows], most=40)
        axes.set(xlim=(0, max(102, *ends)), xticks=range(0, 101, 20))
        axes.spines["bottom"].set_bounds(0, 100)
        percent(axes.xaxis)
        axes.set_xlabel("strength, and the class that the property follows most", loc="left")
        for color, label in ((palette.BAD, "follows the label too well"), (palette.USUAL, "does not")):
            axes.barh([-9], [0], color=color, label=label)
        axes.plot([], [], "|", color="black", ms=14, mew=2.5, label="too well from here on")
        figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=SMALL)

    return render(draw, WIDTH, 1.9 + 0.34 * max(len(rows), 3))


def values(shown: Sequence[Shown]) -> bytes:
    """Return a panel per property, a row per class: those that it follows most on top, the flagged ones in color."""
    lines = [min(len(item.classes), MOST_CLASSES + 1) for item in shown]

    def draw(figure: Figure) -> None:
        panels = figure.subplots(len(shown), 1, squeeze=False, height_ratios=[n + 3 for n in lines])[:, 0]
        for axes, item in zip(panels, shown, strict=True):
            _panel(axes, item)
        if any(not item.item.categories for item in shown):
            figure.supxlabel(
                "dot: median; thick: middle half of the images; thin: 90% of them", fontsize=SMALL, color=palette.MUTED
            )

    return render(draw, WIDTH, 0.4 + sum(1.2 + 0.28 * max(n, 2) for n in lines))


def _panel(axes: Axes, shown: Shown) -> None:
    named = shown.classes if len(shown.classes) <= MOST_CLASSES + 1 else shown.classes[:MOST_CLASSES]
    groups = [(drawable(name), (shown.labels == name).to_numpy(), name in shown.flagged) for name in named]
    rest = len(shown.classes) - len(named)
    if rest:
        groups.append((f"{rest} other classes", (~shown.labels.is_in(named)).to_numpy(), False))
    for place, (_, rows, flagged) in enumerate(groups):
        found = shown.item.values[rows]
        found = found[~np.isnan(found)]
        if shown.item.categories:
            _shares(axes, place, found, shown.item)
        elif len(found):
            _spread(axes, place, found, palette.BAD if flagged else palette.USUAL)
    name_rows(axes, [name for name, _, _ in groups], LONGEST)
    for label, (_, _, flagged) in zip(axes.get_yticklabels(), groups, strict=True):
        label.set(color=palette.BAD if flagged else palette.INK, fontweight="bold" if flagged else "normal")
    words = property_wording(shown.name)
    span = "share of the class's images" if shown.item.categories else words.span
    note = f"   {span}" if span else ""
    axes.set_title(f"{words.title[:1].upper()}{words.title[1:]}{note}", loc="left")


def _spread(axes: Axes, place: int, found: Any, color: str) -> None:
    for low, high, width in RANGES:
        ends = np.quantile(found, (low, high))
        axes.plot(ends, [place, place], color=color, lw=width, solid_capstyle="butt")
    axes.plot(np.median(found), place, "o", color="white", mec=color, mew=3, ms=9)
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}".replace("-", "−")))


def _shares(axes: Axes, place: int, found: Any, item: Property) -> None:
    counts = np.bincount(item.values[~np.isnan(item.values)].astype(int), minlength=len(item.categories))
    order = np.argsort(-counts, kind="stable")
    own = np.bincount(found.astype(int), minlength=len(counts))[order] / max(len(found), 1)
    names = [item.categories[number] for number in order]
    if len(names) > MOST_CATEGORIES:
        names = [*names[: MOST_CATEGORIES - 1], "others"]
        own = np.append(own[: MOST_CATEGORIES - 1], own[MOST_CATEGORIES - 1 :].sum())
    left = 0.0
    for name, part, color in zip(names, own, CATEGORIES, strict=False):
        label = drawable(name, 16) if place == 0 else None
        axes.barh(place, 100 * part, left=left, color=color, height=0.7, label=label)
        left += 100 * part
    axes.set(xlim=(0, 100))
    percent(axes.xaxis)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, frameon=False, fontsize=SMALL, borderpad=0)
