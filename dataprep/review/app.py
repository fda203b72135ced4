"""Open a review session in FiftyOne's App, on this machine alone."""

import atexit
import hashlib
import json
import os
import re
import site
import socket
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import polars as pl

from dataprep import files, tables
from dataprep.decisions import journal
from dataprep.decisions.table import read_decisions, settle
from dataprep.errors import DataprepError
from dataprep.review import marks
from dataprep.review.desk import Desk
from dataprep.review.documents import DECISION, ORDER
from dataprep.review.mongod import URI_VARIABLE, find_mongod, is_uri, start_mongod, stop_mongod
from dataprep.review.page import PAGE_NAME
from dataprep.review.session import MAP_NAME
from dataprep.schema import MAP as MAP_TABLE

MAP = "Map"
BRAIN_KEY = "map"
IMAGE_FIELDS = ("image_id", "sha256", "label")


def open_app(
    folder: Path,
    port: int = 5151,
    address: str = "127.0.0.1",
    wait: bool = True,
    *,
    state: Path,
    decisions: Path,
    reviewer: str,
) -> None:
    """Show the session in `folder` in the App at `address`:`port` and wait until Ctrl-C.

    What `reviewer` decides goes into the file `decisions`; decisions of earlier reviews are shown, after any that a
    kill kept from that file have been brought in from its journal. The database and everything else that FiftyOne
    writes goes under `state`. A session that was opened before and has not changed is not loaded again; what an earlier
    one became in the database is deleted. With wait=False the App lives as long as this process.
    Without a mongod it tells where the static page is, and returns.
    Raises DataprepError when the session is missing or the port is in use.
    """
    if not (folder / "metadata.json").is_file():
        raise DataprepError("there is no review session", where=str(folder), remedy="run `dvc repro` to make it")
    found = find_mongod()
    if found is None:
        _tell_of_page(folder)
        return
    _check_port(address, port)
    for line in journal.recover(decisions):
        print(line)
    desk = Desk(decisions.resolve(), folder.resolve(), reviewer)
    so_far = read_decisions(decisions)  # what is wrong with them is told before anything starts
    _confine(state.resolve())
    desk.to_environment()
    if is_uri(found):
        os.environ[URI_VARIABLE] = found
    else:
        server, os.environ[URI_VARIABLE] = start_mongod(found, state.resolve() / "database")
        # Registered before FiftyOne is imported, so that it runs after FiftyOne's own farewell.
        atexit.register(stop_mongod, server)
    import fiftyone as fo

    dataset = load(folder.resolve())
    _show_decisions(dataset, desk, so_far)
    app = fo.launch_app(dataset, port=port, address=address, remote=True)
    _wait_for_session(app)
    _tell_of_views(dataset, f"http://{address}:{port}/datasets/{quote(dataset.slug)}")
    if wait:
        _wait()
        app.close()


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


def _show_decisions(dataset: Any, desk: Desk, decisions: pl.DataFrame) -> None:
    names, hashes, labels = dataset.values(["image_id", "sha256", "ground_truth.label"])
    images = pl.DataFrame(
        {"image_id": names, "sha256": hashes, "label": labels}, schema=dict.fromkeys(IMAGE_FIELDS, pl.String)
    )
    unreadable = dataset.exists("metadata", False).values("image_id")
    settled = settle(images, unreadable, decisions, dataset.default_classes)
    for line in settled.unused:
        print(f"not applied: {line}")
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
    plot = fo.Panel(type="Embeddings", state={"brainResult": BRAIN_KEY, "colorByField": "issue"})
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


def _confine(state: Path) -> None:
    """Keep every file of FiftyOne and its helpers under `state`, and FiftyOne from calling home."""
    os.environ.setdefault("PYTHONUSERBASE", site.getuserbase())  # else a new HOME hides the user's packages
    home = state / "home"
    places = {
        "HOME": home,  # ~/.fiftyone holds a user id and a welcome mark that no setting moves
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_CONFIG_HOME": home / ".config",
        "MPLCONFIGDIR": home / "matplotlib",
        "FIFTYONE_DATABASE_DIR": state / "database",
        "FIFTYONE_DEFAULT_DATASET_DIR": state / "datasets",
        "FIFTYONE_DATASET_ZOO_DIR": state / "datasets",
        "FIFTYONE_MODEL_ZOO_DIR": state / "models",
    }
    for path in places.values():
        path.mkdir(parents=True, exist_ok=True)
    os.environ.update({name: str(path) for name, path in places.items()})
    os.environ["FIFTYONE_PLUGINS_DIR"] = str(Path(__file__).parent / "plugins")
    os.environ["FIFTYONE_DO_NOT_TRACK"] = "true"
    os.environ.setdefault("FIFTYONE_DATABASE_VALIDATION", "false")
    os.environ.setdefault("FIFTYONE_LOGGING_LEVEL", "WARNING")


def _check_port(address: str, port: int) -> None:
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        raise DataprepError(
            f"the App cannot listen there: {error.strerror or error}",
            where=f"{address}:{port}",
            remedy="close what uses the port, or choose another with --port",
        ) from error


def _tell_of_page(folder: Path) -> None:
    print(
        "No working mongod, so FiftyOne's App cannot run. Review in any browser instead:\n"
        f"  {(folder / PAGE_NAME).resolve().as_uri()}\n"
        "Bring in what it downloads with `dataprep decisions import FILE`, then run `dvc repro`."
    )


def _tell_of_views(dataset: Any, address: str) -> None:
    from fiftyone.core.utils import to_slug

    print(f"\nFiftyOne shows the review at\n  {address}")
    print(f"  {MAP}: {address}?workspace={to_slug(MAP)}")
    for name in dataset.list_saved_views():
        print(f"  {name}: {address}?view={to_slug(name)}")
    print("Press Ctrl-C to end it.", flush=True)


def _wait_for_session(app: Any) -> None:
    """Wait until the session has told the server its state, at most a minute.

    FiftyOne tries at once and then every 10 seconds; a page that was opened before loses its view to that state.
    """
    # FiftyOne has no public word for this; without the attribute nothing is waited for.
    client = getattr(app, "_client", None)
    deadline = time.monotonic() + 60
    while not getattr(client, "_connected", True) and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(1)


def _wait() -> None:
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        print("The review is closed.")
