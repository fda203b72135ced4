"""Write the versioned data set: image shards, tensor shards and a manifest."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from tqdm import tqdm

from dataprep import files
from dataprep.schema import class_names

FORMAT = 1  # raised when the same content and parameters would give other files
VERSION_DIGITS = 12


@dataclass(frozen=True)
class Content:
    """What goes into a data set.

    kept: KEPT. removed: REMOVED. normalized: (M, 3, S, S) float32, row i for the i-th kept row.
    augmented: (A, 3, S, S) float32 with `augmented_index` (image_id, copy) row by row.
    normalization: what `normalize.fit` returned. parameters: all that shaped the content, as JSON values.
    """

    kept: pl.DataFrame
    removed: pl.DataFrame
    normalized: np.ndarray
    augmented: np.ndarray
    augmented_index: pl.DataFrame
    normalization: dict[str, Any]
    parameters: dict[str, Any]


def version_of(content: Content) -> str:
    """Return 12 hexadecimal digits of the SHA-256 of content and parameters.

    Content is the rows of KEPT and REMOVED, which name each image's sha256, labels, split and
    reason; machines, paths, times, scores and the rounding of pixels have no part in it.
    """
    rows = [table.sort("image_id").drop("score", "decided_at").rows() for table in (content.kept, content.removed)]
    text = json.dumps([FORMAT, rows, content.parameters], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:VERSION_DIGITS]


def write_dataset(
    content: Content, read_original: Callable[[str], bytes], shard_rows: int, folder: Path
) -> dict[str, Any]:
    """Write the data set whole or not at all and return its manifest.

    - images/<split>-00000.parquet: Hugging Face image layout, original bytes: image struct{bytes, path},
      image_id, label, given_label, sha256, reason, decided_by.
    - tensors/<split>-00000.parquet: image_id, copy (0 the image itself, 1... augmented), label, pixels
      Array(Float32, (3, S, S)), normalized.
    - kept.parquet, removed.parquet: every image's fate and reason. normalization.json. manifest.json:
      version, classes in their order, rows per split, parameters, a SHA-256 and row count per Parquet file.
    Rows are sorted by image_id (then copy); the same content gives the same bytes.
    """
    with files.replacing_folder(folder) as part:
        (part / "images").mkdir()
        (part / "tensors").mkdir()
        table = content.kept.with_row_index("row")
        bar = tqdm(total=table.height, desc="write", unit="image")
        for (split,), rows in table.group_by("split", maintain_order=True):
            for number, shard in enumerate(rows.iter_slices(shard_rows)):
                _image_shard(shard, read_original).write_parquet(
                    part / "images" / f"{_file_name(str(split))}-{number:05d}.parquet",
                    compression="uncompressed",
                    metadata={"huggingface": _FEATURES},
                )
                bar.update(shard.height)
            for number, tensors in enumerate(_tensor_shards(rows, content, shard_rows)):
                tensors.write_parquet(
                    part / "tensors" / f"{_file_name(str(split))}-{number:05d}.parquet", compression="zstd"
                )
        bar.close()
        content.kept.write_parquet(part / "kept.parquet")
        content.removed.write_parquet(part / "removed.parquet")
        files.write_json(part / "normalization.json", content.normalization)
        manifest = _manifest(content, part)
        files.write_json(part / "manifest.json", manifest)
    return manifest


def _image_shard(rows: pl.DataFrame, read_original: Callable[[str], bytes]) -> pl.DataFrame:
    data = [read_original(name) for name in rows["image_id"]]
    return rows.select(
        pl.struct(pl.Series("bytes", data, dtype=pl.Binary), pl.col("image_id").alias("path")).alias("image"),
        "image_id",
        "label",
        "given_label",
        "sha256",
        "reason",
        "decided_by",
    )


def _tensor_shards(rows: pl.DataFrame, content: Content, shard_rows: int) -> Iterator[pl.DataFrame]:
    own = rows.select("image_id", "label", "row").with_columns(copy=pl.lit(0, pl.Int32))
    copies = content.augmented_index.with_row_index("row").join(
        rows.select("image_id", "label"), on="image_id", validate="m:1"
    )
    index = pl.concat([own, copies.select(own.columns)]).sort("image_id", "copy")
    for shard in index.iter_slices(shard_rows):
        original = (shard["copy"] == 0).to_numpy()
        source = shard["row"].to_numpy()
        pixels = np.empty((shard.height, *content.normalized.shape[1:]), np.float32)
        pixels[original] = content.normalized[source[original]]
        pixels[~original] = content.augmented[source[~original]]
        yield shard.select("image_id", "copy", "label").with_columns(
            pl.Series("pixels", pixels, dtype=pl.Array(pl.Float32, pixels.shape[1:]))
        )


def _manifest(content: Content, folder: Path) -> dict[str, Any]:
    shards = [
        {
            "file": path.relative_to(folder).as_posix(),
            "sha256": files.file_sha256(path),
            "rows": pl.scan_parquet(path).select(pl.len()).collect().item(),
        }
        for path in sorted(folder.rglob("*.parquet"))
    ]
    return {
        "version": version_of(content),
        "format": FORMAT,
        "images": content.kept.height,
        "augmented": content.augmented_index.height,
        "classes": class_names(content.kept),
        "splits": dict(content.kept["split"].value_counts().sort("split").rows()),
        "removed": content.removed.height,
        "parameters": content.parameters,
        "shards": shards,
    }


def _file_name(split: str) -> str:
    """Return the split's name if it is a safe file name, else a readable stand-in that stays unique."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in split)
    return safe if safe == split and split else f"{safe}-{hashlib.sha256(split.encode()).hexdigest()[:8]}"


_FEATURES = json.dumps(
    {
        "info": {
            "features": {
                "image": {"_type": "Image"},
                **{
                    name: {"dtype": "string", "_type": "Value"}
                    for name in ("image_id", "label", "given_label", "sha256", "reason", "decided_by")
                },
            }
        }
    }
)
