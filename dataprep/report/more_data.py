"""The report's section on the learning curve: what more data would bring, and which classes have few images."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from dataprep.markdown import count, escape, share, table
from dataprep.power_law import PowerLaw
from dataprep.report.grids import Picture
from dataprep.report.inputs import Inputs
from dataprep.report.learning_plot import curve
from dataprep.report.numbers import counts_by
from dataprep.report.outlook import FACTORS, Outlook, class_accuracies, outlook

MOST_CLASSES = 20
FAR_BELOW = 10  # so many times fewer images than usual
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
        _alt(found),
        curve(found),
    )
    yield from _classes(inputs, found)
    yield _few(inputs)


def _alt(found: Outlook) -> str:
    now = f"Accuracy on held-out images by the number of training images, {share(found.accuracy)} with all of them"
    most = found.expected(FACTORS[-1])
    if most is None:
        return now
    return f"{now}, and the fitted power law, which expects {share(most[0])} of {FACTORS[-1]} times as many"


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
