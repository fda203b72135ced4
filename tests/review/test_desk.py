"""What the buttons do, in a real FiftyOne data set: decided on disk, marked in the App, refused with a reason."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from dataprep.decisions.table import read_decisions, settle
from dataprep.errors import DataprepError
from dataprep.review import desk
from dataprep.review.mongod import find_mongod
from tests.review import builders, serving
from tests.review.builders import BROKEN, IDS, MARKUP

DOG = "dog & <i>co</i>"
COURSE = """
import json, os, sys
from pathlib import Path
from dataprep.decisions import journal
from dataprep.decisions.table import read_decisions
from dataprep.decisions.remaining import in_words
from dataprep.errors import DataprepError
from dataprep.review import app, dataset, desk, mongod
room = Path(sys.argv[1])
names = json.loads(sys.argv[2])
broken, markup, dog = names["broken"], names["markup"], names["dog"]
app._confine(room / "state")
server, os.environ[mongod.URI_VARIABLE] = mongod.start_mongod(mongod.find_mongod(), room / "state" / "database")
try:
    import fiftyone as fo
    data = dataset.load(room / "session")
    ids = dict(zip(*data.values(["image_id", "id"])))
    order = data.load_saved_view("To review").values("image_id")
    view = data.match({"review_order": {"$ne": None}}).sort_by("review_order")
    here = desk.Desk(room / "reviews" / "decisions.csv", room / "session", "Ada")
    told = {"order": order, "words": [], "refused": []}
    def marks():
        return dict(zip(*data.values(["image_id", "decision.label"])))
    def refused(*arguments):
        try:
            desk.decide(here, data, *arguments)
        except DataprepError as error:
            told["refused"].append(error.what)
    told["words"].append(desk.decide(here, data, [ids[order[0]]], "keep"))
    told["words"].append(desk.decide(here, data, [ids[markup]], "relabel", desk.SUGGESTION))
    told["words"].append(desk.decide(here, data, [ids[order[2]], ids[order[3]]], "drop"))
    told["words"].append(desk.skip(here, data, [ids[order[4]]]))
    told["marks"] = marks()
    told["next"] = [desk.following(data, view, now) for now in (None, ids[order[4]], ids[order[5]], ids[order[6]])]
    told["progress"] = in_words(desk.progress(here, data))
    refused([ids[broken]], "keep")
    refused([ids[broken], ids[markup]], "relabel", desk.SUGGESTION)
    refused([ids[markup]], "relabel", "unicorn")
    told["undone"] = [desk.undo(here, data)[0] for _ in range(2)]
    told["marks after"] = marks()
    journal.record(here.decisions, [{"image_id": markup, "verdict": "drop", "reviewer": "Bob"}], "Bob")
    journal.record(here.decisions, [{"image_id": order[1], "verdict": "drop", "sha256": "other"}], "Bob")
    dataset.show_decisions(data, here, read_decisions(here.decisions))
    told["marks reopened"] = marks()
    told["disputed"] = data.load_saved_view("Disputed").values("image_id")
    told["ids"] = {name: str(number) for name, number in ids.items()}
    (room / "told.json").write_text(json.dumps(told))
finally:
    fo.core.odm.database._disconnect()
    mongod.stop_mongod(server)
    os._exit(0 if (room / "told.json").exists() else 1)
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    room = tmp_path_factory.mktemp("desk")
    builders.found().write(room / "session")
    names = json.dumps({"broken": BROKEN, "markup": MARKUP, "dog": DOG})
    command = [sys.executable, "-c", COURSE, str(room), names]
    done = subprocess.run(
        command, env=serving.environment(room / "home"), capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((room / "told.json").read_text())
    return found | {"table": read_decisions(room / "reviews" / "decisions.csv"), "output": done.stdout}


needs_mongod = pytest.mark.skipif(find_mongod() is None, reason="no mongod that runs")


@pytest.mark.slow
@needs_mongod
def test_decisions_are_marked_in_the_app_and_kept_in_the_file(told: dict[str, Any]) -> None:
    assert {name: mark for name, mark in told["marks"].items() if mark} == _expected(told["order"])
    own = told["table"].filter(reviewer="Ada")
    assert dict(own.select("image_id", "verdict").iter_rows()) == {told["order"][0]: "keep", MARKUP: "relabel"}
    sha = dict(builders.found().images.select("image_id", "sha256").iter_rows())
    assert own["sha256"].to_list() == [sha[name] for name in own["image_id"]]


def _expected(order: list[str]) -> dict[str, str]:
    """A relabeling to the given label shows as what it is, a keep; whatever is dropped afterwards as dropped."""
    return {order[0]: "keep", MARKUP: "keep", order[2]: "drop", order[3]: "drop", order[4]: "skipped"}


@pytest.mark.slow
@needs_mongod
def test_next_is_the_first_undecided_behind_the_current(told: dict[str, Any]) -> None:
    order, ids = told["order"], told["ids"]
    open_ones = [name for name in order if told["marks"][name] is None]
    behind = [[name for name in open_ones if order.index(name) > at] or open_ones for at in (-1, 4, 5, 6)]
    assert told["next"] == [ids[names[0]] for names in behind]


@pytest.mark.slow
@needs_mongod
def test_what_cannot_be_is_refused_whole(told: dict[str, Any]) -> None:
    assert told["refused"] == ["unreadable, so it cannot be kept", "no label is suggested", "'unicorn' is no class"]


@pytest.mark.slow
@needs_mongod
def test_undo_and_reopening(told: dict[str, Any]) -> None:
    order = told["order"]
    assert told["undone"] == [f"{order[4]}: undone", f"{min(order[2:4])} and 1 more: undone"]
    after = {name: mark for name, mark in told["marks after"].items() if mark}
    assert after == {order[0]: "keep", MARKUP: "keep"}
    reopened = {name: mark for name, mark in told["marks reopened"].items() if mark}
    assert reopened == after | {MARKUP: "disputed"}
    assert told["disputed"] == [MARKUP]
    assert f"not applied: {order[1]}: the image has changed since" in told["output"]


@pytest.mark.slow
@needs_mongod
def test_the_running_estimate_is_told(told: dict[str, Any]) -> None:
    decided = [mark for mark in _expected(told["order"]).values() if mark != "skipped"]
    assert told["progress"].startswith(f"{len(decided)} of 7 decided, ") and "still wrong" in told["progress"]


def test_progress_takes_images_without_a_turn_for_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = builders.found().write(tmp_path / "session")
    rows = "".join(f"{name},drop\n" for name in (BROKEN, "gone.png"))
    (tmp_path / "d.csv").write_text("image_id,verdict\n" + rows)
    info = json.loads((session / "metadata.json").read_text())["info"]
    dataset = SimpleNamespace(default_classes=["cat", DOG], info=info)
    seen: list[list[str]] = []

    def watched(images: pl.DataFrame, unreadable: list[str], decisions: pl.DataFrame, *rest: Any, **more: Any) -> Any:
        seen.append([*settle(images, unreadable, decisions, *rest, **more).unused, *decisions["image_id"]])
        return settle(images, unreadable, decisions, *rest, **more)

    monkeypatch.setattr(desk, "settle", watched)
    found = desk.progress(desk.Desk(tmp_path / "d.csv", session, "Ada"), dataset)
    assert (found.images, found.decided) == (7, 0)
    assert seen == [[]]


def test_an_app_that_was_opened_otherwise_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in desk.VARIABLES.values():
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DataprepError, match="this App does not know where decisions go"):
        desk.from_environment()


def test_the_plugin_names_all_its_operators() -> None:
    import yaml

    folder = Path(desk.__file__).parent / "plugins" / "dataprep"
    listed = yaml.safe_load((folder / "fiftyone.yml").read_text())["operators"]
    keys = (folder / "keys.js").read_text()
    acts = [name for name in listed if not name.endswith("_open")]
    assert all(f'"{name}"' in keys or name in {"relabel"} for name in acts)
    assert len(IDS) == 8
