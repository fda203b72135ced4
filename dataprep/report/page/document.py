"""The page's HTML: the report, the tools to look at images, data and scripts, under a strict policy."""

import base64
import hashlib
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from dataprep.markdown import count
from dataprep.report.grids import Picture
from dataprep.report.page.markup import contents, rendered

# In this order they are one script.
SCRIPTS = ("data", "state", "filter", "bins", "tiles", "histogram", "filters", "grid", "details", "main")
BLOCK = 256  # thumbnails in one element
PLACE = re.compile(r"__([A-Z]+)__")
DATA = "<!-- data -->"


@dataclass(frozen=True)
class Shell:
    """The page without its data."""

    before: str
    after: str

    def joined(self, packed: str, tiles: Sequence[bytes]) -> str:
        """Return the whole page. packed: what `Content.packed` returned; tiles: the thumbnails in the same order."""
        blocks = [b"".join(tiles[start : start + BLOCK]) for start in range(0, len(tiles), BLOCK)]
        texts = [("data", packed), *(("tiles", base64.b64encode(block).decode("ascii")) for block in blocks)]
        elements = (f'<script type="text/plain" class="{name}">{text}</script>\n' for name, text in texts)
        return "".join([self.before, *elements, self.after])


def spread(size: float) -> float:
    """Return the bytes that a thumbnail of `size` bytes takes in the page, with its share of the elements around."""
    return size * 4 / 3 + 50 / BLOCK


def shell(text: str, pictures: Sequence[Picture], version: str, images: int) -> Shell:
    """Return the page around its data.

    Its policy lets nothing in but this script and this style, both named by hash, and pictures that the page itself
    has; scripts cannot turn text into markup (trusted types).
    """
    style, script = asset("page.css"), "\n".join(asset(f"{name}.js") for name in SCRIPTS)
    body, headings = rendered(text, pictures)
    policy = (
        f"default-src 'none'; img-src data: blob:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    parts = {
        "POLICY": policy,
        "TITLE": f"Data-set report {html.escape(version)}",
        "VERSION": html.escape(version),
        "COUNT": count(images),
        "STYLE": style,
        "CONTENTS": contents(headings),
        "REPORT": body,
        "DATA": DATA,
        "SCRIPT": script,
    }
    whole = PLACE.sub(lambda match: parts[match[1]], asset("page.html"))
    before, _, after = whole.rpartition(DATA)
    return Shell(before, after)


def asset(name: str) -> str:
    """Return a file of the page's."""
    return resources.files("dataprep.report.page").joinpath("assets", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return the policy's name for an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"
