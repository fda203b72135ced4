"""Pictures made of images: a grid of the worst, groups side by side, encoded to a budget of bytes."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dataprep.report.lettering import BOLD, REGULAR, drawable, font, wrapped
from dataprep.report.palette import BAND, GRAY, INK, PAPER, SUGGESTED

TILE = 128  # px, side of an image in a grid
GAP = 6  # px between tiles
COLUMNS = 8
PAGE = 4 * (2 * (TILE + GAP) + GAP) + 5 * GAP  # px: four boxes of two tiles
LINE = 21  # px per caption line
TEXT = 17  # px
MOST_LINES = 2  # of a caption that is too long for one
MOST_LETTERS = 60  # of a caption
QUALITIES = (88, 80, 70, 55, 40)


@dataclass(frozen=True)
class Picture:
    """A picture file of the report: its name, what it shows in words, and its bytes."""

    name: str
    alt: str
    data: bytes


@dataclass(frozen=True)
class Tile:
    """An image, uint8 (H, W, 3), with its captions; `accent` is the one drawn bold and blue, if any."""

    pixels: NDArray[np.uint8]
    lines: tuple[str, ...]
    accent: int | None = None


Box = tuple[str, Sequence[Tile]]  # a title and at most COLUMNS tiles
Line = tuple[str, bool]  # text and whether it is stressed


def grid(tiles: Sequence[Tile], columns: int = COLUMNS, side: int = TILE) -> Image.Image:
    """Return the tiles, `side` px large, in reading order, in rows of equal length and at most `columns`."""
    columns = -(-len(tiles) // -(-len(tiles) // columns))
    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    height = side + LINE * max(len(_captions(tile, side)) for tile in tiles) + GAP
    canvas = Image.new("RGB", (columns * (side + GAP) + GAP, len(rows) * height + GAP), PAPER)
    for number, row in enumerate(rows):
        for place, tile in enumerate(row):
            _draw_tile(canvas, tile, GAP + place * (side + GAP), GAP + number * height, side)
    return canvas


def clusters(groups: Sequence[Box], page: int = PAGE) -> Image.Image:
    """Return each titled group of at most COLUMNS tiles in a box of its own, left to right and on, `page` px wide."""
    rows = _shelves(groups, page)
    width = max(sum(_box_width(tiles) + GAP for _, tiles in row) for row in rows) + GAP
    heights = [_shelf_height(row) for row in rows]
    canvas = Image.new("RGB", (width, sum(heights) + GAP * (len(rows) + 1)), PAPER)
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        left = GAP
        for title, tiles in row:
            ImageDraw.Draw(canvas).rectangle((left, top, left + _box_width(tiles) - 1, top + height - 1), fill=BAND)
            _draw_box(canvas, title, tiles, left, top, _title_height(row))
            left += _box_width(tiles) + GAP
        top += height + GAP
    return canvas


def _shelves(groups: Sequence[Box], page: int) -> list[list[Box]]:
    rows: list[list[Box]] = []
    left = page
    for group in groups:
        needed = _box_width(group[1]) + GAP
        if left + needed > page:
            rows.append([])
            left = GAP
        rows[-1].append(group)
        left += needed
    return rows


def _box_width(tiles: Sequence[Tile]) -> int:
    return len(tiles) * (TILE + GAP) + GAP


def _title(title: str, tiles: Sequence[Tile]) -> list[str]:
    return wrapped(drawable(title, MOST_LETTERS), font(REGULAR, TEXT), _box_width(tiles) - 2 * GAP, MOST_LINES)


def _title_height(row: Sequence[Box]) -> int:
    return LINE * max(len(_title(title, tiles)) for title, tiles in row)


def _shelf_height(row: Sequence[Box]) -> int:
    lines = max(len(_captions(tile, TILE)) for _, tiles in row for tile in tiles)
    return _title_height(row) + TILE + LINE * lines + 2 * GAP


def _draw_box(canvas: Image.Image, title: str, tiles: Sequence[Tile], left: int, top: int, heading: int) -> None:
    _write(canvas, [(line, False) for line in _title(title, tiles)], left + GAP, top + GAP // 2)
    for index, tile in enumerate(tiles):
        _draw_tile(canvas, tile, left + GAP + index * (TILE + GAP), top + GAP // 2 + heading, TILE)


def _draw_tile(canvas: Image.Image, tile: Tile, left: int, top: int, side: int) -> None:
    canvas.paste(enlarged(tile.pixels, side), (left, top))
    ImageDraw.Draw(canvas).rectangle((left - 1, top - 1, left + side, top + side), outline=GRAY)
    _write(canvas, _captions(tile, side), left, top + side + 1)


def enlarged(pixels: NDArray[np.uint8], side: int) -> Image.Image:
    """Return the image `side` px large: each pixel a sharp square where there is room for 2 x 2 of them."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    times = -(-side // max(image.size))
    if 2 * max(image.size) > side:
        return image.resize((side, side), Image.Resampling.LANCZOS)
    image = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    return image.resize((side, side), Image.Resampling.BOX)


def _captions(tile: Tile, side: int) -> list[Line]:
    """Return the lines that the captions take, long ones broken."""
    found: list[Line] = []
    for number, line in enumerate(tile.lines):
        stressed = number == tile.accent
        face = font(BOLD if stressed else REGULAR, TEXT)
        found += [(part, stressed) for part in wrapped(drawable(line, MOST_LETTERS), face, side + GAP - 2, MOST_LINES)]
    return found


def _write(canvas: Image.Image, lines: Sequence[Line], left: int, top: int) -> None:
    for number, (line, stressed) in enumerate(lines):
        face = font(BOLD if stressed else REGULAR, TEXT)
        place = (left, top + number * LINE)
        ImageDraw.Draw(canvas).text(place, line, fill=SUGGESTED if stressed else INK, font=face)


def label_lines(given: str | None, suggested: str | None) -> tuple[tuple[str, ...], int | None]:
    """Return caption lines for given -> suggested and the number of the line to stress.

    Short labels share a line; `given` alone when nothing else is suggested.
    """
    shown = "no label" if given is None else drawable(given, MOST_LETTERS)
    if suggested is None:
        return (shown,), None
    change = f"→ {drawable(suggested, MOST_LETTERS)}"
    if font(BOLD, TEXT).getlength(f"{shown} {change}") <= TILE + GAP - 2:
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
