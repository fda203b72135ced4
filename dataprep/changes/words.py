"""Numbers and counts in words, as the comment's sections say them."""

from typing import Any

import polars as pl

from dataprep.changes.budget import Rows, head_of, row
from dataprep.markdown import code, count, escape

CELL = 120  # characters of a text from data in a table
NAMES = 40  # images named in a list
UNKNOWN = "—"
ORDER = ("relabel", "drop", "keep")  # verdicts, those that change most first


def plural(number: int, noun: str, many: str | None = None) -> str:
    """Return the number with its noun.

    >>> plural(1, "image"), plural(1200, "image"), plural(2, "class", "classes")
    ('1 image', '1,200 images', '2 classes')
    """
    return f"{count(number)} {noun if number == 1 else many or noun + 's'}"


def step(before: int | None, now: int | None) -> str:
    """Return both numbers, and the difference.

    >>> step(10, 12), step(12, 10), step(3, 3), step(None, 3)
    ('10 → 12 (+2)', '12 → 10 (−2)', '3 → 3', '— → 3')
    """
    shown = f"{UNKNOWN if before is None else count(before)} → {UNKNOWN if now is None else count(now)}"
    return f"{shown} ({signed(now - before)})" if before is not None and now is not None and before != now else shown


def signed(number: int) -> str:
    """Return the number with its sign; "" for 0.

    >>> signed(1200), signed(-3), signed(0)
    ('+1,200', '−3', '')
    """
    return f"{number:+,}".replace("-", "−") if number else ""


def label(name: str | None) -> str:
    """Return a class as Markdown."""
    return "no label" if name is None else code(name, CELL)


def integer(value: Any) -> int | None:
    """Return a whole number as it is, None for all else: records of other versions may hold anything."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def names(title: str, rows: pl.DataFrame, header: tuple[str, ...], *columns: str) -> Rows:
    """Return a list of images that opens on a click: image_id and further columns of `rows`, texts from data."""
    chosen = rows.select("image_id", *columns).head(NAMES).rows()
    lines = [
        row([code(name, 160), *(UNKNOWN if v is None else escape(str(v), CELL) for v in rest)])
        for name, *rest in chosen
    ]
    head = head_of(("image", *header), [False] * (1 + len(header)))
    return Rows(lines, rows.height, "images", head, title)
