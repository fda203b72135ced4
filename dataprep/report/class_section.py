"""The report's section on the classes: mixed up, overlapping, made of several, and how sure the networks are."""

from collections.abc import Iterator

import polars as pl

from dataprep.markdown import count, escape, share, table
from dataprep.report import pictures
from dataprep.report.class_plots import coverage_curve, noise_matrix
from dataprep.report.grids import Picture, Tile, clusters, encode
from dataprep.report.inputs import Inputs, row_numbers
from dataprep.report.lettering import drawable
from dataprep.report.plots import MOST_CELLS
from dataprep.schema import class_names

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
    which = f"{len(rows)} of {len(names)}" if len(rows) < len(names) else f"{len(rows)}"
    wrong_part = share(float(wrong["images"].sum()), float(inputs.class_pairs["images"].sum()))
    alt = (
        f"Estimated share of each right class's images that bear each label, {which} classes; {wrong_part} of all "
        "labels are wrong"
    )
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
    last = found.sort("coverage").row(-1, named=True)
    alt = (
        "Agreement with given labels and estimated accuracy by the share of images that the networks answer for; "
        f"{share(last['agreement'])} and {share(last['estimated_accuracy'])} when they answer for all"
    )
    yield Picture("coverage.png", alt, coverage_curve(found))
