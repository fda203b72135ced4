"""What is measured of a batch of images, each decoded once for everything: statistics, quality, hashes, pixels."""

from typing import Any

import cv2
import numpy as np
import polars as pl
from PIL import Image

from dataprep import hashes, pixels
from dataprep.config import Measure
from dataprep.decoding import Picture, decode
from dataprep.luma import brightness_statistics, luma_counts, luma_of
from dataprep.schema import MEASUREMENTS
from dataprep.texture import texture_statistics, texture_sums

STACKED_PIXELS = 64 * 64  # px; pictures up to this size are measured together when they have the same one

Columns = dict[str, np.ndarray]
KINDS: dict[Any, Any] = {pl.Float32: np.float32, pl.Int32: np.int32, pl.Int64: np.int64, pl.UInt64: np.uint64}

cv2.setNumThreads(1)  # the workers are the threads


def measure_batch(batch: pl.DataFrame, side: int, params: Measure) -> tuple[pl.DataFrame, np.ndarray]:
    """Return MEASUREMENTS rows and (n, side, side, 3) uint8 pixels of a batch of ORIGINALS.

    Small pictures of equal size are measured together, which changes no value: a batch of one gives the same.
    """
    block = np.zeros((batch.height, side, side, 3), np.uint8)
    reasons: list[str | None] = [None] * batch.height
    waiting: dict[tuple[int, ...], list[tuple[int, Picture]]] = {}
    rows: list[int] = []
    parts: list[Columns] = []

    def close(members: list[tuple[int, Picture]]) -> None:
        sums = _sums([picture for _, picture in members])
        for row, picture in members:
            block[row] = square(picture.pixels, side, params.fit, params.background)
        rows.extend(row for row, _ in members)
        parts.append(sums)

    for row, (_, data, fault) in enumerate(batch.iter_rows()):
        try:
            if fault is not None:
                raise pixels.Unreadable(fault)
            picture = decode(data, params.max_pixels, params.background)
        except pixels.Unreadable as error:
            reasons[row] = str(error)
            continue
        height, width, _ = picture.pixels.shape
        if height * width > STACKED_PIXELS:
            try:
                close([(row, picture)])
            except (MemoryError, cv2.error):
                reasons[row] = pixels.NO_MEMORY
        else:
            waiting.setdefault((height, width), []).append((row, picture))
    for members in waiting.values():
        close(members)
    return _frame(batch["image_id"], reasons, rows, parts, block), block


def _sums(pictures: list[Picture]) -> Columns:
    """Return all that is read from the pixels of pictures of one size, one row per picture and column."""
    stack = np.stack([picture.pixels for picture in pictures]) if len(pictures) > 1 else pictures[0].pixels[None]
    light = luma_of(stack)
    return {
        **luma_counts(light),
        **texture_sums(light),
        "thumbnail": np.stack([resized(picture, hashes.DCT_SIDE) for picture in light]),
        "size": np.full((len(pictures), 2), light.shape[1:]),
        "pixel_hash": np.array([hashes.pixel_hash(picture.pixels, picture.alpha) for picture in pictures]),
        "orientation": np.array([picture.orientation for picture in pictures]),
        "transparency": np.array([picture.hidden for picture in pictures]),
    }


def _frame(
    image_ids: pl.Series, reasons: list[str | None], rows: list[int], parts: list[Columns], block: np.ndarray
) -> pl.DataFrame:
    bad = pl.Series([row for row, reason in enumerate(reasons) if reason is not None], dtype=pl.UInt32)
    unreadable = pl.DataFrame({"image_id": image_ids[bad], "unreadable": pl.Series(reasons, dtype=pl.String)[bad]})
    if not parts:
        return pl.concat([pl.DataFrame(schema=MEASUREMENTS.columns), unreadable], how="diagonal")
    order = np.argsort(rows)
    sums = {name: np.concatenate([part[name] for part in parts])[order] for name in parts[0]}
    values = _statistics(sums) | {"chroma": chroma(block if bad.is_empty() else block[np.sort(rows)])}
    columns = {
        name: pl.Series(column.astype(KINDS.get(MEASUREMENTS.columns[name], column.dtype)))
        for name, column in values.items()
    }
    readable = image_ids if bad.is_empty() else image_ids.filter(pl.Series(reason is None for reason in reasons))
    nothing = pl.Series([None] * len(rows), dtype=pl.String)
    known = {"image_id": readable, "unreadable": nothing} | columns
    found = pl.DataFrame({name: known[name] for name in MEASUREMENTS.columns})
    if bad.is_empty():
        return found
    return pl.concat([found, unreadable], how="diagonal")[np.argsort([*np.sort(rows), *bad])]


def _statistics(sums: Columns) -> Columns:
    """Return the MEASUREMENTS, but for chroma, from what `_sums` gives: (n,) per column."""
    return {name: sums[name] for name in ("pixel_hash", "orientation", "transparency")} | {
        **brightness_statistics(sums),
        **texture_statistics(sums),
        "perceptual_hash": hashes.perceptual_hashes(sums["thumbnail"]),
        "aspect_ratio": sums["size"].max(axis=1) / sums["size"].min(axis=1),
        "pixel_count": sums["size"].prod(axis=1),
    }


def chroma(squares: np.ndarray) -> np.ndarray:
    """Return (n,) float64: mean over (n, S, S, 3) pixels of the largest minus the least of R, G and B, 0 to 1."""
    red, green, blue = cv2.split(squares.reshape(-1, squares.shape[2], 3))
    span = cv2.subtract(cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue))
    return span.reshape(len(squares), -1).sum(axis=1, dtype=np.int64) / (255 * squares[0, :, :, 0].size)


def square(picture: np.ndarray, side: int, fit: str, background: int) -> np.ndarray:
    """Return `pixels.square` of (height, width, 3) uint8; where both sides shrink, the means over equal areas.

    Means over areas cost a fraction of Lanczos; they take as little as it of what is finer than the new pixels.
    """
    if fit != "stretch" or min(picture.shape[:2]) < side:
        return pixels.square(Image.fromarray(picture), side, fit, background)
    return resized(picture, side)


def resized(picture: np.ndarray, side: int) -> np.ndarray:
    """Return (side, side[, 3]) uint8 from (height, width[, 3]).

    Means over equal squares of the largest whole size that fits, then bilinear, which by a factor below 2 leaves hardly
    a pixel out. Less than one such square in all is cut, half of it at each end.
    """
    height, width = picture.shape[:2]
    factor = min(height, width) // side
    if factor > 1:
        rows, columns = height // factor, width // factor
        top, left = (height - rows * factor) // 2, (width - columns * factor) // 2
        cut = picture[top : top + rows * factor, left : left + columns * factor]
        picture = cv2.resize(cut, (columns, rows), interpolation=cv2.INTER_AREA)
    if picture.shape[:2] == (side, side):
        return picture
    # A long side may still be many times too long.
    narrow = max(picture.shape[:2]) < 2 * side
    method = cv2.INTER_LINEAR if narrow else cv2.INTER_AREA
    return np.asarray(cv2.resize(picture, (side, side), interpolation=method))
