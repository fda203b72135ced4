"""Open a version of the data set: its tables, the bytes of its images, and what torch trains on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from dataprep import files, tables
from dataprep.datasets.manifest import (
    INDEX_FILE,
    MEND,
    NORMALIZATION,
    REMOVED_FILE,
    TENSORS_FILE,
    check_files,
    check_opened,
    read_manifest,
)
from dataprep.errors import DataprepError, listing, nearest
from dataprep.schema import INDEX, REMOVED, TENSORS

if TYPE_CHECKING:
    from dataprep.datasets.torch_data import Images, Tensors


@dataclass(frozen=True)
class DataSet:
    """One version. folder: where it lies. manifest: what `write_dataset` returned. index: INDEX, a row per image."""

    folder: Path
    manifest: dict[str, Any]
    index: pl.DataFrame

    @property
    def version(self) -> str:
        return str(self.manifest["version"])

    @property
    def classes(self) -> list[str]:
        """The classes in the order by which labels are numbered."""
        return list(self.manifest["classes"])

    @property
    def splits(self) -> dict[str, int]:
        """Images per split."""
        return dict(self.manifest["splits"])

    @cached_property
    def removed(self) -> pl.DataFrame:
        """REMOVED: the images of the source that are not in this version, and why."""
        return tables.read(self.folder / REMOVED_FILE, REMOVED)

    @cached_property
    def tensor_index(self) -> pl.DataFrame:
        """TENSORS. Raises DataprepError when this version was written without tensors."""
        if self.manifest["tensors"] == "none":
            raise DataprepError(
                f"version {self.version} has no tensors",
                where=str(self.folder),
                remedy="set write.tensors in params.yaml and run `dvc repro`, or use images()",
            )
        return tables.read(self.folder / TENSORS_FILE, TENSORS)

    def rows(self, split: str) -> pl.DataFrame:
        """Return INDEX of one split. Raises DataprepError for a split that is not there."""
        self.check_split(split)
        return self.index.filter(pl.col("split") == split)

    def check_split(self, split: str) -> None:
        """Raise DataprepError, with what there is, for a split that is not there."""
        if split not in self.splits:
            raise DataprepError(
                f"there is no split '{split}' in version {self.version}",
                where=str(self.folder),
                remedy=f"{nearest(split, self.splits)}the splits are {listing(self.splits)}",
            )

    def read(self, image_id: str) -> bytes:
        """Return the file of one image, as it was in the source, by one seek.

        Raises DataprepError for an unknown image, and when the bytes are not those that were written.
        """
        found = self.index.row(by_predicate=pl.col("image_id") == image_id, named=True) if self._has(image_id) else None
        if found is None:
            raise DataprepError(
                f"there is no image '{image_id}' in version {self.version}",
                where=str(self.folder),
                remedy=f"{nearest(image_id, self.index['image_id'])}index.parquet lists all of them",
            )
        with (self.folder / found["file"]).open("rb") as stream:
            stream.seek(found["offset"])
            data = stream.read(found["bytes"])
        if files.sha256(data) != found["sha256"]:
            raise damaged(self.folder / found["file"], image_id)
        return data

    def _has(self, image_id: str) -> bool:
        return bool((self.index["image_id"] == image_id).any())

    def verify(self) -> None:
        """Compare every file with its checksum. Raises DataprepError that names the first that differs."""
        check_files(self.folder, self.manifest)

    def images(self, split: str, transform: Callable[[Any], Any] | None = None) -> Images:
        """Return the split's images as a torch Dataset of (pixels, label); see `torch_data.Images`."""
        from dataprep.datasets.torch_data import Images  # torch takes seconds to import, and not all need it

        return Images(self, split, transform)

    def tensors(self, split: str, *, copies: bool = True, check: bool = True) -> Tensors:
        """Return the split's tensors as a torch Dataset of (pixels, label); see `torch_data.Tensors`."""
        from dataprep.datasets.torch_data import Tensors

        return Tensors(self, split, copies=copies, check=check)

    def program(self) -> Callable[[Any], Any]:
        """Return the exported program: (n, 3, S, S) uint8 tensors -> normalized float32.

        Raises DataprepError when this version carries none.
        """
        import torch

        found = sorted((self.folder / NORMALIZATION).glob("*.pt2"))
        if not found:
            raise DataprepError(
                f"version {self.version} carries no exported program",
                where=str(self.folder / NORMALIZATION),
                remedy="write it anew with `dvc repro`",
            )
        return torch.export.load(found[0]).module()


def open_dataset(folder: Path | str) -> DataSet:
    """Return the version that lies in `folder`.

    The manifest, the tables and the size of every file are checked at once; each image's bytes when they are read,
    tensors when they are opened, and all files by `verify()`. Raises DataprepError that names the file which is
    missing, truncated, damaged or of another version.
    """
    place = Path(folder)
    manifest = read_manifest(place)
    check_opened(place, manifest)
    return DataSet(place, manifest, tables.read(place / INDEX_FILE, INDEX))


def damaged(path: Path, image_id: str) -> DataprepError:
    """Return the error for an image whose bytes are not those that were written."""
    return DataprepError(f"the bytes of {image_id} are not those that were written", where=str(path), remedy=MEND)
