"""What normalization does to pixels: the same images raw, scaled, after GCN and LCN; histograms; amplified noise."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dataprep.markdown import code, count, details, escape, table
from dataprep.normalization.amplification import Amplification, amplification
from dataprep.normalization.modules import GlobalContrast, LocalContrast, step_module
from dataprep.normalization.scaling import SPANS, scale
from dataprep.report import plots
from dataprep.report.grids import COLUMNS, MOST_LETTERS, Picture, Tile, clusters, encode
from dataprep.report.inputs import Inputs, row_numbers
from dataprep.report.lettering import drawable
from dataprep.report.pictures import budget, displayed, gray_range, spread

SAMPLE = 500  # images whose pixels a histogram counts
LISTED = 20
Images = NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """One row of the picture: its title, the images (n, 3, S, S), and what becomes black and white."""

    title: str
    images: Images
    low: float
    high: float


def section(inputs: Inputs) -> Iterator[str | Picture]:
    """Yield the section's blocks and pictures."""
    spec = inputs.normalization
    yield "## Normalization"
    yield f"Written: {_described(spec)}. Fitted on the split {code(inputs.params.normalize.training_split)}."
    if not inputs.kept.height:
        return
    rows = _kept_rows(inputs)
    found = amplification(inputs.pixels[rows], SPANS[spec["scale"]], **_contrast_numbers(spec))
    chosen = [int(i) for i in np.argsort(found.deviation, kind="stable")[spread(len(rows), COLUMNS)]]
    yield "Some kept images, from the least contrast to the most, each row in a gray range of its own:"
    yield side_by_side(inputs, chosen)
    yield histograms(inputs)
    yield from _noise(inputs, rows, found)


def _kept_rows(inputs: Inputs) -> NDArray[np.int64]:
    numbers = row_numbers(inputs.images)
    return np.array([numbers[image_id] for image_id in inputs.kept["image_id"]])


def _described(spec: dict[str, Any]) -> str:
    """Return the steps with their numbers in words."""
    parts = [f"pixels scaled to {spec['scale']}"]
    for step in spec["steps"]:
        numbers = ", ".join(f"{key} {_number(value)}" for key, value in step.items() if key != "step")
        parts.append(f"{step['step']} ({numbers})" if numbers else step["step"])
    return escape(", then ".join(parts), 1000)


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _contrast_numbers(spec: dict[str, Any]) -> dict[str, float]:
    """Return GCN's numbers: those of the first step where it is GCN, else the book's."""
    first: dict[str, Any] = spec["steps"][0] if spec["steps"] else {}
    if first.get("step") == "gcn":
        return {key: first[key] for key in ("s", "regularizer", "floor")}
    return {"s": 1.0, "regularizer": 0.0, "floor": 1e-8}


def views(pixels: NDArray[np.uint8], written: Images, spec: dict[str, Any]) -> list[View]:
    """Return the rows for images (n, S, S, 3) uint8: raw, scaled, GCN, LCN, and what was written if it is none of them.

    GCN and LCN of the scaled images have the numbers of the fitted steps where these are such (GCN as the first one),
    else the defaults.
    """
    images = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2)
    scaled = scale(images, spec["scale"])
    shape = (spec["channels"], spec["height"], spec["width"])
    local = next((step_module(step, shape) for step in spec["steps"] if step["step"] == "lcn"), LocalContrast())
    done = {"GCN": GlobalContrast(**_contrast_numbers(spec))(scaled).numpy(), "LCN": local(scaled).numpy()}
    if not any(np.allclose(written, values, atol=1e-3) for values in done.values()):
        done["as written"] = written
    found = [View("raw", images.numpy().astype(np.float32), 0.0, 255.0)]
    found.append(View(f"scaled {spec['scale']}", scaled.numpy(), *gray_range(scaled.numpy())))
    return found + [View(title, values, *gray_range(values)) for title, values in done.items()]


def side_by_side(inputs: Inputs, chosen: list[int]) -> Picture:
    """Return the chosen rows of kept as images, a row of the picture for each of `views`."""
    rows, labels = _kept_rows(inputs)[chosen], inputs.kept["label"]
    shown = views(inputs.pixels[rows], inputs.normalized[chosen], inputs.normalization)
    captions = [drawable(labels[row] or "no label", MOST_LETTERS) for row in chosen]
    titles = ", ".join(view.title for view in shown)
    alt = f"{len(chosen)} kept images from the least to the most contrast, a row each: {titles}"
    return encode(clusters([_row(view, captions) for view in shown]), "normalization", alt, budget(inputs))


def _row(view: View, captions: Sequence[str]) -> tuple[str, list[Tile]]:
    """Return the titled row of a view, with captions below its images."""
    shown = (displayed(image, view.low, view.high) for image in view.images)
    return view.title, [Tile(image, (text,) * bool(text)) for image, text in zip(shown, captions, strict=True)]


def histograms(inputs: Inputs) -> Picture:
    """Return the distribution of pixel values of at most 500 kept images in each of `views`."""
    chosen = spread(inputs.kept.height, SAMPLE)
    shown = views(
        inputs.pixels[_kept_rows(inputs)[chosen]], np.asarray(inputs.normalized[chosen]), inputs.normalization
    )
    panels = [(view.title, view.images) for view in shown if not view.title.startswith("scaled")]
    titles = ", ".join(title for title, _ in panels)
    alt = f"Histograms of the pixel values of {len(chosen)} kept images: {titles}"
    return Picture("pixel_histograms.png", alt, plots.pixel_histograms(panels))


def _noise(inputs: Inputs, rows: NDArray[np.int64], found: Amplification) -> Iterator[str | Picture]:
    applied = inputs.normalization["steps"][:1] and inputs.normalization["steps"][0]["step"] == "gcn"
    verb = "amplifies" if applied else "would amplify"
    flat = int((found.deviation == 0).sum())
    if flat:
        yield f"{count(flat)} flat images become 0 by GCN."
    worst = np.flatnonzero(found.amplified)
    worst = worst[np.argsort(-found.noise[worst], kind="stable")]
    if not len(worst):
        yield f"GCN {verb} no image's noise to much of its contrast."
        return
    many = f"{count(len(worst))} image" + "s" * (len(worst) > 1)
    yield (
        f"**GCN {verb} noise in {many} of little contrast**: the gain is at least twice the usual one, and at least a "
        "quarter of the contrast that GCN gives them is noise. Look whether they are worth keeping; a `regularizer` "
        "(lambda) keeps faint images faint."
    )
    yield side_by_side_noise(inputs, worst[:COLUMNS].tolist(), found)
    listed = [
        (
            code(inputs.kept["image_id"][int(i)]),
            f"{found.deviation[i]:.4f}",
            f"{found.gain[i]:.0f}",
            f"{found.noise[i]:.2f}",
        )
        for i in worst[:LISTED].tolist()
    ]
    more = f", the first {LISTED} of them" if len(worst) > LISTED else ""
    body = table(("image", "deviation before", "gain", "noise afterwards"), listed)
    yield details(f"{many} whose noise is amplified{more}", body)


def side_by_side_noise(inputs: Inputs, chosen: list[int], found: Amplification) -> Picture:
    """Return the chosen rows of kept raw (upper row) and after GCN (lower row)."""
    pixels = inputs.pixels[_kept_rows(inputs)[chosen]]
    raw, _, contrast = views(pixels, np.asarray(inputs.normalized[chosen]), inputs.normalization)[:3]
    rows = [_row(raw, [""] * len(chosen)), _row(contrast, [f"gain {found.gain[row]:.0f}" for row in chosen])]
    alt = f"{len(chosen)} images of little contrast, raw above and after GCN below, gain up to {found.gain.max():.0f}"
    return encode(clusters(rows), "amplified_noise", alt, budget(inputs))
