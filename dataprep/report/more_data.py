"""The report's section on the learning curve: what more data would bring, and which classes have few images."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from dataprep.markdown import count, escape, share, table
from dataprep.power_law import PowerLaw
from dataprep.report.grids import Picture
from dataprep.report.inputs import Inputs
from dataprep.report.numbers import counts_by
from dataprep.report.outlook import FACTORS, Outlook, class_accuracies, outlook
from dataprep.report.plots import COLORS, GRAY, render

MOST_CLASSES = 20
FAR_BELOW = 10  # so many times fewer images than usual
LEAST_SPAN = 4.0  # percentage points that the plot shows, so that noise does not fill it
HARDLY = 0.005  # a gain in accuracy that is not worth ten times the data
SOURCE = "Goodfellow, Bengio and Courville, Deep Learning, 2016"


def section(inputs: Inputs) -> Iterator[str | Picture]:
    """Yield the section's blocks and pictures in order; none when no learning curve was asked for."""
    found = outlook(inputs)
    if found is None:
        return
    yield "## How much more data"
    yield _trainings(found)
    yield from _expectation(found)
    yield Picture(
        "learning_curve.png",
        "Accuracy on held-out images by the number of training images, with the fitted power law up to ten times them",
        curve(found),
    )
    yield from _classes(inputs, found)
    yield _few(inputs)


def _trainings(found: Outlook) -> str:
    sizes = sorted({point.images for point in found.points})
    return (
        f"{len(found.points)} networks were trained on {count(sizes[0])} to {count(found.images)} images and judged by "
        f"images that they had not seen. With {count(found.images)} they predict {share(found.accuracy)} of the given "
        "labels."
    )


def _expectation(found: Outlook) -> Iterator[str]:
    if found.law is None:
        yield "There are too few images to train on smaller shares of them, so nothing can be said about more."
        return
    yield (
        f"By the power law that fits best, `{_formula(found.law)}`, twice the data would bring {_in_words(found, 2)}, "
        f"ten times the data {_in_words(found, 10)}. That holds for more images of the same kind with labels as good "
        "as these; ten times is far beyond what was measured."
    )
    now, most = (found.expected(factor) or (0.0, 0.0, 0.0) for factor in (1, FACTORS[-1]))
    if 1 - now[0] < HARDLY:
        yield "**More data has next to nothing left to improve.**"
    elif most[2] - now[0] < 2 * HARDLY:
        yield "**More data of this kind would hardly help.** Better labels, or another network, promise more."
    elif most[0] - now[0] < HARDLY:
        yield "**The fit expects hardly anything of more data of this kind,** though the interval leaves room for it."


def _formula(law: PowerLaw) -> str:
    return f"error = {round(law.a, 4):.4g} * images ** -{law.b:.2f} + {law.c:.4f}"


def _in_words(found: Outlook, factor: int) -> str:
    middle, low, high = found.expected(factor) or (np.nan, np.nan, np.nan)
    return f"**{share(middle)}** (90% interval {share(low)} to {share(high)})"


def _classes(inputs: Inputs, found: Outlook) -> Iterator[str]:
    judged = class_accuracies(inputs)
    images = dict(counts_by(inputs.images, "label").iter_rows())
    shown = judged["label"].head(MOST_CLASSES).to_list()
    rows = [_row("all classes", inputs.images["label"].count(), found)]
    for label in shown:
        own = outlook(inputs, label)
        if own is not None:
            rows.append(_row(escape(label), images[label], own))
    yield table(("class", "images", "accuracy", "with twice the data", "with ten times the data"), rows)
    rest = judged.height - len(shown)
    if rest:
        noun = "class has" if rest == 1 else "classes have"
        yield f"The {len(shown)} classes of lowest accuracy; {count(rest)} more {noun} a higher one."


def _row(name: str, images: int, found: Outlook) -> tuple[str, ...]:
    return (name, count(images), share(found.accuracy), *(_cell(found, factor) for factor in FACTORS))


def _cell(found: Outlook, factor: int) -> str:
    expected = found.expected(factor)
    if expected is None:
        return "—"
    middle, low, high = expected
    return f"{share(middle)} ({100 * low:.1f}-{share(high)})"


def _few(inputs: Inputs) -> str:
    """Return a sentence on the classes that have far fewer images than usually needed."""
    enough = inputs.params.learning_curve.enough
    counted = counts_by(inputs.images.drop_nulls("label"), "label").sort("images", "label")
    few = counted.filter(pl.col("images") * FAR_BELOW < enough)
    usual = f"the {count(enough)} images per class that usually suffice (rule of thumb: {SOURCE})"
    bound = f"{enough / FAR_BELOW:,.6g}"
    if not few.height:
        return f"Every class has at least {bound} images, a tenth of {usual}."
    if few.height == counted.height:
        return f"All {count(few.height)} classes have fewer than {bound} images, far below {usual}."
    named = [f"{escape(label)} ({count(images)})" for label, images in few.head(MOST_CLASSES).iter_rows()]
    rest = few.height - len(named)
    more = f" and {count(rest)} more" if rest else ""
    return f"Fewer than {bound} images, far below {usual}: {', '.join(named)}{more}."


def curve(found: Outlook) -> bytes:
    """Return accuracy by training images, on a logarithmic axis: each training, the fit and its 90 % interval."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        if found.law is not None:
            _fitted(axes, found, found.law)
        sizes = [point.images for point in found.points]
        shares = [100 * (1 - point.wrong / point.judged) for point in found.points]
        axes.scatter(sizes, shares, s=45, color=COLORS[7], zorder=4, label="a training")
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
        axes.set(xlabel="images in the training set", ylabel="accuracy on held-out images")
        axes.grid(color="#dddddd")
        axes.set_axisbelow(True)
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, (low + high - LEAST_SPAN) / 2), min(101.0, max(high, (low + high + LEAST_SPAN) / 2)))
        figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=12)

    return render(draw, 9, 5.0)


def _fitted(axes: Axes, found: Outlook, law: PowerLaw) -> None:
    least = min(point.images for point in found.points)
    images = np.geomspace(least, FACTORS[-1] * found.images, 200)
    low, high = law.interval(images)
    bounds = 100 * (1 - high), 100 * (1 - low)
    axes.fill_between(images, *bounds, color=COLORS[4], alpha=0.35, lw=0, label="90% interval")
    for part, style, label in (
        (images <= found.images, "-", "power law"),
        (images >= found.images, "--", "power law, beyond the data"),
    ):
        axes.plot(images[part], 100 * (1 - law.error(images[part])), style, color=COLORS[0], lw=2.5, label=label)
    for factor in FACTORS:
        expected = found.expected(factor)
        if expected is not None:
            _marked(axes, factor, factor * found.images, expected[0])


def _marked(axes: Axes, factor: int, images: int, accuracy: float) -> None:
    axes.axvline(images, color=GRAY, lw=1, ls=":")
    axes.plot([images], [100 * accuracy], "D", color=COLORS[5], markersize=9, zorder=5)
    axes.annotate(
        f"{factor} times the data\n{share(accuracy)}",
        (images, 1.01),
        xycoords=("data", "axes fraction"),
        ha="center",
        va="bottom",
        fontsize=12,
        color=COLORS[5],
    )
