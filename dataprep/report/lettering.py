"""The fonts of all pictures: DejaVu as matplotlib ships it, so that every machine draws the same bytes."""

from functools import cache
from pathlib import Path

import matplotlib
from matplotlib.ft2font import FT2Font
from PIL import ImageFont

from dataprep.markdown import JOINERS, shorten, spelled, visible

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
REGULAR = "DejaVuSans.ttf"
BOLD = "DejaVuSans-Bold.ttf"


@cache
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """Return the font at `size` px, laid out by Pillow itself: an installed Raqm would move letters."""
    return ImageFont.truetype(FONTS / name, size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _characters() -> frozenset[int]:
    return frozenset(FT2Font(str(FONTS / REGULAR)).get_charmap()) & frozenset(FT2Font(str(FONTS / BOLD)).get_charmap())


def drawable(text: str, most: int = 24) -> str:
    r"""Return text from data as one line that the fonts can draw, at most `most` characters long.

    What they lack, such as Chinese, is spelled out as \u732b, so that two labels stay two labels.
    """
    known = _characters()
    shown = (c if ord(c) in known else spelled(c) for c in visible(text) if c not in JOINERS)
    return shorten("".join(shown), most)


def fit(text: str, face: ImageFont.FreeTypeFont, width: float) -> str:
    """Return the text shortened until the font draws it at most `width` px wide."""
    for most in range(len(text), 2, -1):
        if face.getlength(shorten(text, most)) <= width:
            return shorten(text, most)
    return shorten(text, 2) if face.getlength(text) > width else text


def wrapped(text: str, face: ImageFont.FreeTypeFont, width: float, most: int = 2) -> list[str]:
    """Return the text as at most `most` lines of at most `width` px, broken at spaces where there are any.

    What is left for the last line loses its middle where it does not fit.
    """
    lines: list[str] = []
    while len(lines) < most - 1 and face.getlength(text) > width:
        room = next((end for end in range(len(text), 1, -1) if face.getlength(text[:end].rstrip()) <= width), 1)
        space = text.rfind(" ", 2, room + 1)  # never behind an arrow alone
        end = space if space > 0 else room
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*lines, fit(text, face, width)]
