"""Opening a session: what is told without a database, and what FiftyOne makes of a session."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from dataprep.errors import DataprepError
from dataprep.review import app, dataset
from dataprep.review.mongod import find_mongod
from tests.review import builders, serving
from tests.review.builders import BROKEN, IDS, MARKUP
from tests.review.test_session import VIEWS

needs_mongod = pytest.mark.skipif(find_mongod() is None, reason="no mongod that runs")

LOAD = """
import json, os, sys
from pathlib import Path
from dataprep.review import app, dataset, mongod
state = Path(sys.argv[1])
app._confine(state)
server, os.environ[mongod.URI_VARIABLE] = mongod.start_mongod(mongod.find_mongod(), state / "database")
try:
    import fiftyone as fo
    told = []
    for folder in sys.argv[2:]:
        data = dataset.load(Path(folder))
        told.append({
            "name": data.name,
            "all": fo.list_datasets(),
            "tags": data.values("tags"),
            "persistent": data.persistent,
            "views": {v: data.load_saved_view(v).values("image_id") for v in data.list_saved_views()},
            "samples": {sample["image_id"]: sample.to_dict() for sample in data},
            "indexes": list(data.get_index_information()),
            "types": {name: type(field).__name__ for name, field in data.get_field_schema().items()},
            "exist": all(os.path.isfile(path) for path in data.values("filepath")),
            "created": str(data.first().created_at),
        })
    Path(state / "told.json").write_text(json.dumps(told, default=str))
finally:
    fo.core.odm.database._disconnect()
    mongod.stop_mongod(server)
    os._exit(0 if (state / "told.json").exists() else 1)
"""


def _open(room: Path, **how: Any) -> None:
    usual = {"folder": room / "session", "state": room / "state", "decisions": room / "d.csv", "reviewer": "Ada"}
    app.open_app(**(usual | how))


def test_missing_session(tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match="no review session") as raised:
        _open(tmp_path)
    assert "dvc repro" in raised.value.remedy


def test_without_mongod_the_page_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "find_mongod", lambda: None)
    folder = builders.found().write(tmp_path / "a session")
    _open(tmp_path, folder=folder)
    assert f"file://{tmp_path}/a%20session/index.html" in capsys.readouterr().out
    assert not (tmp_path / "state").exists()


def test_port_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "find_mongod", lambda: "mongodb://127.0.0.1:1")
    folder = builders.found().write(tmp_path / "session")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(DataprepError, match="cannot listen") as raised:
            _open(tmp_path, folder=folder, port=port)
    assert raised.value.where == f"127.0.0.1:{port}"


def test_no_such_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "find_mongod", lambda: "mongodb://127.0.0.1:1")
    folder = builders.found().write(tmp_path / "session")
    for port in (65536, -1):
        with pytest.raises(DataprepError, match=r"cannot listen there: .*0-65535") as raised:
            _open(tmp_path, folder=folder, port=port)
        assert "choose another with --port" in raised.value.remedy


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What FiftyOne says of a session, of the same again, and of that folder with a changed session."""
    room = tmp_path_factory.mktemp("import")
    first, state, home = room / "session", room / "state", room / "home"
    builders.found().write(first, "My pets!")
    _load(state, home, first, first)
    loaded: list[dict[str, Any]] = json.loads((state / "told.json").read_text())
    found = builders.found()
    changed = replace(found, issues=found.issues.with_columns(pl.col("score") / 2))
    changed.write(first, "My pets!")
    _load(state, home, first)
    assert list(home.iterdir()) == []
    return [*loaded, *json.loads((state / "told.json").read_text())]


def _load(state: Path, home: Path, *folders: Path) -> None:
    (state / "told.json").unlink(missing_ok=True)
    command = [sys.executable, "-c", LOAD, str(state), *map(str, folders)]
    done = subprocess.run(
        command, env=serving.environment(home), capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@needs_mongod
def test_fiftyone_reads_the_fields(told: list[dict[str, Any]]) -> None:
    samples, types = told[0]["samples"], told[0]["types"]
    assert list(samples) == IDS
    assert told[0]["exist"]
    assert samples[MARKUP]["ground_truth"]["label"] == "cat"
    assert samples[MARKUP]["predictions"]["confidence"] == 0.75
    assert samples[BROKEN]["predictions"] is None
    assert (types["label_error_score"], types["near_duplicate_group"]) == ("FloatField", "IntField")
    assert (types["ground_truth"], types["split"]) == ("EmbeddedDocumentField", "StringField")


@pytest.mark.slow
@needs_mongod
def test_fiftyone_reads_tags_and_views(told: list[dict[str, Any]]) -> None:
    assert set(told[0]["tags"][IDS.index(BROKEN)]) == {"train", "unreadable"}
    views = told[0]["views"]
    assert views["Unreadable"] == [BROKEN]
    assert views["Label error"] == [IDS[2], MARKUP, IDS[1], IDS[4]]
    assert views["Near duplicate"] == [IDS[6], IDS[1], IDS[0], IDS[7]]
    assert views["All issues"] == [IDS[0], BROKEN, IDS[7], IDS[2], IDS[6], MARKUP, IDS[1], IDS[4]]
    assert views["To review"] == sorted(set(IDS) - {BROKEN}, key=lambda i: told[0]["samples"][i]["review_order"])
    assert [len(views["Near duplicate, by group"]), views["Disputed"], views["Decided"]] == [2, [], []]
    assert {"tags", "image_id", "issue", "decision.label", "review_order"} <= set(told[0]["indexes"])
    assert any(name.startswith("near_duplicate_group_1_near") for name in told[0]["indexes"])


@pytest.mark.slow
@needs_mongod
def test_unchanged_session_is_reused_and_changed_one_replaces_it(told: list[dict[str, Any]]) -> None:
    first, again, changed = told
    assert first["name"].startswith("my-pets-") and first["persistent"]
    assert (again["name"], again["created"]) == (first["name"], first["created"])
    assert changed["name"] != first["name"]
    assert changed["all"] == [changed["name"]]


@pytest.mark.slow
@needs_mongod
def test_app_writes_under_its_state_only_and_listens_on_loopback_only(tmp_path: Path) -> None:
    folder = builders.found().write(tmp_path / "session")
    home, state = tmp_path / "home", tmp_path / "state"
    with serving.app(folder, state, home) as served:
        assert list(served.addresses()) == VIEWS
        processes = [served.process, *served.process.children(recursive=True)]
        listening = [c.laddr.ip for p in processes for c in p.net_connections() if c.status == "LISTEN"]
        assert len(listening) >= 2 and set(listening) == {"127.0.0.1"}
    assert list(home.iterdir()) == []
    assert sorted(os.listdir(tmp_path)) == ["home", "session", "state", "state.log"]


class _Collection:
    """Four samples, of which the database believes to have `believed`, until it is told to look."""

    name = "samples"

    def __init__(self, believed: int) -> None:
        self.believed, self.database = believed, self

    def count_documents(self, _: dict[str, Any]) -> int:
        return 4

    def estimated_document_count(self) -> int:
        return self.believed

    def command(self, *words: str) -> None:
        assert words == ("validate", "samples")
        self.believed = 4


@pytest.mark.parametrize(("believed", "wanted", "whole"), [(4, 4, True), (0, 4, True), (4, 5, False), (4, None, False)])
def test_a_killed_database_is_mended_or_given_up(believed: int, wanted: int | None, whole: bool) -> None:
    collection = _Collection(believed)
    info = {} if wanted is None else {"samples": wanted}
    assert dataset._is_whole(SimpleNamespace(_sample_collection=collection, info=info)) == whole
    assert collection.believed == 4


def test_decisions_that_cannot_be_read_are_told_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "find_mongod", lambda: "mongodb://127.0.0.1:1")
    folder = builders.found().write(tmp_path / "session")
    (tmp_path / "d.csv").write_text("image_id,verdict\na,perhaps\n")
    with pytest.raises(DataprepError, match="the verdict 'perhaps' is not one of"):
        _open(tmp_path, folder=folder, port=0)
    assert not (tmp_path / "state").exists()
