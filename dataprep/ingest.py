"""Take a source in: IMAGES, the original bytes, and the list of what was skipped and why."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from tqdm import tqdm

from dataprep import files, pixels
from dataprep.errors import DataprepError, listing, nearest
from dataprep.originals import PartWriter
from dataprep.schema import ANNOTATOR_PREFIX, IMAGES, annotator_columns, check
from dataprep.sources import Catalog


@dataclass(frozen=True)
class Ingested:
    images: pl.DataFrame  # IMAGES
    skipped: pl.DataFrame  # SKIPPED


def ingest(catalog: Catalog, originals: Path, *, seed: int, sample: int | None, where: str) -> Ingested:
    """Read every image of the catalog once, write its bytes to `originals`, describe it in IMAGES.

    `sample` keeps that many images: those with the smallest SHA-256 of "seed:image_id", so that
    the choice of one image does not depend on the others. An image whose bytes the source cannot
    give is a row all the same, with the reason in ORIGINALS.
    Raises DataprepError for a repeated image_id, no labels, a single class, or an annotator's label that is
    none of the classes of the whole source; `where` names the source.
    """
    _check_entries(catalog.entries, where)
    _check_annotators(catalog.entries, where)
    chosen = _order(catalog.entries, seed, sample)
    _check_classes(chosen, where)
    rows: list[dict[str, Any]] = []
    faults = 0
    with files.replacing_folder(originals) as folder:
        writer = PartWriter(folder)
        for entry in tqdm(chosen.iter_rows(named=True), total=chosen.height, desc="ingest", unit="image"):
            data, fault = _read(catalog, entry.pop("row"))
            faults += fault is not None
            rows.append(entry | _describe(data))
            writer.add(entry["image_id"], data, fault)
        writer.flush()
        if faults == len(rows):
            raise DataprepError(
                f"none of the {faults} images can be read: {fault}",
                where=where,
                remedy="check the paths and permissions of the source",
            )
    schema = {name: IMAGES.columns.get(name, pl.String) for name in rows[0]}
    images = check(pl.DataFrame(rows, schema=schema), IMAGES, where)
    return Ingested(images, catalog.skipped)


def _read(catalog: Catalog, row: int) -> tuple[bytes, str | None]:
    try:
        return catalog.read(row), None
    except OSError as error:
        return b"", f"the source cannot give it: {error.strerror or error}"


def _describe(data: bytes) -> dict[str, Any]:
    found = pixels.header(data)
    return {
        "sha256": files.sha256(data),
        "bytes": len(data),
        "format": found.format if found else None,
        "width": found.width if found else None,
        "height": found.height if found else None,
        "channels": found.channels if found else None,
    }


def _order(entries: pl.DataFrame, seed: int, sample: int | None) -> pl.DataFrame:
    chosen = entries.with_row_index("row")
    if sample is not None and sample < entries.height:
        draw = [hashlib.sha256(f"{seed}:{name}".encode()).hexdigest() for name in entries["image_id"]]
        chosen = chosen.with_columns(pl.Series("draw", draw)).sort("draw").head(sample).drop("draw")
    return chosen.sort("image_id")


def _check_entries(entries: pl.DataFrame, where: str) -> None:
    if entries.is_empty():
        raise DataprepError("the source has no images", where=where, remedy="point source.path at some")
    repeated = entries.filter(pl.col("image_id").is_duplicated())["image_id"].unique().sort()
    if repeated.len():
        raise DataprepError(
            f"the same id stands for several images: {listing(repeated)}",
            where=where,
            remedy="give every image its own path or id",
        )


def _check_annotators(entries: pl.DataFrame, where: str) -> None:
    classes = entries["label"].drop_nulls().unique().sort()
    for column in annotator_columns(entries):
        unknown = entries.filter(~pl.col(column).is_in(classes.implode())).select("image_id", column).sort("image_id")
        if unknown.height:
            image, label = unknown.row(0)
            raise DataprepError(
                f"annotator {column.removeprefix(ANNOTATOR_PREFIX)} gave the label '{label}' to {image}, which is none "
                f"of the classes {listing(classes)}; {unknown.height} of that person's labels are none",
                where=where,
                remedy=f"{nearest(label, classes)}correct it or leave it empty; classes are what the label column has",
            )


def _check_classes(images: pl.DataFrame, where: str) -> None:
    names = images["label"].drop_nulls().unique().sort()
    if names.len() == 0:
        raise DataprepError("no image has a label", where=where, remedy="choose the label column: source.label")
    if names.len() == 1:
        raise DataprepError(
            f"there is a single class, '{names[0]}'; a classifier needs two",
            where=where,
            remedy="add images of another class, or point source.path at the folder above the class folders",
        )
