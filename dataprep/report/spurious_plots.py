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
from dataprep.report.lettering import drawable
from dataprep.report.plots import COLORS, render
from dataprep.wording import property_wording

MOST_CLASSES = 10  # in a panel; the rest is one row
MOST_CATEGORIES = 4
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
        for place, row in enumerate(rows):
            limit = max(params.file if row["kind"] == "file" else params.picture, row["chance"])
            color = COLORS[5] if row["spurious"] else COLORS[4]
            axes.barh(place, 100 * row["strength"], height=0.7, color=color)
            axes.plot([100 * limit] * 2, [place - 0.45, place + 0.45], color="black", lw=2.5, solid_capstyle="butt")
            end = 100 * max(row["strength"], limit)
            axes.text(end + 1, place, drawable(row["label"], 16), va="center", fontsize=12)
        axes.set_yticks(range(len(rows)), [property_wording(row["property"]).title for row in rows])
        axes.set(xlim=(0, 118), xticks=range(0, 101, 20), ylim=(len(rows) - 0.4, -0.6))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
        axes.set_xlabel("strength, for the class named beside the bar")
        axes.grid(axis="x", color="#dddddd")
        axes.set_axisbelow(True)
        for color, label in ((COLORS[5], "follows the label too well"), (COLORS[4], "does not")):
            axes.barh([-9], [0], color=color, label=label)
        axes.plot([], [], "|", color="black", ms=14, mew=2.5, label="too well from here on")
        figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=12)

    return render(draw, 9, 1.8 + 0.32 * max(len(rows), 3))


def values(shown: Sequence[Shown]) -> bytes:
    """Return a panel per property, a row per class: those that it follows most on top, the flagged ones in color."""
    lines = [min(len(item.classes), MOST_CLASSES + 1) for item in shown]

    def draw(figure: Figure) -> None:
        panels = figure.subplots(len(shown), 1, squeeze=False, height_ratios=[n + 3 for n in lines])[:, 0]
        for axes, item in zip(panels, shown, strict=True):
            _panel(axes, item)

    return render(draw, 9, sum(1.3 + 0.3 * max(n, 2) for n in lines))


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
            _spread(axes, place, found, COLORS[5] if flagged else COLORS[0])
    axes.set_yticks(range(len(groups)), [name for name, _, _ in groups])
    for label, (_, _, flagged) in zip(axes.get_yticklabels(), groups, strict=True):
        label.set(color=COLORS[5] if flagged else "black", fontweight="bold" if flagged else "normal")
    axes.set_ylim(len(groups) - 0.4, -0.6)
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)
    title = property_wording(shown.name).title
    axes.set_title(f"{title[:1].upper()}{title[1:]}", loc="left", fontsize=14)


def _spread(axes: Axes, place: int, found: Any, color: str) -> None:
    for low, high, width in RANGES:
        ends = np.quantile(found, (low, high))
        axes.plot(ends, [place, place], color=color, lw=width, solid_capstyle="butt", alpha=0.9 if width < 5 else 0.6)
    axes.plot(np.median(found), place, "o", color=color, mec="white", ms=9)
    axes.xaxis.set_major_locator(MaxNLocator(8))
    axes.set_xlabel("dot: median; thick: middle half of the images; thin: 90% of them", fontsize=12)


def _shares(axes: Axes, place: int, found: Any, item: Property) -> None:
    counts = np.bincount(item.values[~np.isnan(item.values)].astype(int), minlength=len(item.categories))
    order = np.argsort(-counts, kind="stable")
    own = np.bincount(found.astype(int), minlength=len(counts))[order] / max(len(found), 1)
    names = [item.categories[number] for number in order]
    if len(names) > MOST_CATEGORIES:
        names = [*names[: MOST_CATEGORIES - 1], "others"]
        own = np.append(own[: MOST_CATEGORIES - 1], own[MOST_CATEGORIES - 1 :].sum())
    left = 0.0
    for name, part, color in zip(names, own, (COLORS[0], COLORS[1], COLORS[2], COLORS[3]), strict=False):
        axes.barh(place, 100 * part, left=left, color=color, height=0.7, label=name if place == 0 else None)
        left += 100 * part
    axes.set(xlim=(0, 100), xlabel="share of the class's images")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=12)
