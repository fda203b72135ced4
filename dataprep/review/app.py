"""Open a review session in FiftyOne's App, on this machine alone."""

import atexit
import os
import site
import socket
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl

from dataprep.decisions import journal
from dataprep.decisions.table import read_decisions
from dataprep.errors import DataprepError
from dataprep.review.dataset import MAP, load, show_decisions
from dataprep.review.desk import Desk
from dataprep.review.mongod import URI_VARIABLE, find_mongod, is_uri, start_mongod, stop_mongod
from dataprep.review.page import PAGE_NAME


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
    desk, so_far = _ready(folder, decisions, reviewer)
    _start_database(found, state.resolve())
    import fiftyone as fo

    dataset = load(folder.resolve())
    show_decisions(dataset, desk, so_far)
    app = fo.launch_app(dataset, port=port, address=address, remote=True)
    _wait_for_session(app)
    _tell_of_views(dataset, f"http://{address}:{port}/datasets/{quote(dataset.slug)}")
    if wait:
        _wait()
        app.close()


def _ready(folder: Path, decisions: Path, reviewer: str) -> tuple[Desk, pl.DataFrame]:
    """Return the desk, of which the App's server is told, and the decisions so far, after what a kill left over."""
    for line in journal.recover(decisions):
        print(line)
    so_far = read_decisions(decisions)  # what is wrong with them is told before anything starts
    desk = Desk(decisions.resolve(), folder.resolve(), reviewer)
    desk.to_environment()
    return desk, so_far


def _start_database(found: str, state: Path) -> None:
    _confine(state)
    if is_uri(found):
        os.environ[URI_VARIABLE] = found
        return
    server, os.environ[URI_VARIABLE] = start_mongod(found, state / "database")
    # Registered before FiftyOne is imported, so that it runs after FiftyOne's own farewell.
    atexit.register(stop_mongod, server)


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
    except (OSError, OverflowError) as error:  # a port that is no 16-bit number overflows
        raise DataprepError(
            f"the App cannot listen there: {getattr(error, 'strerror', None) or error}",
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
