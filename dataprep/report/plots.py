"""The plots: PNG bytes that depend on the data alone, in colors that all kinds of color vision tell apart."""

import io
from collections.abc import Callable, Sequence
from typing import Any, Literal

import matplotlib
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter
from numpy.typing import NDArray
from PIL import Image

from dataprep.markdown import count
from dataprep.report import palette
from dataprep.report.lettering import drawable
from dataprep.report.matrix_plots import matrix, size
from dataprep.report.numbers import counts_by

COLORS = palette.OKABE_ITO
GRAY = palette.GRAY
MOST_BARS = 24
MOST_CELLS = 20  # classes in a matrix that still reads
MOST_PAIRS = 15
MOST_DOTS = 40  # epochs that are marked one by one
DPI = 100
WIDTH = 10.0  # inches, of most plots
SMALL = 12.5  # points, for notes and legends; half as large they still read
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 14,
    "axes.titlesize": 14,
    "axes.labelsize": 14,
    "text.color": palette.INK,
    "axes.labelcolor": palette.INK,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.constrained_layout.use": True,
}


def render(draw: Callable[[Figure], None], width: float, height: float) -> bytes:
    """Return what `draw` puts on an empty figure of that many inches as PNG, whatever style is configured.

    256 colors, which all that is drawn here has but for the edges of letters, take a third of the bytes.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        figure = Figure(figsize=(width, height), dpi=DPI)
        draw(figure)
        stream = io.BytesIO()
        figure.savefig(stream, format="png", metadata={"Software": None})
    drawn = Image.open(stream).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small = io.BytesIO()
    drawn.save(small, format="PNG", optimize=True)
    return small.getvalue()


def percent(axis: Axis) -> None:
    """Write the axis's ticks, which are percentages, with their sign."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))


def thousands(axis: Axis) -> None:
    """Write the axis's ticks, which are counts, as 1,000; none between whole numbers."""
    axis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10], integer=True))
    axis.set_major_formatter(FuncFormatter(lambda value, _: count(round(value))))


def ruled(axes: Axes, axis: Literal["x", "y", "both"] = "both") -> None:
    """Draw thin lines behind the data."""
    axes.grid(axis=axis, color=palette.RULE)
    axes.set_axisbelow(True)


def name_rows(axes: Axes, names: Sequence[str], most: int = 24) -> None:
    """Name the rows of a plot of horizontal bars, the first on top."""
    axes.set_yticks(range(len(names)), [drawable(name, most) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    ruled(axes, "x")


def class_balance(images: pl.DataFrame, names: Sequence[str]) -> bytes:
    """Return bars of images per class, stacked by split, with their sums; the largest and smallest of many classes."""
    totals = dict(images["label"].value_counts().iter_rows())
    shown = list(names)
    if len(names) > MOST_BARS:
        ranked = sorted(names, key=lambda name: -totals[name])
        shown = [*ranked[: MOST_BARS // 2], *ranked[-MOST_BARS // 2 :]]
    images, splits = _few_splits(images)
    counted = {(label, split): n for label, split, n in counts_by(images, "label", "split").iter_rows()}
    # Where classes are left out, there is a gap that says so.
    cut = MOST_BARS // 2 if len(shown) < len(names) else len(shown)
    places = [place + (place >= cut) for place in range(len(shown))]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        left = np.zeros(len(shown))
        for split, color in palette.split_colors(splits).items():
            values = np.array([counted.get((name, split), 0) for name in shown])
            axes.barh(places, values, left=left, color=color, ec="white", lw=0.6, label=f" {drawable(split)}")
            left += values
        labels = [*shown[:cut], *([""] if cut < len(shown) else []), *shown[cut:]]
        name_rows(axes, labels)
        for place, total in zip(places, left, strict=True):
            axes.annotate(count(int(total)), (total, place), (4, 0), textcoords="offset points", va="center")
        if cut < len(shown):
            note = f"{count(len(names) - len(shown))} classes of middle size are not shown"
            axes.text(0, cut, f" ⋮  {note}", va="center", fontsize=SMALL, color=palette.MUTED)
        where = "" if len(splits) > 1 else f", all of the split {drawable(splits[0])}"
        axes.set(xlabel=f"images{where}", xlim=(0, 1.08 * max(left)))
        thousands(axes.xaxis)
        if len(splits) > 1:
            figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize=SMALL)

    return render(draw, WIDTH, 1.5 + 0.3 * max(len(shown) + 1, 3))


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
    values = np.zeros((len(names), len(names)))
    for given, predicted, n in counts_by(judgments, "given", "predicted").iter_rows():
        values[place[given], place[predicted]] = n
    wrong = int(values.sum() - values.trace())

    def draw(figure: Figure) -> None:
        matrix(figure, values, names, _short_count).set(xlabel="predicted out of fold", ylabel="given label")
        figure.suptitle(f"images; {count(wrong)} of {count(int(values.sum()))} are off the diagonal", fontsize=14)

    return render(draw, *size(names))


def _short_count(number: float) -> str:
    """Return 187, 1.9k for 1,874 and 19k for 18,740: no longer than a cell is wide."""
    if number < 1000:
        return str(round(number)) if number else ""
    return f"{number / 1000:.1f}k" if number < 9950 else f"{number / 1000:.0f}k"


def _confused_pairs(judgments: pl.DataFrame) -> bytes:
    wrong = counts_by(judgments.filter(pl.col("given") != pl.col("predicted")), "given", "predicted")
    top = wrong.head(MOST_PAIRS).rows()

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.barh(range(len(top)), [n for _, _, n in top], color=palette.BAD, height=0.7)
        for place, (_, _, n) in enumerate(top):
            axes.annotate(count(n), (n, place), (4, 0), textcoords="offset points", va="center")
        name_rows(axes, [f"{drawable(given)} → {drawable(predicted)}" for given, predicted, _ in top], most=60)
        axes.set(xlabel="images", xlim=(0, 1.08 * max([1, *(n for _, _, n in top)])))
        thousands(axes.xaxis)
        which = f"the {len(top)} most confused of {count(wrong.height)} pairs" if top else "no image is off"
        figure.suptitle(f"given → predicted out of fold, {which}", fontsize=14)

    return render(draw, WIDTH, 1.6 + 0.32 * max(len(top), 3))


def training(history: pl.DataFrame) -> bytes:
    """Return losses and held-out accuracy by epoch: thin lines for networks, a thick one for their mean."""
    panels = (
        ("train_loss", "training loss", 1),
        ("held_out_loss", "loss on the held-out fold", 1),
        ("held_out_accuracy", "accuracy on the held-out fold", 100),
    )

    dots: Any = {"marker": "o", "markersize": 4} if history["epoch"].n_unique() <= MOST_DOTS else {}

    def draw(figure: Figure) -> None:
        for axes, (column, title, scale) in zip(figure.subplots(1, 3), panels, strict=True):
            for _, rows in history.sort("fold", "seed", "epoch").group_by("fold", "seed", maintain_order=True):
                axes.plot(rows["epoch"], scale * rows[column], color=palette.GRAY, linewidth=1.2, alpha=0.8)
            epochs = history.sort("epoch", "fold", "seed").group_by("epoch", maintain_order=True)
            mean = scale * epochs.agg(pl.col(column).mean())[column]
            axes.plot(np.unique(history["epoch"]), mean, color=COLORS[0], linewidth=2.5, **dots)
            axes.set_xlabel("epoch")
            last = f"{mean[-1]:.1f}%" if scale == 100 else f"{mean[-1]:.2f} nats"
            axes.set_title(f"{title}\n{last} at the end", fontsize=13)
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            axes.set_xlim(*_around(history["epoch"]))
            if scale == 100:
                percent(axes.yaxis)
            ruled(axes)
        networks = history.select("fold", "seed").n_unique()
        note = f"thick: mean of {networks} networks; thin: each of them" if networks > 1 else "one network"
        figure.supxlabel(note, fontsize=SMALL, color=palette.MUTED)

    return render(draw, 10.6, 3.9)


def _around(epochs: pl.Series) -> tuple[float, float]:
    first, last = int(epochs.to_numpy().min()), int(epochs.to_numpy().max())
    beside = max(0.04 * (last - first), 0.3)
    return first - beside, last + beside


def pixel_histograms(panels: Sequence[tuple[str, NDArray[np.float32]]]) -> bytes:
    """Return the distributions of pixel values of the same images, one panel for each title and its values.

    The share of pixels is drawn on a logarithmic scale; beyond the 0.1% and 99.9% quantiles nothing is shown.
    """

    columns = 2 if len(panels) in (2, 4) else 3
    rows = -(-len(panels) // columns)

    def draw(figure: Figure) -> None:
        flat = figure.subplots(rows, columns, squeeze=False).flatten()
        for number, (axes, (title, values)) in enumerate(zip(flat, panels, strict=False)):
            color = palette.BEFORE if number == 0 else palette.AFTER
            low, high = (float(x) for x in np.quantile(values, (0.001, 0.999)))
            shown = (low, high) if high > low else (low - 0.5, low + 0.5)
            counts, edges = np.histogram(values, bins=64, range=shown)
            axes.stairs(100 * counts / max(values.size, 1), edges, fill=True, color=color)
            axes.set_yscale("log")
            bottom, top = axes.get_ylim()
            axes.set_ylim(min(bottom, top / 100), top)  # two decades, so that two of them are labeled
            percent(axes.yaxis)
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.xaxis.set_major_locator(MaxNLocator(5))
            axes.set(title=title, xlabel="pixel value")
        for axes in flat[len(panels) :]:
            axes.set_axis_off()
        figure.supylabel("share of pixels, log scale", fontsize=14)

    return render(draw, 10.5 if columns == 3 else 9.0, 3.2 * rows)
