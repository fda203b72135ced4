"""Markdown that text from data cannot break: escapes, tables, pictures."""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

JOINERS = "\u200c\u200d"  # invisible, but they shape words in Persian and Hindi and join emoji
LINK = re.compile(r"\[([^\]]*)\]\(#[^)]*\)")
SPECIAL = re.compile(r"""[\\`*{}\[\]<>#|~!&$^"'@]|:(?=\S)|(?<![^\W_])_|_(?![^\W_])|(?<=[wW]{3})\.""")


def visible(text: str) -> str:
    r"""Return the text on one line, with what no eye can see spelled out.

    Control, format and unassigned characters, odd spaces and lone surrogates become \n, \u202e and
    the like; a space at either end becomes an open box, because 'cat ' and 'cat' are two classes.

    >>> visible("cat\n ")
    'cat\\n␣'
    """
    shown = "".join(c if c.isprintable() or c in JOINERS else spelled(c) for c in text)
    bare = shown.strip(" ")
    left = len(shown) - len(shown.lstrip(" "))
    return "␣" * left + bare + "␣" * (len(shown) - left - len(bare))


def spelled(character: str) -> str:
    r"""Return the character as Python writes it in ASCII: \n, \u732b.

    >>> spelled("猫")
    '\\u732b'
    """
    return character.encode("unicode_escape").decode("ascii")


def shorten(text: str, most: int) -> str:
    """Return at most `most` characters: the start, an ellipsis and the end, which tell file names apart.

    >>> shorten("train/cat/portrait-0001.png", 15)
    'train/c…001.png'
    """
    if len(text) <= most:
        return text
    head = most // 2
    return f"{text[:head]}…{text[head + 1 - most :]}"


def escape(text: str, most: int = 100) -> str:
    """Return text from data as Markdown that shows it as it is, anywhere in a line or a table cell.

    Whatever Markdown, HTML or GitHub might read as markup becomes a character reference; invisible
    characters are spelled out by `visible`; a text longer than `most` loses its middle.

    >>> escape("a|b")
    'a&#124;b'
    """
    return SPECIAL.sub(lambda match: f"&#{ord(match[0])};", shorten(visible(text), most))


def code(text: str | None, most: int = 100) -> str:
    """Return escaped text as inline code, in which GitHub looks for no @names; an em dash for None."""
    return "—" if text is None else f"<code>{escape(text, most)}</code>"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already; columns of numbers are aligned right."""
    body = [list(row) for row in rows]
    plain = [[LINK.sub(r"\1", cell) for cell in row] for row in body]
    right = [all(re.fullmatch(r"[\d.,%—−+()\s-]+", row[i]) for row in plain) for i in range(len(header))]
    lines = [header, ["--:" if numeric else ":--" for numeric in right], *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def picture(alt: str, link: str) -> str:
    """Return a picture with escaped alternative text and percent-encoded relative link."""
    return f"![{escape(alt, 300)}]({quote(link)})"


def details(title: str, body: str) -> str:
    """Return a block that opens on a click; `title` is plain words, `body` Markdown."""
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def count(number: int) -> str:
    """Return 1,947 for 1947."""
    return f"{number:,}"


def share(part: float, whole: float = 1.0) -> str:
    """Return the percentage with one decimal, or an em dash for 0 of 0."""
    return f"{100 * part / whole:.1f}%" if whole else "—"


def exact_share(value: float) -> str:
    """Return the percentage with one decimal; what is not all is not rounded to all.

    >>> exact_share(0.9996), exact_share(1.0)
    ('99.96%', '100.0%')
    """
    return share(value) if value == 1 or value < 0.9995 else f"{min(100 * value, 99.99):.2f}%"
