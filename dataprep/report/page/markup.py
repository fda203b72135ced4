"""The report's Markdown as HTML for the page: no markup but our own, pictures inside."""

import base64
import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from PIL import Image

from dataprep.report.grids import Picture
from dataprep.report.views import slug

# What our Markdown has as HTML; data in it is escaped already, and whatever else looks like HTML is shown as text.
INLINE = re.compile(r"</?(?:code|strong|em|kbd|sub|sup)>|<br>")
BLOCK = re.compile(
    r"(?:<details(?: open)?>|</details>|<summary>(?:[^<>]|</?(?:b|strong|em|code)>)*</summary>|\s)+", re.IGNORECASE
)
MEDIA = {".png": "image/png", ".jpg": "image/jpeg"}
LINK = re.compile(r"#|https?://", re.IGNORECASE)


@dataclass(frozen=True)
class Heading:
    """A heading of the report: 1 is the title. `text` is plain."""

    level: int
    anchor: str
    text: str


def rendered(markdown: str, pictures: Sequence[Picture]) -> tuple[str, list[Heading]]:
    """Return the report as HTML and its headings, in order.

    Of HTML in the Markdown only the tags of INLINE and BLOCK, without attributes, are let through; anything else
    becomes text. Images become data URIs of the picture of that name; one of another name keeps its alternative text
    alone. Links lead to places in the page, or by http(s) out of it; others become text. No element has a style
    attribute, which the page's policy would refuse.
    """
    parser = MarkdownIt("commonmark", {"html": True}, renderer_cls=_Renderer).enable("table")
    tokens = parser.parse(markdown)
    headings = _headings(tokens)
    environment = {"pictures": {picture.name: picture for picture in pictures}}
    return str(parser.renderer.render(tokens, parser.options, environment)), headings


def _headings(tokens: Sequence[Token]) -> list[Heading]:
    """Give each heading an id of its own, GitHub's where it is alone of its name."""
    found: list[Heading] = []
    used: set[str] = set()
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            text = "".join(child.content for child in inline.children or [] if child.type != "html_inline")
            base = anchor = slug(text)
            number = 0
            while anchor in used:
                number += 1
                anchor = f"{base}-{number}"
            used.add(anchor)
            opening.attrSet("id", anchor)
            found.append(Heading(int(opening.tag[1]), anchor, text))
    return found


class _Renderer(RendererHTML):  # the way in which markdown-it takes rules
    def html_inline(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        text = tokens[idx].content
        return text if INLINE.fullmatch(text) else html.escape(text)

    def html_block(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        text = tokens[idx].content
        return text if BLOCK.fullmatch(text) else f"<p>{html.escape(text)}</p>\n"

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        token = tokens[idx]
        alt = html.escape(self.renderInlineAsText(token.children or [], options, env))
        picture = env["pictures"].get(unquote(str(token.attrs["src"])).rpartition("/")[2])
        if picture is None:
            return f"<em>{alt}</em>"
        with Image.open(io.BytesIO(picture.data)) as opened:
            width, height = opened.size
        media = MEDIA[f".{picture.name.rpartition('.')[2]}"]
        data = base64.b64encode(picture.data).decode("ascii")
        source = f"data:{media};base64,{data}"
        return f'<img class="plot" src="{source}" alt="{alt}" width="{width}" height="{height}" decoding="async">'

    def link_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        address = str(tokens[idx].attrs["href"])
        if not LINK.match(address):
            return "<span>"
        images = ' class="to-images"' if address.startswith("#images") else ""
        outside = "" if address.startswith("#") else ' rel="noreferrer"'
        return f'<a href="{html.escape(address)}"{images}{outside}>'

    def link_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        depth = 0
        for token in reversed(tokens[: idx + 1]):
            depth += {"link_close": 1, "link_open": -1}.get(token.type, 0)
            if depth == 0:
                return "</a>" if LINK.match(str(token.attrs["href"])) else "</span>"
        return ""

    def table_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return '<div class="wide" tabindex="0" role="group" aria-label="table"><table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return "</table></div>\n"

    def th_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return _cell(tokens[idx], 'th scope="col"')

    def td_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return _cell(tokens[idx], "td")


def _cell(token: Token, tag: str) -> str:
    right = "right" in str(token.attrs.get("style", ""))
    return f'<{tag} class="number">' if right else f"<{tag}>"


def contents(headings: Sequence[Heading]) -> str:
    """Return the table of contents: the chapters, and what each has."""
    lines = []
    for heading in headings:
        if heading.level in (2, 3):
            text = html.escape(heading.text)
            lines.append(f'<li class="level{heading.level}"><a href="#{html.escape(heading.anchor)}">{text}</a></li>')
    return "\n".join(lines)
