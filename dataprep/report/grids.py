"""Pictures made of images: a grid of the worst, groups side by side, encoded to a budget of bytes."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dataprep.report.lettering import BOLD, REGULAR, drawable, fit, font

TILE = 112  # px, side of an image in a grid
GAP = 12  # px between tiles
COLUMNS = 8
LINE = 20  # px per caption line
TEXT = 16  # px
INK = (20, 20, 20)
ACCENT = (0, 90, 150)  # a blue that all kinds of color vision tell from the ink
PAPER = (255, 255, 255)
BAND = (232, 236, 240)
QUALITIES = (88, 80, 70, 55, 40)


@dataclass(frozen=True)
class Picture:
    """A picture file of the report: its name, what it shows in words, and its bytes."""

    name: str
    alt: str
    data: bytes


@dataclass(frozen=True)
class Tile:
    """An image, uint8 (H, W, 3), with its caption; `accent` is the line drawn bold and blue, if any."""

    pixels: NDArray[np.uint8]
    lines: tuple[str, ...]
    accent: int | None = None


def grid(tiles: Sequence[Tile], columns: int = COLUMNS) -> Image.Image:
    """Return the tiles in reading order, `columns` in a row."""
    columns = min(columns, len(tiles))
    height = TILE + LINE * max(len(tile.lines) for tile in tiles) + GAP
    rows = -(-len(tiles) // columns)
    canvas = Image.new("RGB", (columns * (TILE + GAP) + GAP, rows * height + GAP), PAPER)
    for index, tile in enumerate(tiles):
        _draw_tile(canvas, tile, GAP + index % columns * (TILE + GAP), GAP + index // columns * height)
    return canvas


def clusters(groups: Sequence[tuple[str, Sequence[Tile]]], columns: int = COLUMNS) -> Image.Image:
    """Return each titled group of at most `columns` tiles in a box of its own, left to right and on."""
    lines = max(len(tile.lines) for _, tiles in groups for tile in tiles)
    box_height = LINE + TILE + LINE * lines + 2 * GAP
    places: list[tuple[int, int]] = []
    left, top, page = GAP, GAP, columns * (TILE + GAP) + 3 * GAP
    for _, tiles in groups:
        if left > GAP and left + _box_width(tiles) + GAP > page:
            left, top = GAP, top + box_height + GAP
        places.append((left, top))
        left += _box_width(tiles) + GAP
    width = max(x + _box_width(tiles) for (x, _), (_, tiles) in zip(places, groups, strict=True)) + GAP
    canvas = Image.new("RGB", (width, top + box_height + GAP), PAPER)
    for (x, y), (title, tiles) in zip(places, groups, strict=True):
        box = (x, y, x + _box_width(tiles) - 1, y + box_height - 1)
        ImageDraw.Draw(canvas).rectangle(box, fill=BAND)
        _write(canvas, title, x + GAP, y + GAP // 2, _box_width(tiles) - 2 * GAP)
        for index, tile in enumerate(tiles):
            _draw_tile(canvas, tile, x + GAP + index * (TILE + GAP), y + GAP // 2 + LINE)
    return canvas


def _box_width(tiles: Sequence[Tile]) -> int:
    return len(tiles) * (TILE + GAP) + GAP


def _draw_tile(canvas: Image.Image, tile: Tile, left: int, top: int) -> None:
    thumbnail = Image.fromarray(np.ascontiguousarray(tile.pixels))
    canvas.paste(thumbnail.resize((TILE, TILE), Image.Resampling.BICUBIC), (left, top))
    ImageDraw.Draw(canvas).rectangle((left - 1, top - 1, left + TILE, top + TILE), outline=(150, 150, 150))
    for number, line in enumerate(tile.lines):
        _write(canvas, line, left, top + TILE + 2 + number * LINE, TILE + 4, number == tile.accent)


def _write(canvas: Image.Image, text: str, left: int, top: int, width: int, accent: bool = False) -> None:
    face = font(BOLD if accent else REGULAR, TEXT)
    line = fit(drawable(text, 60), face, width)
    ImageDraw.Draw(canvas).text((left, top), line, fill=ACCENT if accent else INK, font=face)


def label_lines(given: str | None, suggested: str | None) -> tuple[tuple[str, ...], int | None]:
    """Return caption lines for given -> suggested and the number of the line to stress.

    Short labels share a line; `given` alone when nothing else is suggested.
    """
    shown = "no label" if given is None else drawable(given)
    if suggested is None:
        return (shown,), None
    change = f"→ {drawable(suggested)}"
    if font(BOLD, TEXT).getlength(f"{shown} {change}") <= TILE + 4:
        return (f"{shown} {change}",), 0
    return (shown, change), 1


def crossed(side: int) -> NDArray[np.uint8]:
    """Return what stands for an image that cannot be decoded: uint8 (side, side, 3), a gray square with a cross."""
    image = Image.new("RGB", (side, side), (226, 226, 230))
    for line in ((0, 0, side, side), (0, side, side, 0)):
        ImageDraw.Draw(image).line(line, fill=(160, 160, 170), width=max(1, side // 56))
    return np.asarray(image)


def encode(image: Image.Image, name: str, alt: str, budget: int) -> Picture:
    """Return the image as `name` plus .png when that fits into `budget` bytes, else plus .jpg.

    JPEG quality falls from 88 to 40 and then the size by half steps until the file fits,
    so a picture of any content stays small.
    """
    data = _bytes(image, format="PNG", optimize=True)
    if len(data) <= budget:
        return Picture(f"{name}.png", alt, data)
    while True:
        for quality in QUALITIES:
            data = _bytes(image, format="JPEG", quality=quality, subsampling=0)
            if len(data) <= budget:
                return Picture(f"{name}.jpg", alt, data)
        if min(image.size) < TILE:
            return Picture(f"{name}.jpg", alt, data)
        image = image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)


def _bytes(image: Image.Image, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, **options)  # type: ignore[arg-type]
    return stream.getvalue()
