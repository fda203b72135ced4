"""The plot of several annotators: how good each one is by estimate, beside whom each one agrees with."""

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dataprep.annotators import Baseline
from dataprep.markdown import count
from dataprep.report import palette
from dataprep.report.lettering import drawable
from dataprep.report.plots import SMALL, WIDTH, name_rows, percent, render

LEAST_SPAN = 8.0  # percentage points that the plot shows, so that small differences do not fill it


def agreements(people: pl.DataFrame, baseline: Baseline) -> bytes:
    """Return a row per annotator, three marks each: estimated quality, agreement with people, with the networks."""
    names = people["annotator"].to_list()
    marks = (
        ("right, by estimate", people["quality"].to_list(), "D", palette.BLUE),
        ("like other people's", people["agreement_with_others"].to_list(), "o", palette.ORANGE),
        ("like the networks'", [baseline.by_annotator.get(name) for name in names], "s", palette.GREEN),
    )

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place in range(len(names)):
            found = [100 * value for _, values, _, _ in marks if (value := values[place]) is not None]
            axes.plot(
                [min(found), max(found)], [place, place], color=palette.RULE, lw=4, zorder=1, solid_capstyle="round"
            )
        for label, values, marker, color in marks:
            known = [(place, 100 * value) for place, value in enumerate(values) if value is not None]
            if known:
                places, shares = zip(*known, strict=True)
                axes.scatter(shares, places, s=75, marker=marker, color=color, zorder=3, label=label)
        rows = [f"{drawable(name)}  ({count(n)})" for name, n in people["annotator", "labels"].iter_rows()]
        name_rows(axes, rows, most=40)
        _scale(axes)
        axes.set(xlabel="share of the annotator's labels", ylabel="annotator (labels given)")
        figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=SMALL)

    return render(draw, WIDTH, 2.0 + 0.4 * max(len(names), 3))


def _scale(axes: Axes) -> None:
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, (low + high - LEAST_SPAN) / 2), min(101.0, max(high, (low + high + LEAST_SPAN) / 2)))
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    percent(axes.xaxis)
