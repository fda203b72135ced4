"""A session in FiftyOne's database: loaded once, indexed, with its map and what people have decided so far."""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from dataprep import files, tables
from dataprep.decisions import journal
from dataprep.decisions.table import settle
from dataprep.markdown import visible
from dataprep.review import marks
from dataprep.review.desk import Desk
from dataprep.review.session import MAP_NAME
from dataprep.review.views import DECISION, ORDER
from dataprep.schema import MAP as MAP_TABLE

MAP = "Map"
BRAIN_KEY = "map"
IMAGE_FIELDS = ("image_id", "sha256", "label")


def load(folder: Path) -> Any:
    """Return the session as a persistent FiftyOne data set whose name carries a hash of its content.

    FiftyOne's database must be in reach: see open_app.
    """
    import fiftyone as fo

    base, name = _dataset_name(folder)
    home = f"session {files.sha256(str(folder).encode())[:12]}"
    for old in fo.list_datasets(tags=home):
        if old != name:
            fo.delete_dataset(old)
    if fo.dataset_exists(name):
        dataset = fo.load_dataset(name)
        if _is_whole(dataset):
            return dataset
        fo.delete_dataset(name)
    # Not persistent, and under another name, until it is whole.
    part = f"{base}-part-{os.getpid()}"
    dataset = fo.Dataset.from_dir(
        dataset_dir=str(folder), dataset_type=fo.types.FiftyOneDataset, name=part, overwrite=True
    )
    _index(dataset)
    _add_map(dataset, folder / MAP_NAME)
    dataset.name = name
    dataset.tags = [home]
    dataset.persistent = True
    return dataset


def show_decisions(dataset: Any, desk: Desk, decisions: pl.DataFrame) -> None:
    """Mark the samples with what DECISIONS say, and print what cannot be applied."""
    names, hashes, labels = dataset.values(["image_id", "sha256", "ground_truth.label"])
    images = pl.DataFrame(
        {"image_id": names, "sha256": hashes, "label": labels}, schema=dict.fromkeys(IMAGE_FIELDS, pl.String)
    )
    unreadable = dataset.exists("metadata", False).values("image_id")
    settled = settle(images, unreadable, decisions, dataset.default_classes)
    for line in settled.unused:
        print(f"not applied: {visible(line)}")
    marks.show_all(dataset, marks.marks(settled, journal.skipped(desk.decisions, desk.reviewer)))


def _add_map(dataset: Any, path: Path) -> None:
    """Add the plot of MAP, colored by the gravest issue, and a workspace that shows it beside the images."""
    import fiftyone as fo
    import fiftyone.brain as fob

    places = tables.read(path, MAP_TABLE)
    if not places.height:
        return
    of = dict(zip(*dataset.values(["image_id", "id"]), strict=True))
    points = {of[name]: np.array(place) for name, *place in places.iter_rows()}
    fob.compute_visualization(dataset, points=points, brain_key=BRAIN_KEY)
    plot = fo.Panel(type="Embeddings", state={"colorField": "issue"})
    panels = (fo.Panel(type="Samples", pinned=True), plot)
    sides = [fo.Space(children=[panel], active_child=panel.component_id) for panel in panels]
    both = fo.Space(children=sides, orientation="horizontal")
    dataset.save_workspace(MAP, both, description="where each image stands by what the networks say, by issue")


def _is_whole(dataset: Any) -> bool:
    """Return whether the database has all samples; mend its count of them, on which the App relies, after a kill."""
    collection = dataset._sample_collection
    count = collection.count_documents({})
    if collection.estimated_document_count() != count:
        collection.database.command("validate", collection.name)
    return bool(count == dataset.info.get("samples"))


def _dataset_name(folder: Path) -> tuple[str, str]:
    digest = hashlib.sha256(str(folder).encode())  # the database holds absolute paths
    for part in ("metadata.json", "samples.json"):
        digest.update(files.file_sha256(folder / part).encode())
    given = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))["name"]
    base = re.sub(r"[^a-z0-9]+", "-", given.lower()).strip("-") or "images"
    return base, f"{base}-{digest.hexdigest()[:12]}"


def _index(dataset: Any) -> None:
    fields = dataset.get_field_schema()
    single = ["tags", "image_id", "split", "issue", "ground_truth.label", "predictions.label", "suggested_label.label"]
    single += [f"{DECISION}.label", ORDER]
    for field in single:
        dataset.create_index(field)
    for field in (name for name in fields if name.endswith("_score")):
        group = field.removesuffix("_score") + "_group"
        order = [group, field, "image_id"] if group in fields else [field, "image_id"]
        dataset.create_index([(name, 1) for name in order])
