"""The plots of what the predictions say of the classes: labels mixed up, and answers when the networks may decline."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from dataprep.report import palette
from dataprep.report.matrix_plots import matrix, size
from dataprep.report.plots import SMALL, WIDTH, percent, render, ruled

LEAST = 96.0  # percent: the axis begins there or lower, so that noise does not fill the plot
TOLD = (0.5, 0.8, 1.0)  # coverages whose values are written


def noise_matrix(pairs: pl.DataFrame, names: Sequence[str]) -> bytes:
    """Return the matrix P(given | right) of `names` in percent; shares below 0.5 % without number."""
    place = {name: number for number, name in enumerate(names)}
    values = np.zeros((len(names), len(names)))
    for given, right, probability in pairs["given", "right", "probability"].iter_rows():
        if given in place and right in place:
            values[place[right], place[given]] = 100 * probability

    def draw(figure: Figure) -> None:
        matrix(figure, values, names, _short_share).set(xlabel="given label", ylabel="right class (estimated)")
        figure.suptitle("% of the right class's images; wrong labels are off the diagonal", fontsize=14)

    return render(draw, *size(names))


def _short_share(percentage: float) -> str:
    if percentage < 0.5:
        return ""
    return f"{percentage:.1f}" if percentage < 9.95 else f"{percentage:.0f}"


def coverage_curve(coverage: pl.DataFrame) -> bytes:
    """Return agreement and estimated accuracy by the share of images answered for, surest first."""
    told = [coverage.filter(pl.col("coverage") >= wanted - 1e-9).row(0, named=True) for wanted in TOLD]
    lines = (
        ("estimated_accuracy", palette.SUGGESTED, "o", "answer is the right class (estimated)", 1),
        ("agreement", palette.GIVEN, "s", "answer is the given label", -1),
    )

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        answered = 100 * coverage["coverage"].to_numpy()
        for column, color, marker, label, side in lines:
            axes.plot(answered, 100 * coverage[column].to_numpy(), color=color, marker=marker, lw=2.5, label=label)
            for row in told:
                place = (100 * row["coverage"], 100 * row[column])
                text = f"{place[1]:.1f}%"
                beside = (12 * side, 12 * side) if row["coverage"] < 1 else (9, 0)
                ha = "center" if row["coverage"] < 1 else "left"
                axes.annotate(text, place, beside, textcoords="offset points", ha=ha, va="center")
        axes.set(xlabel="share of images answered for, surest first", ylabel="share of the answers")
        low, high = axes.get_ylim()
        axes.set(
            xlim=(0, 109),
            xticks=range(0, 101, 20),
            ylim=(min(low - 0.08 * (high - low), LEAST), min(max(high, 100.5), 101.5)),
        )
        percent(axes.xaxis)
        percent(axes.yaxis)
        ruled(axes)
        figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=SMALL)

    return render(draw, WIDTH, 5.0)
