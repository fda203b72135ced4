"""Write a review session: a portable FiftyOne data set with a static review page in it."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from dataprep import config, files, tables
from dataprep.decisions.turns import ranks, turns
from dataprep.review import documents, media, page
from dataprep.review.map import positions
from dataprep.review.samples import flagged_kinds, sample_table
from dataprep.schema import MAP, TURNS, class_names

SLICE_ROWS = 5000
TURNS_NAME = "turns.parquet"
MAP_NAME = "map.parquet"


def write_session(
    images: pl.DataFrame,
    measurements: pl.DataFrame,
    predictions: pl.DataFrame,
    issues: pl.DataFrame,
    read_original: Callable[[str], bytes],
    params: config.Session,
    folder: Path,
    name: str,
    workers: int = 1,
) -> None:
    """Write the session of the data set `name` into `folder`, whole or not at all.

    issues: ISSUES of all detectors, one below the other. predictions may lack images.
    The folder holds metadata.json, samples.json and data/ (see `documents` and `media`), the page index.html (see
    `page`), TURNS, by which the running estimate goes, and MAP. Equal tables and files give equal bytes.
    workers: processes that convert pictures side by side.
    Raises DataprepError when the folder cannot be written.
    """
    names = class_names(images)
    kinds = flagged_kinds(issues)
    order = turns(images, measurements, issues)
    samples = sample_table(images, measurements, predictions, issues, names)
    samples = samples.join(ranks(order), on="image_id", how="left", validate="1:1", maintain_order="left")
    plan = media.plan(samples, params.max_side)
    info = {"classes": names, "max_side": params.max_side, "enough": params.enough, "samples": samples.height}
    with files.replacing_folder(folder) as part:
        document = documents.metadata_document(name, names, samples.columns, kinds, info)
        files.write_json(part / "metadata.json", document)
        _write_samples(part / "samples.json", documents.sample_documents(samples, plan, kinds))
        tables.write(order, part / TURNS_NAME, TURNS)
        tables.write(positions(predictions), part / MAP_NAME, MAP)
        page.write_page(samples, plan, issues, kinds, names, part / "index.html", name)
        media.write_media(plan, read_original, params.max_side, part / media.FOLDER, workers)


def _write_samples(path: Path, texts: pl.Series) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write('{"samples": [')
        for start in range(0, texts.len(), SLICE_ROWS):
            stream.write(",\n" if start else "\n")
            stream.write(",\n".join(texts.slice(start, SLICE_ROWS)))
        stream.write("\n]}\n")
