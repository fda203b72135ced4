"""Decode each image once, for everything: statistics, quality, hashes and the pixels later stages read."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image, ImageFilter

from dataprep import files, hashes, pixels
from dataprep.config import Measure
from dataprep.engine import map_batches
from dataprep.originals import Originals
from dataprep.schema import MEASUREMENTS, check

BATCH_ROWS = 128
TEXTURE_SIDE = 256  # px; sharpness and noise are measured at no more, so that size alone changes neither
BLUR_RADIUS = 4  # px; the 9-tap mean of Crete et al.
AUTO_SIDES = (16, 64)  # px


def side_for(images: pl.DataFrame, size: str | int) -> int:
    """Return the side of the square pixels: `size`, or for "auto" the median short side.

    The automatic side is rounded to a multiple of 8 and kept within 16 to 64 px.
    """
    if isinstance(size, int):
        return size
    median = images.select(pl.min_horizontal("width", "height").median()).item()
    low, high = AUTO_SIDES
    return low if median is None else int(min(max(round(median / 8) * 8, low), high))


def measure_all(images: pl.DataFrame, originals: Originals, params: Measure, workers: int, out: Path) -> pl.DataFrame:
    """Return MEASUREMENTS and write the pixels to `out`.

    `out` is a .npy array (N, side, side, 3) uint8, row i for the i-th image by image_id, black
    where the image is unreadable.
    """
    side = side_for(images, params.size)
    frames: list[pl.DataFrame] = []
    work = partial(measure_batch, side=side, params=params)
    batches = originals.batches(BATCH_ROWS)
    with files.replacing(out) as part:
        array = files.new_array(part, np.uint8, (images.height, side, side, 3))
        done = 0
        for frame, block in map_batches(work, batches, workers=workers, rows=images.height, description="measure"):
            array[done : done + frame.height] = block
            done += frame.height
            frames.append(frame)
        array.flush()
    return check(pl.concat(frames), MEASUREMENTS, "measure")


def measure_batch(batch: pl.DataFrame, side: int, params: Measure) -> tuple[pl.DataFrame, np.ndarray]:
    """Return MEASUREMENTS rows and (n, side, side, 3) uint8 pixels of a batch of ORIGINALS."""
    block = np.zeros((batch.height, side, side, 3), np.uint8)
    rows: list[dict[str, Any]] = []
    for number, (image_id, data, fault) in enumerate(batch.iter_rows()):
        try:
            if fault is not None:
                raise pixels.Unreadable(fault)
            image = pixels.decode(data, params.max_pixels, params.background)
        except pixels.Unreadable as error:
            rows.append({"image_id": image_id, "unreadable": str(error)})
            continue
        rows.append({"image_id": image_id} | measure(image))
        block[number] = pixels.square(image, side, params.fit, params.background)
    return pl.DataFrame(rows, schema=MEASUREMENTS.columns), block


def measure(image: Image.Image) -> dict[str, Any]:
    """Return the MEASUREMENTS of one RGB picture; luma is Pillow's L (ITU-R 601-2)."""
    luma = image.convert("L")
    width, height = image.size
    return (
        {"pixel_sha256": hashes.pixel_sha256(image), "perceptual_hash": hashes.perceptual_hash(luma)}
        | luma_statistics(np.array(luma.histogram(), dtype=np.int64))
        | texture(luma)
        | {"aspect_ratio": max(width, height) / min(width, height), "pixel_count": width * height}
    )


def luma_statistics(histogram: np.ndarray) -> dict[str, float]:
    """Return brightness, its percentiles, contrast and entropy from 256 counts of luma 0..255."""
    share = histogram / histogram.sum()
    level = np.arange(256) / 255
    mean = float(share @ level)
    filled = share[share > 0]
    cumulative = np.cumsum(share)
    return {
        "brightness": mean,
        "brightness_p1": float(level[np.searchsorted(cumulative, 0.01)]),
        "brightness_p99": float(level[np.searchsorted(cumulative, 0.99 - 1e-12)]),
        "contrast": float(np.sqrt(share @ (level - mean) ** 2)),
        "entropy": float(-(filled @ np.log2(filled))) + 0.0,
    }


def texture(luma: Image.Image) -> dict[str, float]:
    """Return sharpness and noise of a picture of mode L, shrunk to at most 256 px first.

    sharpness: 1 - blur of Crete, Dolmiere, Ladret, Nicolas, The blur effect, 2007: the share of
        the summed absolute neighbor differences that a 9-tap mean along that axis takes away,
        the lesser of the two axes. A flat picture, which has no edge to blur, gives 1.
    noise: mean squared neighbor difference over twice the variance, the mean of both axes
        (1 - autocorrelation at lag 1): 0 for smooth, about 1 for white noise, 0 for flat.
    """
    if max(luma.size) > TEXTURE_SIDE:
        luma = luma.copy()
        luma.thumbnail((TEXTURE_SIDE, TEXTURE_SIDE), Image.Resampling.BOX)
    values = np.asarray(luma, dtype=np.float32)
    variance = float(values.var())
    if variance == 0.0:
        return {"sharpness": 1.0, "noise": 0.0}
    sharpness, roughness = [], []
    for axis, radius in ((1, (BLUR_RADIUS, 0)), (0, (0, BLUR_RADIUS))):
        step = np.diff(values, axis=axis)
        if step.size == 0:
            continue
        blurred = np.asarray(luma.filter(ImageFilter.BoxBlur(radius)), dtype=np.float32)
        edges = np.abs(step)
        lost = np.maximum(edges - np.abs(np.diff(blurred, axis=axis)), 0.0)
        if edges.any():
            sharpness.append(float(lost.sum() / edges.sum()))
        roughness.append(float((step**2).mean()) / (2 * variance))
    return {"sharpness": min(sharpness, default=1.0), "noise": float(np.mean(roughness))}
