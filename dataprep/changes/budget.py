"""Blocks of a comment -> Markdown that never grows beyond what GitHub takes; what is cut is counted."""

from collections.abc import Sequence
from dataclasses import dataclass

from dataprep.markdown import count, details, picture
from dataprep.report.grids import Picture

# GitHub takes 65,536 characters. A picture's address grows by some 200 when it is pinned to a commit, twelve times.
MOST = 60_000
MORE = 400  # characters kept free for each list's title and its last line
SHARE = 0.4  # of the room that is left, for one list at most


@dataclass(frozen=True)
class Rows:
    """A list or table that may be cut: lines of Markdown, of `total` that there are.

    head: what stands above, such as a table's first two lines. noun: what a line is, in the plural. title: when given,
    the list opens on a click.
    """

    lines: Sequence[str]
    total: int
    noun: str
    head: str = ""
    title: str | None = None


@dataclass(frozen=True)
class Shown:
    """A picture with a line of Markdown above it, both left out of the text-only form."""

    picture: Picture
    title: str = ""


Block = str | Rows | Shown


def compose(blocks: Sequence[Block], folder: str | None) -> str:
    """Return the blocks as Markdown of at most MOST characters, pictures linked to in `folder`; None: without them.

    Texts and pictures are bounded where they are made. Lists share what these leave, in their order, each at most SHARE
    of it; cut lines are counted in a last one.
    """
    fixed = {n: _fixed(block, folder) for n, block in enumerate(blocks) if not isinstance(block, Rows)}
    lists = [block for block in blocks if isinstance(block, Rows)]
    left = MOST - sum(len(text) + 2 for text in fixed.values()) - MORE * len(lists)
    parts = []
    for number, block in enumerate(blocks):
        if isinstance(block, Rows):
            text = _list(block, int(SHARE * left))
            left -= max(0, len(text) - MORE)
        else:
            text = fixed[number]
        parts.append(text)
    return "\n\n".join(part for part in parts if part) + "\n"


def _fixed(block: str | Shown, folder: str | None) -> str:
    if isinstance(block, str):
        return block
    if folder is None:
        return ""
    shown = picture(block.picture.alt, f"{folder}/{block.picture.name}")
    return f"{block.title}\n\n{shown}" if block.title else shown


def _list(block: Rows, room: int) -> str:
    shown: list[str] = []
    used = 0
    for line in block.lines:
        used += len(line) + 1
        if used > room:
            break
        shown.append(line)
    body = "\n".join([*([block.head] if block.head and shown else []), *shown])
    more = block.total - len(shown)
    if more:
        said = (
            f"and {count(more)} more {block.noun}"
            if shown
            else f"{count(more)} {block.noun}, too long to be listed here"
        )
        body = f"{body}\n\n{said}".strip()
    return details(block.title, body) if block.title and body else body


def head_of(header: Sequence[str], numbers: Sequence[bool]) -> str:
    """Return the first two lines of a table; `numbers` says which columns stand on the right."""
    marks = ["--:" if number else ":--" for number in numbers]
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, marks))


def row(cells: Sequence[str]) -> str:
    """Return a line of a table, of cells that are Markdown already."""
    return f"| {' | '.join(cells)} |"
