"""What the data is: splits, classes, formats, sizes."""

import math
from collections.abc import Iterator

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from dataprep.markdown import code, count, escape, share, table
from dataprep.report import plots
from dataprep.report.facts import sizes
from dataprep.report.grids import Picture
from dataprep.report.inputs import Inputs
from dataprep.report.palette import BLUE, GRAY
from dataprep.report.plots import render, ruled
from dataprep.report.views import View
from dataprep.schema import class_names

LISTED = 12
KIB = 2**10
MIB = 2**20


def section(inputs: Inputs) -> Iterator[str | Picture]:
    """Yield the section's blocks and pictures in order."""
    yield "## What the data is"
    yield _sentence(inputs)
    yield _splits(inputs)
    yield from _classes(inputs)
    yield from _image_sizes(inputs)


def _sentence(inputs: Inputs) -> str:
    images = inputs.images
    formats = sizes(images, "format")
    named = ", ".join(f"{escape(name)} {share(n, images.height)}" for name, n in list(formats.items())[:LISTED])
    sample = inputs.params.source.sample
    some = f" It is a sample of {count(sample)} images, drawn by seed (`source.sample`)." if sample else ""
    parts = [
        f"{count(images.height)} {'file' if images.height == 1 else 'files'} of {_bytes(int(images['bytes'].sum()))}",
        f"formats {named}" if named else "no format that is known",
        _pixels(images),
    ]
    return f"{'; '.join(part for part in parts if part)}.{some}"


def _bytes(number: int) -> str:
    """Return a number of bytes in the unit that suits it.

    >>> _bytes(900), _bytes(70_000), _bytes(3 * 2**20)
    ('1 KiB', '68 KiB', '3 MiB')
    """
    return f"{count(math.ceil(number / KIB))} KiB" if number < MIB else f"{count(round(number / MIB))} MiB"


def _pixels(images: pl.DataFrame) -> str:
    shapes = images.drop_nulls(["width", "height"])
    if not shapes.height:
        return ""
    different = shapes.select("width", "height").n_unique()
    (low_w, middle_w, high_w), (low_h, middle_h, high_h) = (
        (int(quantile) for quantile in np.quantile(shapes[side], (0, 0.5, 1))) for side in ("width", "height")
    )
    if different == 1:
        return f"all {low_w} x {low_h} px"
    return (
        f"{count(different)} sizes, {low_w} to {high_w} px wide and {low_h} to {high_h} px high, median "
        f"{middle_w} x {middle_h}"
    )


def _splits(inputs: Inputs) -> str:
    images = inputs.images
    rows = []
    for name, number in list(sizes(images, "split").items())[:LISTED]:
        own = images.filter(pl.col("split") == name)
        role = "trains" if name == inputs.params.normalize.training_split else "held out"
        linked = View(split=name).link(count(number))
        unlabeled = own["label"].null_count()
        rows.append((code(name, 40), role, linked, count(own["label"].drop_nulls().n_unique()), count(unlabeled)))
    rest = images["split"].n_unique() - len(rows)
    more = f"\n\n{count(rest)} more splits are smaller." if rest > 0 else ""
    return table(("split", "", "images", "classes", "without a label"), rows) + more


def _classes(inputs: Inputs) -> Iterator[str | Picture]:
    names = class_names(inputs.images)
    yield "### Images per class"
    counted = sizes(inputs.images, "label")
    if not counted:
        yield "No image has a label."
        return
    largest, smallest = next(iter(counted)), min(counted, key=lambda name: (counted[name], name))
    if len(counted) == 1:
        yield f"One class, {escape(largest, 40)}: there is nothing to tell apart."
        return
    least, most = (View(label=name).link(count(counted[name])) for name in (smallest, largest))
    yield (
        f"{count(len(names))} classes, from {least} images ({escape(smallest, 40)}) to {most} ({escape(largest, 40)}). "
        "Networks learn the long bars better."
    )
    alt = (
        f"Images per class and split, {len(names)} classes, from {counted[smallest]:,} to {counted[largest]:,} "
        "images as they came in"
    )
    yield Picture("class_balance.png", alt, plots.class_balance(inputs.images, names))


def _image_sizes(inputs: Inputs) -> Iterator[str | Picture]:
    shapes = inputs.images.drop_nulls(["width", "height"]).select("width", "height")
    if shapes.n_unique() < 2:
        return
    side = inputs.pixels.shape[1]
    smaller = shapes.filter(pl.min_horizontal("width", "height") < side).height
    yield "### Image sizes"
    yield (
        f"Each dot is a size, larger with more images. Detectors and networks see all at {side} x {side} px "
        f"(dashed){f', which enlarges {count(smaller)} of them' if smaller else ''}."
    )
    alt = f"Widths and heights of {shapes.height:,} images, {shapes.n_unique():,} sizes"
    yield Picture("image_sizes.png", alt, image_sizes(shapes, side))


def image_sizes(shapes: pl.DataFrame, side: int) -> bytes:
    """Return a dot for each width and height, by logarithm, its area the number of images; lines at `side` px."""
    counted = shapes.group_by("width", "height").len().sort("width", "height")
    areas = 12 + 500 * counted["len"].to_numpy() / shapes.height

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.scatter(counted["width"], counted["height"], s=areas, color=BLUE, alpha=0.5, lw=0)
        for line in (axes.axvline, axes.axhline):
            line(side, color=GRAY, lw=1, ls="--")
        axes.set(xscale="log", yscale="log", xlabel="width, px", ylabel="height, px")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_formatter(NullFormatter())
        low = min(*axes.get_xlim(), *axes.get_ylim())
        high = max(*axes.get_xlim(), *axes.get_ylim())
        ticks = [tick for tick in (2**power for power in range(20)) if low <= tick <= high]
        axes.set(xlim=(low, high), ylim=(low, high), xticks=ticks, yticks=ticks, aspect="equal")
        ruled(axes)

    return render(draw, 5.6, 5.2)
