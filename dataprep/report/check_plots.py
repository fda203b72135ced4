"""Plots of the training's insides."""

from typing import Any

import matplotlib
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from dataprep.report.lettering import drawable
from dataprep.report.plots import GRAY, render
from dataprep.schema import class_names

ACTIVATIONS = (-1.0, 6.0)  # the ranges in which checks/insides.py counts
GRADIENTS = (-8.0, 1.0)  # log10


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
        mesh = axes.imshow(given[order], cmap="cividis", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        axes.set_yticks(range(len(ids)), [_words(labels[row], ends[row]) for row in order])
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        figure.colorbar(mesh, ax=axes, label="probability of the given label")

    return render(draw, 9, 1.2 + 0.3 * max(len(ids), 4))


def _words(given: str, predicted: str) -> str:
    return drawable(given) if given == predicted else f"{drawable(given, 16)}, seen as {drawable(predicted, 16)}"


def insides(activations: NDArray[Any], gradients: NDArray[Any], ratios: NDArray[Any]) -> bytes:
    """Return three panels: activations per block, gradients per layer, and update-to-weight ratio by step.

    activations, gradients: (layers, bins), shares. ratios: (steps, kernels).
    """

    def draw(figure: Figure) -> None:
        first, second, third = figure.subplots(1, 3)
        _histograms(first, activations, ACTIVATIONS, "activations", "value")
        first.set_yscale("log")
        first.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
        _histograms(second, gradients, GRADIENTS, "gradients", "size")
        second.xaxis.set_major_formatter(lambda value, _: f"1e{value:g}")
        colors = _colors(ratios.shape[1])
        for column, color in zip(ratios.T, colors, strict=True):
            third.plot(range(1, len(column) + 1), np.maximum(column, 1e-8), color=color)
        for bound in (1e-4, 0.3):
            third.axhline(bound, color=GRAY, linestyle="--", linewidth=1)
        third.set_yscale("log")
        third.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        third.set(xlabel="step", title="update / weights", ylim=(1e-6, 2))
        third.grid(color="#dddddd")

    return render(draw, 11, 3.6)


def _histograms(axes: Axes, shares: NDArray[Any], span: tuple[float, float], title: str, label: str) -> None:
    centers = np.linspace(*span, shares.shape[1] + 1)
    middle = (centers[1:] + centers[:-1]) / 2
    for row, color in zip(shares, _colors(len(shares)), strict=True):
        axes.plot(middle, np.where(row > 0, row, np.nan), color=color)
    axes.set(title=title, xlabel=label)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
    axes.grid(color="#dddddd")


def _colors(count: int) -> list[Any]:
    # Cividis ends in a yellow that white paper swallows.
    return [matplotlib.colormaps["cividis"](position) for position in np.linspace(0, 0.88, count)]
