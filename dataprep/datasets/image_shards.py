"""The images' original bytes, cut into shards: Parquet in the Hugging Face image layout and WebDataset tar files."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from dataprep.config import Write
from dataprep.datasets.tar_shards import write_tar
from dataprep.errors import DataprepError, listing

MIB = 2**20
PREFIX = 4  # bytes of length before each value of a Parquet page of plain encoding
TEXTS = ("label_name", "given_label", "image_id", "sha256", "reason", "decided_by")


def write_images(
    index: pl.DataFrame, originals: Iterable[pl.DataFrame], classes: list[str], params: Write, folder: Path
) -> Iterator[pl.DataFrame]:
    """Write all shards of images and yield, shard by shard, the rows of `index` with where the bytes are.

    index: INDEX without file, offset and bytes, sorted by image_id. originals: ORIGINALS, sorted likewise.
    The bytes are copied, never encoded anew. Locations are in the Parquet shards where these are written, else in the
    tar files; as neither is compressed, one seek reads an image.
    Raises DataprepError for an image whose bytes are missing or are not those of its sha256.
    """
    for name in params.formats:
        (folder / FOLDERS[name]).mkdir()
    numbers: dict[str, int] = {}
    starts: dict[str, int] = {}
    for split, shard in cut(checked(index, originals), params.shard_rows, params.shard_mib * MIB):
        number, start = numbers.get(split, 0), starts.get(split, 0)
        located = []
        for name in params.formats:
            path = folder / FOLDERS[name] / f"{file_name(split)}-{number:05d}.{SUFFIXES[name]}"
            offsets = write_parquet(shard, classes, path) if name == PARQUET else write_tar(shard, classes, start, path)
            located.append((name != PARQUET, path.relative_to(folder).as_posix(), offsets))
        _, file, offsets = min(located, key=lambda place: place[:2])
        numbers[split], starts[split] = number + 1, start + shard.height
        yield shard.with_columns(
            pl.lit(file).alias("file"),
            pl.Series("offset", offsets, dtype=pl.Int64),
        ).drop("data")


def checked(index: pl.DataFrame, originals: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Yield rows of `index` with their bytes in the column `data`, compared with their sha256."""
    done = 0
    for batch in originals:
        low = index["image_id"].search_sorted(batch["image_id"][0], "left")
        high = index["image_id"].search_sorted(batch["image_id"][-1], "right")
        rows = _with_data(index[low:high], batch)
        if low != done or rows.height != high - low:
            known = set(rows["image_id"])
            raise _gone([name for name in index["image_id"][done:high] if name not in known])
        data = rows["data"].to_list()
        found = [hashlib.sha256(content).hexdigest() for content in data]
        expected = rows["sha256"].to_list()
        if found != expected:
            pairs = zip(rows["image_id"], found, expected, strict=True)
            changed = [name for name, one, other in pairs if one != other]
            raise DataprepError(
                f"{len(changed)} images are not as they were taken in: {listing(changed)}",
                where="the images that ingest wrote",
                remedy="take them in again: `dvc repro --force ingest`, then `dvc repro`",
            )
        done = high
        yield rows.with_columns(pl.Series("bytes", list(map(len, data)), dtype=pl.Int64))
    if done < index.height:
        raise _gone(index["image_id"][done:].to_list())


def _with_data(rows: pl.DataFrame, batch: pl.DataFrame) -> pl.DataFrame:
    if rows["image_id"].to_list() == batch["image_id"].to_list():  # mostly all are kept, and a join takes its time
        return rows.hstack([batch["bytes"].alias("data")])
    return rows.join(batch.select("image_id", data="bytes"), on="image_id", maintain_order="left", validate="1:1")


def _gone(names: list[str]) -> DataprepError:
    return DataprepError(
        f"{len(names)} kept images are not among those taken in: {listing(names)}",
        where="the images that ingest wrote",
        remedy="take them in again: `dvc repro --force ingest`, then `dvc repro`",
    )


def cut(batches: Iterable[pl.DataFrame], most_rows: int, most_bytes: int) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield (split, shard): at most so many rows and bytes each, but one row at least, wherever the batches end."""
    waiting: dict[str, pl.DataFrame] = {}
    for batch in batches:
        for rows in batch.partition_by("split", maintain_order=True):
            name = str(rows["split"][0])
            buffer = pl.concat([waiting[name], rows]) if name in waiting else rows
            while (size := _shard_size(buffer, most_rows, most_bytes)) is not None:
                yield name, buffer[:size]
                buffer = buffer[size:]
            waiting[name] = buffer
    for name in sorted(waiting):
        if waiting[name].height:
            yield name, waiting[name]


def _shard_size(buffer: pl.DataFrame, most_rows: int, most_bytes: int) -> int | None:
    """Return how many of the first rows fill a shard; None when a further row might still fit."""
    totals = np.cumsum(buffer["bytes"].to_numpy())
    size = min(most_rows, max(1, int(np.searchsorted(totals, most_bytes, "right"))))
    return size if size < buffer.height or size == most_rows == buffer.height else None


def write_parquet(shard: pl.DataFrame, classes: list[str], path: Path) -> NDArray[np.int64]:
    """Write one shard in the Hugging Face image layout and return where each image's bytes begin in it.

    Columns: image struct{bytes, path}, label (Int64, place among `classes`: a ClassLabel), label_name, given_label,
    image_id, sha256, reason, decided_by. Not compressed: images are already, and so they can be read in place.
    """
    numbers = {name: number for number, name in enumerate(classes)}
    labels = pa.array([numbers[label] for label in shard["label"].to_list()], pa.int64())
    texts = [shard["label" if name == "label_name" else name] for name in TEXTS]
    contents = [_arrow(shard["data"], pa.binary()), _arrow(shard["image_id"], pa.string())]
    image = pa.StructArray.from_arrays(contents, names=["bytes", "path"])
    columns = [image, labels, *(_arrow(text, pa.string()) for text in texts)]
    fields = [pa.field(name, column.type) for name, column in zip(("image", "label", *TEXTS), columns, strict=True)]
    schema = pa.schema(fields, metadata={"huggingface": features(classes)})
    table = pa.Table.from_arrays(columns, schema=schema)
    pq.write_table(table, path, compression="none", use_dictionary=False, write_statistics=False)
    return places(path, shard["data"])


def _arrow(series: pl.Series, dtype: pa.DataType) -> pa.Array:
    # polars has large strings only, with which `datasets` does not know its own features again
    return series.to_arrow().cast(dtype)


def places(path: Path, contents: pl.Series) -> NDArray[np.int64]:
    """Return where each of the contents begins in the file, which holds them in this order, most likely.

    Looked for rather than computed, so that it holds whatever the pages' encoding.
    """
    found = np.empty(contents.len(), np.int64)
    whole, end = path.read_bytes(), 0
    for number, content in enumerate(contents.to_list()):
        place = end + PREFIX
        if not whole.startswith(content, place):
            place = whole.find(content, end)
            place = whole.find(content) if place < 0 else place  # equal contents may stand there once only
        if place < 0:
            raise RuntimeError(f"{path} does not hold the bytes of row {number} in one piece")
        found[number], end = place, place + len(content)
    return found


def features(classes: list[str]) -> str:
    """Return what Hugging Face `datasets` reads from a Parquet file's metadata: each column's feature, as JSON."""
    texts = {name: {"dtype": "string", "_type": "Value"} for name in TEXTS}
    label = {"names": classes, "_type": "ClassLabel"}
    return json.dumps({"info": {"features": {"image": {"_type": "Image"}, "label": label, **texts}}})


def file_name(split: str) -> str:
    """Return the split's name if it is a safe file name, else a readable stand-in that stays unique."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in split)
    return safe if safe == split and split else f"{safe}-{hashlib.sha256(split.encode()).hexdigest()[:8]}"


PARQUET = "parquet"
FOLDERS = {PARQUET: "images", "webdataset": "webdataset"}
SUFFIXES = {PARQUET: "parquet", "webdataset": "tar"}
