"""The report's section on the training: the checks, and pictures of what they looked at."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from dataprep.markdown import escape, table
from dataprep.report import check_plots
from dataprep.report.grids import Picture, Tile, encode, grid
from dataprep.report.inputs import Inputs
from dataprep.schema import class_names
from dataprep.wording import CHECKS, check_title

MARKS = {"passes": "passes", "warns": "**warns**", "fails": "**FAILS**", "left out": "left out"}
BUDGET = 60_000  # bytes for a picture of tiles
KERNEL = 80  # px, side of a kernel in its picture


def in_order(checks: pl.DataFrame) -> pl.DataFrame:
    """Return CHECKS with what did not pass first, then in the order of `wording.CHECKS`."""
    order = {name: number for number, name in enumerate(CHECKS)}
    gravity = {"fails": 0, "warns": 1, "passes": 2, "left out": 3}
    return checks.sort(
        pl.col("status").replace_strict(gravity, default=3, return_dtype=pl.Int32),
        pl.col("check").replace_strict(order, default=len(order), return_dtype=pl.Int32),
    )


def verdict(checks: pl.DataFrame) -> str:
    """Return one sentence about all checks."""
    counts = {status: checks.filter(pl.col("status") == status).height for status in ("passes", "warns", "fails")}
    judged = sum(counts.values())
    aside = checks.height - judged
    if counts["passes"] == judged:
        return (
            f"All {judged} checks pass."
            if not aside
            else f"Of {checks.height} checks {aside} are left out; the rest pass."
        )
    parts = [
        f"{counts[status]} {status if counts[status] == 1 else word}"
        for status, word in (("fails", "fail"), ("warns", "warn"))
        if counts[status]
    ]
    return f"Of {judged} checks {' and '.join(parts)}."


def section(inputs: Inputs) -> Iterator[str | Picture]:
    """Yield the section's blocks and pictures in order."""
    rows = in_order(inputs.checks)
    yield "## Is the training sound?"
    trained = "A network that is trained carelessly lies about the data, so each training is checked by these rules."
    yield f"{verdict(inputs.checks)} {trained}" if inputs.history.height else verdict(inputs.checks)
    yield table(
        ("check", "", "found", "rule"),
        [
            (check_title(row["check"]), MARKS[row["status"]], escape(row["finding"], 300), escape(row["rule"], 300))
            for row in rows.iter_rows(named=True)
        ],
    )
    remedies = rows.filter(pl.col("status").is_in(["fails", "warns"]))
    if remedies.height:
        yield "\n".join(
            f"- {check_title(name)}: {escape(remedy or '', 300)}."
            for name, remedy in remedies["check", "remedy"].iter_rows()
        )
    yield from pictures(inputs)


def pictures(inputs: Inputs) -> Iterator[str | Picture]:
    """Yield the pictures whose arrays are there, each below a line that says how to read it."""
    arrays = inputs.check_arrays
    if "inputs" in arrays:
        yield "What enters the network, moved about and standardized, with the given labels:"
        yield _entering(inputs)
    if inputs.watched.height:
        yield "Predictions on a fixed batch of held-out images over the course of the training:"
        yield Picture(
            "checks_watched.png",
            f"Probability of the given label of {inputs.watched['image_id'].n_unique()} images, a fixed batch, "
            "epoch by epoch",
            check_plots.watched(inputs.watched, inputs.images),
        )
    if "filters" in arrays:
        yield "Kernels of the first layer:"
        yield _kernels(arrays["filters"])
    if {"activations", "gradients", "ratios"} <= set(arrays):
        yield "Inside the network, a color per layer from the first (dark) to the last (light):"
        yield Picture(
            "checks_insides.png",
            f"Histograms of activations per block and of gradients of {len(arrays['gradients'])} layers, and "
            "update-to-weight ratio by step",
            check_plots.insides(arrays["activations"], arrays["gradients"], arrays["ratios"]),
        )


def _entering(inputs: Inputs) -> Picture:
    names = class_names(inputs.images)
    values = inputs.check_arrays["inputs"]
    labels = inputs.check_arrays["input_labels"].astype(int)
    low, high = (float(x) for x in np.quantile(values, (0.002, 0.998)))
    tiles = [Tile(_shown(image, low, high), (names[label],)) for image, label in zip(values, labels, strict=True)]
    return encode(
        grid(tiles), "checks_inputs", f"{len(tiles)} images as they enter the network, with their labels", BUDGET
    )


def _kernels(kernels: np.ndarray) -> Picture:
    tiles = []
    for kernel in kernels[:24]:
        reach = float(np.abs(kernel).max()) or 1.0
        shown = _shown(kernel, -reach, reach)
        tiles.append(Tile(shown, ()))
    return encode(
        grid(tiles, 12, KERNEL), "checks_filters", f"{len(tiles)} kernels of the first layer, gray is 0", BUDGET
    )


def _shown(image: np.ndarray, low: float, high: float) -> np.ndarray:
    scaled = np.clip((image - low) / max(high - low, 1e-6), 0, 1) * 255
    return np.rint(scaled).astype(np.uint8).transpose(1, 2, 0)
