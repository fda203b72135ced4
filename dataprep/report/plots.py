"""The plots: PNG bytes that depend on the data alone, in colors that all kinds of color vision tell apart."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter
from numpy.typing import NDArray

from dataprep.markdown import count
from dataprep.report.lettering import drawable
from dataprep.report.numbers import counts_by

# Okabe and Ito, Color Universal Design
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
GRAY = "#8c8c8c"
MOST_BARS = 24
MOST_CELLS = 20  # classes in a confusion matrix that still reads
MOST_PAIRS = 15
DPI = 100
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 13,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.constrained_layout.use": True,
}


def render(draw: Callable[[Figure], None], width: float, height: float) -> bytes:
    """Return what `draw` puts on an empty figure of that many inches as PNG, whatever style is configured."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        figure = Figure(figsize=(width, height), dpi=DPI)
        draw(figure)
        stream = io.BytesIO()
        figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def class_balance(images: pl.DataFrame, names: Sequence[str]) -> bytes:
    """Return bars of images per class, stacked by split; the largest and smallest of many classes."""
    totals = dict(images["label"].value_counts().iter_rows())
    shown = list(names)
    if len(names) > MOST_BARS:
        ranked = sorted(names, key=lambda name: -totals[name])
        shown = [*ranked[: MOST_BARS // 2], *ranked[-MOST_BARS // 2 :]]
    images, splits = _few_splits(images)
    counted = {(label, split): n for label, split, n in counts_by(images, "label", "split").iter_rows()}

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        left = np.zeros(len(shown))
        for split, color in zip(splits, COLORS, strict=False):
            values = np.array([counted.get((name, split), 0) for name in shown])
            axes.barh(range(len(shown)), values, left=left, color=color, label=f" {drawable(split)}")
            left += values
        _name_rows(axes, shown)
        between = len(names) - len(shown)
        note = f" ({between} classes of middle size not shown)" if between else ""
        axes.set_xlabel(f"images{note}")
        axes.legend(title="split", loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)

    return render(draw, 9, 1.4 + 0.3 * max(len(shown), 3))


def _few_splits(images: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return the images and their splits, largest first; beyond the colors the small ones become one."""
    splits = counts_by(images, "split")["split"].to_list()
    if len(splits) <= len(COLORS):
        return images, splits
    own = splits[: len(COLORS) - 1]
    rest = f"{len(splits) - len(own)} smaller splits"
    merged = pl.when(pl.col("split").is_in(own)).then("split").otherwise(pl.lit(rest))
    return images.with_columns(merged.alias("split")), [*own, rest]


def confusion(judgments: pl.DataFrame, names: Sequence[str]) -> bytes:
    """Return the matrix of given and out-of-fold predicted labels; of many classes, the most confused pairs."""
    if len(names) > MOST_CELLS:
        return _confused_pairs(judgments)
    place = {name: i for i, name in enumerate(names)}
    matrix = np.zeros((len(names), len(names)))
    for given, predicted, n in counts_by(judgments, "given", "predicted").iter_rows():
        matrix[place[given], place[predicted]] = n
    wrong = matrix.copy()
    np.fill_diagonal(wrong, np.nan)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        high = max(1.0, float(np.nanmax(wrong))) if len(names) > 1 else 1.0
        colors = matplotlib.colormaps["cividis"].with_extremes(bad="#e6e6e6")
        mesh = axes.imshow(wrong, cmap=colors, vmin=0, vmax=high)
        for (row, column), n in np.ndenumerate(matrix):
            ink = "black" if row == column or n > high / 2 else "white"
            if n:
                axes.text(column, row, count(int(n)), ha="center", va="center", color=ink, fontsize=11)
        shown = [drawable(name, 16) for name in names]
        axes.set_xticks(range(len(names)), shown, rotation=0 if max(map(len, shown)) < 4 else 90)
        axes.set_yticks(range(len(names)), shown)
        axes.set(xlabel="predicted out of fold", ylabel="given label")
        figure.colorbar(mesh, ax=axes, shrink=0.8, label="images that disagree", ticks=MaxNLocator(integer=True))

    side = 2.6 + 0.42 * max(len(names), 5)
    return render(draw, side + 1.6, side)


def _confused_pairs(judgments: pl.DataFrame) -> bytes:
    wrong = counts_by(judgments.filter(pl.col("given") != pl.col("predicted")), "given", "predicted")
    top = wrong.head(MOST_PAIRS).rows()

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.barh(range(len(top)), [n for _, _, n in top], color=COLORS[0])
        pairs = [f"{drawable(given)} → {drawable(predicted)}" for given, predicted, _ in top]
        _name_rows(axes, pairs, most=60)
        axes.set_xlabel(f"images, the {len(top)} most confused pairs of {count(wrong.height)}")
        axes.set_ylabel("given → predicted out of fold")

    return render(draw, 9, 1.4 + 0.3 * max(len(top), 3))


def _name_rows(axes: Axes, names: Sequence[str], most: int = 24) -> None:
    axes.set_yticks(range(len(names)), [drawable(name, most) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)


def training(history: pl.DataFrame) -> bytes:
    """Return losses and held-out accuracy by epoch: thin lines for networks, a thick one for their mean."""
    panels = (
        ("train_loss", "training loss"),
        ("held_out_loss", "loss on the held-out fold"),
        ("held_out_accuracy", "accuracy on the held-out fold"),
    )

    def draw(figure: Figure) -> None:
        for axes, (column, title) in zip(figure.subplots(1, 3), panels, strict=True):
            for _, rows in history.sort("fold", "seed", "epoch").group_by("fold", "seed", maintain_order=True):
                axes.plot(rows["epoch"], rows[column], color=GRAY, linewidth=1, alpha=0.7)
            epochs = history.sort("epoch", "fold", "seed").group_by("epoch", maintain_order=True)
            mean = epochs.agg(pl.col(column).mean())
            axes.plot(mean["epoch"], mean[column], color=COLORS[0], linewidth=3, marker="o", markersize=4)
            axes.set(xlabel="epoch")
            axes.set_title(title, fontsize=13)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(color="#dddddd")
        networks = history.select("fold", "seed").n_unique()
        figure.supxlabel(f"thick: mean of {networks} networks; thin: each of them", fontsize=12, color="#444444")

    return render(draw, 11, 3.6)


def pixel_histograms(panels: Sequence[tuple[str, NDArray[np.float32]]]) -> bytes:
    """Return the distributions of pixel values of the same images, one panel for each title and its values.

    The share of pixels is drawn on a logarithmic scale; beyond the 0.1% and 99.9% quantiles nothing is shown.
    """

    columns = 2 if len(panels) in (2, 4) else 3
    rows = -(-len(panels) // columns)

    def draw(figure: Figure) -> None:
        flat = figure.subplots(rows, columns, squeeze=False).flatten()
        for number, (axes, (title, values)) in enumerate(zip(flat, panels, strict=False)):
            low, high = (float(x) for x in np.quantile(values, (0.001, 0.999)))
            shown = (low, high) if high > low else (low - 0.5, low + 0.5)
            counts, edges = np.histogram(values, bins=64, range=shown)
            axes.stairs(100 * counts / max(values.size, 1), edges, fill=True, color=COLORS[1 if number == 0 else 0])
            axes.set_yscale("log")
            bottom, top = axes.get_ylim()
            axes.set_ylim(min(bottom, top / 100), top)  # two decades, so that two of them are labeled
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}%")
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.set(title=title, xlabel="pixel value")
        for axes in flat[len(panels) :]:
            axes.set_axis_off()
        figure.supylabel("share of pixels", fontsize=13)

    return render(draw, 4.2 * columns, 3.1 * rows)
