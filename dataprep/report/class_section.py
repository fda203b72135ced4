"""The report's section on the classes: mixed up, overlapping, made of several, and how sure the networks are."""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from dataprep.markdown import count, escape, share, table
from dataprep.report import pictures
from dataprep.report.grids import Picture, Tile, clusters, encode
from dataprep.report.inputs import Inputs, row_numbers
from dataprep.report.lettering import drawable
from dataprep.report.plots import COLORS, render
from dataprep.schema import class_names

MOST_CELLS = 20  # classes in a matrix that still reads
MOST_FLOWS = 10
MOST_PAIRS = 10
MOST_SPLIT = 4  # classes whose groups are shown; all are named
LEAST_FLOW = 0.5  # images; fewer round to none
COVERAGES = (0.5, 0.8, 1.0)


def section(inputs: Inputs) -> Iterator[str | Picture]:
    """Yield the section's blocks and pictures in order; none when no class was judged."""
    if not (inputs.class_pairs.height or inputs.subclasses.height):
        return
    yield "## What the predictions say of the classes"
    if inputs.class_pairs.height:
        yield from _matrix(inputs)
        yield "### Which classes overlap"
        yield _pairs(inputs.class_pairs)
    yield from _subclasses(inputs)


def _matrix(inputs: Inputs) -> Iterator[str | Picture]:
    judged = set(inputs.class_pairs["given"])
    names = [name for name in class_names(inputs.images) if name in judged]
    yield "### Which labels are mixed up"
    wrong = inputs.class_pairs.filter(pl.col("given") != pl.col("right"))
    total = round(inputs.class_pairs["images"].sum())
    yield (
        f"By a noise model of what the networks say, about {count(round(wrong['images'].sum()))} of {count(total)} "
        "labels are wrong. Where many are, the true number is higher."
    )
    rows = _rows(inputs.class_pairs, names)
    alt = f"Estimated share of each right class's images that bear each label, {len(rows)} of {len(names)} classes"
    yield Picture("noise_matrix.png", alt, noise_matrix(inputs.class_pairs, rows))
    flows = wrong.filter(pl.col("images") >= LEAST_FLOW).sort(
        "images", "given", "right", descending=[True, False, False]
    )
    if flows.height:
        cells = [
            (escape(given), escape(right), count(round(images)), share(probability))
            for given, right, images, probability in flows["given", "right", "images", "probability"]
            .head(MOST_FLOWS)
            .iter_rows()
        ]
        yield table(("labeled", "but most likely", "images", "share of that class so labeled"), cells)
    rest = flows.height - MOST_FLOWS
    if rest > 0:
        yield f"The {MOST_FLOWS} largest such flows; {count(rest)} more are smaller."


def _rows(pairs: pl.DataFrame, names: list[str]) -> list[str]:
    """Return the classes that the matrix shows, in order: all, or those whose images are labeled worst."""
    own = pairs.filter(pl.col("given") == pl.col("right")).sort("probability", "right")
    worst = set(own["right"].head(MOST_CELLS))
    return [name for name in names if name in worst]


def noise_matrix(pairs: pl.DataFrame, names: Sequence[str]) -> bytes:
    """Return the matrix P(given | right) of `names`; wrong labels in color, shares below 0.5 % without number."""
    place = {name: number for number, name in enumerate(names)}
    matrix = np.zeros((len(names), len(names)))
    for given, right, probability in pairs["given", "right", "probability"].iter_rows():
        if given in place and right in place:
            matrix[place[right], place[given]] = 100 * probability
    wrong = matrix.copy()
    np.fill_diagonal(wrong, np.nan)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        high = max(1.0, float(np.nanmax(wrong))) if len(names) > 1 else 1.0
        mesh = axes.imshow(wrong, cmap=colormaps["cividis"].with_extremes(bad="#e6e6e6"), vmin=0, vmax=high)
        for (row, column), value in np.ndenumerate(matrix):
            ink = "black" if row == column or value > high / 2 else "white"
            if value >= 0.5:
                axes.text(column, row, f"{value:.0f}", ha="center", va="center", color=ink, fontsize=12)
        shown = [drawable(name, 16) for name in names]
        axes.set_xticks(range(len(names)), shown, rotation=0 if max(map(len, shown)) < 4 else 90)
        axes.set_yticks(range(len(names)), shown)
        axes.set(xlabel="given label", ylabel="right class (estimated)")
        figure.colorbar(mesh, ax=axes, shrink=0.8, label="wrong labels, % of the right class")

    side = 2.6 + 0.42 * max(len(names), 5)
    return render(draw, side + 1.6, side)


def _pairs(pairs: pl.DataFrame) -> str:
    """Return sentences on the pairs to merge and the overlapping ones, each pair once."""
    once = pairs.filter(pl.col("given") < pl.col("right"))
    once = once.sort("overlap", "given", "right", descending=[True, False, False], nulls_last=True)
    merge = once.filter("merge")
    overlapping = once.filter(pl.col("overlapping") & ~pl.col("merge"))
    sentences = []
    if merge.height:
        sentences.append(
            f"**Hardly told apart: {_named(merge)}.** Each such pair may be one class under two names, to be merged, "
            "or labeled at random, to be labeled anew."
        )
    if overlapping.height:
        sentences.append(
            f"Overlapping, told apart far worse than classes usually are here: {_named(overlapping)}. The share says "
            "how much of the usual separation is lost."
        )
    return " ".join(sentences) or "No two classes overlap far more than is usual here, and none are to be merged."


def _named(pairs: pl.DataFrame) -> str:
    shown = [
        f"{escape(first)} and {escape(second)} ({share(overlap)})"
        for first, second, overlap in pairs["given", "right", "overlap"].head(MOST_PAIRS).iter_rows()
    ]
    rest = pairs.height - len(shown)
    return ", ".join(shown) + (f" and {count(rest)} more pairs" if rest > 0 else "")


def _subclasses(inputs: Inputs) -> Iterator[str | Picture]:
    found = inputs.subclasses
    yield "### Classes within classes"
    if not found.height:
        yield "No class falls into clearly separate groups in every fold."
        return
    order = found.filter(pl.col("group") == 0).sort("separation", "label", descending=[True, False])
    named = [
        f"{escape(label)} ({share(part)} and {share(1 - part)}, valley {share(depth)} deep)"
        for label, part, depth in order["label", "share", "separation"].iter_rows()
    ]
    yield (
        f"As the networks see them, the images of these classes fall into two groups: {', '.join(named)}. A valley is "
        "100% deep when there are no images between the groups."
    )
    shown = order["label"].head(MOST_SPLIT).to_list()
    numbers = row_numbers(inputs.images)
    boxes = []
    for label in shown:
        for group, images, part, examples in found.filter(pl.col("label") == label)[
            "group", "images", "share", "examples"
        ].iter_rows():
            title = f"{drawable(label)}, group {group + 1}: {count(images)} images, {share(part)}"
            tiles = [Tile(inputs.pixels[numbers[name]], ()) for name in examples if name in numbers]
            boxes.append((title, tiles))
    alt = f"Typical images of both groups of {', '.join(drawable(label) for label in shown)}"
    yield encode(clusters([box for box in boxes if box[1]]), "subclasses", alt, pictures.budget(inputs))


def coverage(found: pl.DataFrame) -> Iterator[str | Picture]:
    """Yield the blocks and the picture on COVERAGE, which has rows."""
    yield "### When the networks may decline"
    yield "The fewer images they answer for, the surest first, the more answers are right."
    rows = []
    for wanted in COVERAGES:
        row = found.filter(pl.col("coverage") >= wanted - 1e-9).row(0, named=True)
        cells = (row["coverage"], row["agreement"], row["estimated_accuracy"])
        rows.append((*(share(value) for value in cells), f"{row['threshold']:.3f}"))
    yield table(("answered", "agree with the label", "right (estimated)", "probability at least"), dict.fromkeys(rows))
    alt = (
        "Agreement with given labels and estimated accuracy by the share of images that the networks answer for; for "
        f"half of them {rows[0][1]} and {rows[0][2]}"
    )
    yield Picture("coverage.png", alt, coverage_curve(found))


def coverage_curve(coverage: pl.DataFrame) -> bytes:
    """Return agreement and estimated accuracy by the share of images answered for, surest first."""

    def draw(figure: Figure) -> None:
        axes: Axes = figure.add_subplot()
        answered = 100 * coverage["coverage"].to_numpy()
        for column, color, marker, label in (
            ("estimated_accuracy", COLORS[0], "o", "answer is the right class (estimated)"),
            ("agreement", COLORS[5], "s", "answer is the given label"),
        ):
            axes.plot(answered, 100 * coverage[column].to_numpy(), color=color, marker=marker, lw=2.5, label=label)
        axes.set(xlabel="share of images answered for, surest first", ylabel="share of the answers")
        axes.xaxis.set_major_formatter(PercentFormatter(decimals=0))
        low, high = axes.get_ylim()
        axes.set(xlim=(0, 102), ylim=(min(low, 96.0), max(high, 100.5)))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}%")
        axes.grid(color="#dddddd")
        axes.set_axisbelow(True)
        figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=12)

    return render(draw, 9, 5.0)
