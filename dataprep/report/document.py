"""A document in the making."""

import re
from collections.abc import Iterable

from dataprep.markdown import details, picture
from dataprep.report.grids import Picture

HEADING = re.compile(r"^(#{2,5}) ", re.MULTILINE)


class Document:
    """Markdown blocks in order, and the pictures that they link to."""

    def __init__(self, folder: str) -> None:
        self.blocks: list[str] = []
        self.pictures: list[Picture] = []
        self._folder = folder

    def add(self, *blocks: str) -> None:
        self.blocks += blocks

    def show(self, shown: Picture | None) -> None:
        """Link to a picture, if there is one."""
        if shown is not None:
            self.pictures.append(shown)
            self.add(picture(shown.alt, f"{self._folder}/{shown.name}"))

    def extend(self, blocks: Iterable[str | Picture]) -> None:
        """Add blocks and pictures in order."""
        for block in blocks:
            if isinstance(block, Picture):
                self.show(block)
            else:
                self.add(block)

    def fold(self, title: str, blocks: Iterable[str | Picture], deeper: bool = True) -> None:
        """Add blocks and pictures that show when `title`, plain words, is clicked; nothing without blocks.

        deeper: their headings are put one level down.
        """
        inner = Document(self._folder)
        inner.extend(blocks)
        self.pictures += inner.pictures
        body = "\n\n".join(inner.blocks)
        if body:
            self.add(details(title, HEADING.sub(r"\1# ", body) if deeper else body))
