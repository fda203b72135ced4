"""What is known of an image besides what it shows: its file, its size, its light and color, its background."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

Kind = Literal["file", "quality", "light", "background"]

BLOCK = 1024  # images whose pixels are in memory at a time
RING = 0.1  # width of the border ring, share of the side
LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R 601-2, as everywhere in Pillow

# To add a property that follows from columns of IMAGES and MEASUREMENTS, add a line here and one in `wording`.
FILE: dict[str, pl.Expr] = {
    "format": pl.col("format"),
    "channels": pl.format(
        "{} channel{}", "channels", pl.when(pl.col("channels") == 1).then(pl.lit("")).otherwise(pl.lit("s"))
    ),
    "pixel_count": pl.col("pixel_count"),
    "longer_side": pl.max_horizontal("width", "height"),
    "width_over_height": pl.col("width") / pl.col("height"),
}
QUALITY: dict[str, pl.Expr] = {
    "bytes_per_pixel": pl.col("bytes") / pl.col("pixel_count"),
    "entropy": pl.col("entropy"),
    "noise": pl.col("noise"),
    "sharpness": pl.col("sharpness"),
}
LIGHT: dict[str, pl.Expr] = {"brightness": pl.col("brightness"), "contrast": pl.col("contrast")}
COLUMNS: dict[Kind, dict[str, pl.Expr]] = {"file": FILE, "quality": QUALITY, "light": LIGHT}


@dataclass(frozen=True)
class Property:
    """One number, or one category, per image.

    kind: file (format, size, shape: what is shown has little to do with it), quality (detail, noise, compression),
    light (and color), or background.
    values: (n,) float64, NaN where unknown; of categories their number in `categories`, which is empty for a number.
    """

    name: str
    kind: Kind
    values: NDArray[np.float64]
    categories: tuple[str, ...] = ()


def properties(
    images: pl.DataFrame, measurements: pl.DataFrame, pixels: NDArray[np.uint8], rows: NDArray[np.int64]
) -> list[Property]:
    """Return the properties of the images in `rows`.

    images, measurements: IMAGES and MEASUREMENTS of the same N images. pixels: (N, S, S, 3) uint8. rows: (n,) int64,
    of readable images. Of each picture: mean red minus mean green and mean of both minus mean blue, -1 to 1. Of the
    ring of a tenth of the side around it, which mostly shows background: the same two, its mean luma, 0 to 1, and
    the standard deviation of its luma, 0 to 0.5.
    """
    known = images.join(measurements, on="image_id", maintain_order="left")[rows]
    made = [
        _of_column(name, kind, known.select(value).to_series())
        for kind, columns in COLUMNS.items()
        for name, value in columns.items()
    ]
    blocks = [_of_pixels(pixels[rows[start : start + BLOCK]]) for start in range(0, len(rows), BLOCK)]
    for name in PIXELS if blocks else ():
        kind: Kind = "background" if name.startswith("border") else "light"
        made.append(Property(name, kind, np.concatenate([block[name] for block in blocks])))
    return made


def _of_column(name: str, kind: Kind, column: pl.Series) -> Property:
    if column.dtype != pl.String:
        return Property(name, kind, column.cast(pl.Float64).fill_null(np.nan).to_numpy())
    categories = tuple(column.drop_nulls().unique().sort())
    number = {category: place for place, category in enumerate(categories)}
    values = np.array([number.get(value, np.nan) for value in column], np.float64)
    return Property(name, kind, values, categories)


PIXELS: dict[str, Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]] = {
    "red_green": lambda mean, ring: mean[:, 0] - mean[:, 1],
    "yellow_blue": lambda mean, ring: mean[:, :2].mean(1) - mean[:, 2],
    "border_brightness": lambda mean, ring: ring.mean(1) @ LUMA,
    "border_variation": lambda mean, ring: (ring @ LUMA).std(1),
    "border_red_green": lambda mean, ring: ring[..., 0].mean(1) - ring[..., 1].mean(1),
    "border_yellow_blue": lambda mean, ring: ring[..., :2].mean((1, 2)) - ring[..., 2].mean(1),
}


def _of_pixels(block: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    """Return the properties of (n, S, S, 3) uint8 pixels by name."""
    side = block.shape[1]
    width = max(1, round(RING * side))
    border = np.ones((side, side), bool)
    border[width : side - width, width : side - width] = False
    mean = block.reshape(len(block), -1, 3).mean(1) / 255
    ring = block[:, border] / 255
    return {name: formula(mean, ring) for name, formula in PIXELS.items()}
