"""Write a version of the data set, whole or not at all."""

import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
from tqdm import tqdm

from dataprep import files
from dataprep.config import Write
from dataprep.datasets.card import card
from dataprep.datasets.content import FORMAT, Content, check_content, version_of
from dataprep.datasets.croissant import croissant
from dataprep.datasets.image_shards import write_images
from dataprep.datasets.manifest import (
    INDEX_FILE,
    MANIFEST,
    NORMALIZATION,
    REMOVED_FILE,
    TENSORS_FILE,
    THREADS,
    Digests,
    sealed,
)
from dataprep.datasets.tensor_shards import write_tensors
from dataprep.schema import INDEX, check, class_names


def write_dataset(content: Content, originals: Iterable[pl.DataFrame], params: Write, folder: Path) -> dict[str, Any]:
    """Write the data set whole or not at all and return its manifest.

    - images/<split>-00000.parquet and webdataset/<split>-00000.tar, as `params.formats` says: the original bytes.
    - tensors/<split>-00000.npy and tensors.parquet, unless `params.tensors` is none. normalization/: as it came.
    - index.parquet: INDEX. removed.parquet: REMOVED. croissant.json. README.md: the card.
    - manifest.json: version, classes in their order, rows per split, parameters, a SHA-256 per file.

    originals: ORIGINALS sorted by image_id. Rows are sorted by image_id (then copy); the same content and parameters
    give the same bytes. Raises DataprepError, and leaves what was there, where cleaning left nothing of a split or a
    class, an image is not the one that was taken in, or nothing can be written.
    """
    check_content(content, params)
    version = version_of(content.kept, content.removed, content.parameters)
    classes = class_names(content.kept)
    with files.replacing_folder(folder) as part, ThreadPoolExecutor(THREADS) as pool:
        digests = Digests(part, pool)
        rows = _write_tables(content, originals, classes, params, part, digests)
        _carry(content.normalization, part / NORMALIZATION)
        files.write_json(part / "croissant.json", croissant(params.card, version, digests.entries(rows)))
        files.write_text(part / "README.md", card(content, params, version, classes))
        manifest = sealed(_manifest(content, params, version, classes) | {"files": digests.entries(rows)})
        files.write_json(part / MANIFEST, manifest)
    return manifest


def _write_tables(
    content: Content,
    originals: Iterable[pl.DataFrame],
    classes: list[str],
    params: Write,
    part: Path,
    digests: Digests,
) -> dict[str, int]:
    """Write shards and tables and return the rows of each file."""
    described = content.images.select("image_id", "format", "width", "height")
    index = content.kept.sort("image_id").join(described, on="image_id", maintain_order="left", validate="1:1")
    written = []
    with tqdm(total=index.height, desc="write", unit="image") as bar:
        for shard in write_images(index, originals, classes, params, part):
            written.append(shard)
            digests.begin()
            bar.update(shard.height)
    tables = {INDEX_FILE: check(pl.concat(written), INDEX, "write"), REMOVED_FILE: content.removed}
    if params.tensors != "none":
        tables[TENSORS_FILE] = write_tensors(content, params, part)
    rows = {}
    for name, table in tables.items():
        table.write_parquet(part / name, compression="zstd", statistics=False)
        rows[name] = table.height
        if "file" in table.columns:
            rows |= dict(table["file"].value_counts().rows())
    return rows


def _carry(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, copy_function=shutil.copyfile)
    else:
        target.mkdir()
        shutil.copyfile(source, target / source.name)


def _manifest(content: Content, params: Write, version: str, classes: list[str]) -> dict[str, Any]:
    return {
        "version": version,
        "format": FORMAT,
        "source": content.source,
        "images": content.kept.height,
        "augmented": content.augmented_index.height if params.tensors != "none" else 0,
        "tensors": params.tensors,
        "classes": classes,
        "splits": dict(content.kept["split"].value_counts().sort("split").rows()),
        "removed": content.removed.height,
        "parameters": content.parameters,
    }
