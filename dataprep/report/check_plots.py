"""Plots of the training's insides."""

from typing import Any

import numpy as np
import polars as pl
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from dataprep.report import palette
from dataprep.report.lettering import drawable
from dataprep.report.plots import SMALL, WIDTH, percent, render, ruled
from dataprep.schema import class_names

ACTIVATIONS = (-1.0, 6.0)  # the ranges in which checks/insides.py counts
GRADIENTS = (-8.0, 1.0)  # log10
# From the first layer to the last; cividis ends in a yellow that white paper swallows.
_DEPTH = ListedColormap(colormaps["cividis"](np.linspace(0, 0.88, 256)))
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def watched(course: pl.DataFrame, images: pl.DataFrame) -> bytes:
    """Return a row per watched image and a column per epoch, colored by the probability of the given label.

    Beside each row stand its given label and what is predicted in the end, when it is another.
    """
    names = class_names(images)
    place = {name: number for number, name in enumerate(names)}
    table = course.join(images.select("image_id", "label"), on="image_id", how="left").sort("image_id", "epoch")
    ids = table["image_id"].unique(maintain_order=True)
    epochs = table["epoch"].n_unique()
    values = table["probabilities"].to_numpy().reshape(len(ids), epochs, -1)
    labels = table.group_by("image_id", maintain_order=True).first()["label"].to_list()
    given = np.stack([values[row, :, place[label]] for row, label in enumerate(labels)])
    ends = [names[values[row, -1].argmax()] for row in range(len(ids))]
    order = np.argsort(-given[:, -1], kind="stable")

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        shown: Any = {"cmap": palette.AMOUNT, "aspect": "auto", "interpolation": "nearest"}
        mesh = axes.imshow(100 * given[order], vmin=0, vmax=100, **shown)
        axes.set_yticks(range(len(ids)), [_words(labels[row], ends[row]) for row in order])
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("epoch")
        axes.set_title("probability of each image's given label", loc="left")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.spines[:].set_visible(True)
        bar = figure.colorbar(mesh, ax=axes, pad=0.02, aspect=30)
        percent(bar.ax.yaxis)

    return render(draw, WIDTH, 1.4 + 0.32 * max(len(ids), 4))


def _words(given: str, predicted: str) -> str:
    return drawable(given) if given == predicted else f"{drawable(given, 16)}, seen as {drawable(predicted, 16)}"


def insides(activations: NDArray[Any], gradients: NDArray[Any], ratios: NDArray[Any]) -> bytes:
    """Return three panels: activations per block, gradients per layer, and update-to-weight ratio by step.

    activations, gradients: (layers, bins), shares. ratios: (steps, kernels).
    """

    def draw(figure: Figure) -> None:
        first, second, third = figure.subplots(1, 3)
        _histograms(first, activations, ACTIVATIONS)
        first.set(title="activations of each block", xlabel="value", ylabel="share of values", yscale="log")
        percent(first.yaxis)
        _histograms(second, gradients, GRADIENTS)
        second.set(title="gradients of each layer", xlabel="absolute value", ylabel="share of values")
        second.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        second.xaxis.set_major_formatter(lambda value, _: decade(value))
        percent(second.yaxis)
        for column, color in zip(ratios.T, _colors(ratios.shape[1]), strict=True):
            third.plot(range(1, len(column) + 1), np.maximum(column, 1e-8), color=color, lw=2)
        for bound in (1e-4, 0.3):
            third.axhline(bound, color=palette.BAD, linestyle="--", linewidth=1.5)
        third.set_yscale("log")
        third.yaxis.set_major_formatter(lambda value, _: decade(np.log10(value)))
        third.set(xlabel="step", ylabel="size of the update / of the weights", ylim=(1e-6, 2))
        third.set_title("updates of each layer")
        ruled(third)
        scale = ScalarMappable(Normalize(0, 1), _DEPTH)
        bar = figure.colorbar(scale, ax=[first, second, third], pad=0.01, aspect=25, ticks=[0, 1])
        bar.ax.set_yticklabels(["first\nlayer", "last\nlayer"])
        note = "dashed: between these lines updates are neither too small nor too large"
        figure.supxlabel(note, fontsize=SMALL, color=palette.MUTED)

    return render(draw, 11, 4.2)


def decade(exponent: float) -> str:
    """Return a power of ten as it is written by hand.

    >>> decade(-4), decade(0)
    ('10⁻⁴', '1')
    """
    return "1" if exponent == 0 else "10" + f"{exponent:.0f}".translate(_RAISED)


def _histograms(axes: Axes, shares: NDArray[Any], span: tuple[float, float]) -> None:
    centers = np.linspace(*span, shares.shape[1] + 1)
    middle = (centers[1:] + centers[:-1]) / 2
    for row, color in zip(shares, _colors(len(shares)), strict=True):
        axes.plot(middle, 100 * np.where(row > 0, row, np.nan), color=color, lw=2)
    ruled(axes)


def _colors(count: int) -> list[Any]:
    return [_DEPTH(position) for position in np.linspace(0, 1, count)]
