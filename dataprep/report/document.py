"""A document in the making."""

from collections.abc import Iterable

from dataprep.markdown import picture
from dataprep.report.grids import Picture


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
