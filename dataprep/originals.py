"""The source's encoded image files, byte for byte, in Parquet parts sorted by image_id."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from dataprep.errors import DataprepError
from dataprep.schema import ORIGINALS

PART_ROWS = 4096
PART_BYTES = 64 * 2**20


class PartWriter:
    """Collects ORIGINALS rows and writes a part whenever one is full."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ids: list[str] = []
        self._bytes: list[bytes] = []
        self._faults: list[str | None] = []
        self._size = 0
        self._parts = 0

    def add(self, image_id: str, data: bytes, fault: str | None = None) -> None:
        self._ids.append(image_id)
        self._bytes.append(data)
        self._faults.append(fault)
        self._size += len(data)
        if len(self._ids) == PART_ROWS or self._size >= PART_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is collected; called once more after the last row."""
        if not self._ids:
            return
        columns = {"image_id": self._ids, "bytes": self._bytes, "fault": self._faults}
        frame = pl.DataFrame(columns, schema=ORIGINALS.columns)
        frame.write_parquet(
            self._folder / f"part-{self._parts:05d}.parquet", compression="uncompressed", statistics=False
        )
        self._parts += 1
        self._ids, self._bytes, self._faults, self._size = [], [], [], 0


class Originals:
    """Reads the parts: whole batches in order, or single files (fast when asked for in order)."""

    def __init__(self, folder: Path) -> None:
        self._parts = sorted(folder.glob("part-*.parquet"))
        if not self._parts:
            raise DataprepError(
                "the images that ingest writes are not there", where=str(folder), remedy="run `dvc repro`"
            )
        self._part_of: dict[str, int] | None = None
        self._open_part = -1
        self._open: dict[str, bytes] = {}

    def batches(self, rows: int, wanted: set[str] | None = None) -> Iterator[pl.DataFrame]:
        """Yield ORIGINALS frames of at most `rows` rows, in order of image_id: all, or those of the wanted ids."""
        for part in self._parts:
            if wanted is None:
                yield from pl.read_parquet(part).iter_slices(rows)
                continue
            chosen = pl.read_parquet(part, columns=["image_id"])["image_id"].is_in(list(wanted))
            if chosen.any():
                yield from pl.read_parquet(part).filter(chosen).iter_slices(rows)

    def read(self, image_id: str) -> bytes:
        """Return one file's bytes. Raises KeyError for an unknown image_id."""
        if self._part_of is None:
            ids = [pl.read_parquet(part, columns=["image_id"])["image_id"] for part in self._parts]
            self._part_of = {name: number for number, part in enumerate(ids) for name in part}
        part = self._part_of[image_id]
        if part != self._open_part:
            frame = pl.read_parquet(self._parts[part])
            self._open = dict(zip(frame["image_id"], frame["bytes"], strict=True))
            self._open_part = part
        return self._open[image_id]
