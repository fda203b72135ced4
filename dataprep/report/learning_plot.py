"""The plot of the learning curve: accuracy by training images, measured and expected."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from dataprep.markdown import share
from dataprep.power_law import PowerLaw
from dataprep.report import palette
from dataprep.report.outlook import FACTORS, Outlook
from dataprep.report.plots import SMALL, WIDTH, percent, render, ruled

LEAST_SPAN = 4.0  # percentage points that the plot shows, so that noise does not fill it


def curve(found: Outlook) -> bytes:
    """Return accuracy by training images, on a logarithmic axis: each training, the fit and its 90 % interval."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        if found.law is not None:
            _fitted(axes, found, found.law)
        sizes = [point.images for point in found.points]
        shares = [100 * (1 - point.wrong / point.judged) for point in found.points]
        axes.scatter(sizes, shares, s=45, color=palette.INK, zorder=4, label="a training")
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        percent(axes.yaxis)
        axes.set(xlabel="images in the training set, log scale", ylabel="accuracy on held-out images")
        ruled(axes)
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, (low + high - LEAST_SPAN) / 2), min(101.0, max(high, (low + high + LEAST_SPAN) / 2)))
        figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=SMALL)

    return render(draw, WIDTH, 5.2)


def _fitted(axes: Axes, found: Outlook, law: PowerLaw) -> None:
    least = min(point.images for point in found.points)
    images = np.geomspace(least, FACTORS[-1] * found.images, 200)
    low, high = law.interval(images)
    bounds = 100 * (1 - high), 100 * (1 - low)
    axes.fill_between(images, *bounds, color=palette.SKY, alpha=0.35, lw=0, label="90% interval")
    for part, style, label in (
        (images <= found.images, "-", "power law"),
        (images >= found.images, "--", "power law, beyond the data"),
    ):
        axes.plot(
            images[part], 100 * (1 - law.error(images[part])), style, color=palette.SUGGESTED, lw=2.5, label=label
        )
    for factor in FACTORS:
        expected = found.expected(factor)
        if expected is not None:
            _marked(axes, factor, factor * found.images, expected[0])


def _marked(axes: Axes, factor: int, images: int, accuracy: float) -> None:
    axes.axvline(images, color=palette.GRAY, lw=1, ls=":")
    axes.plot([images], [100 * accuracy], "D", color=palette.SUGGESTED, markersize=9, zorder=5)
    axes.annotate(
        f"{factor} times the data\n{share(accuracy)}",
        (images, 1.01),
        xycoords=("data", "axes fraction"),
        ha="center",
        va="bottom",
        fontsize=13,
        color=palette.SUGGESTED,
    )
