"""The journal: nothing decided is lost, whatever is killed and when; undo brings back what was before."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.decisions import journal
from dataprep.decisions.table import read_decisions, write_decisions
from dataprep.errors import DataprepError
from tests.closure import ROOT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reviews" / "decisions.csv"


def row(image_id: str, verdict: str, who: str = "Ada", **more: str) -> journal.Row:
    return {"image_id": image_id, "verdict": verdict, "reviewer": who} | more


def verdicts(path: Path) -> dict[tuple[str, str], str]:
    return {(i, who): v for i, who, v in read_decisions(path).select("image_id", "reviewer", "verdict").iter_rows()}


def test_a_decision_replaces_ones_own_and_nobody_elses(path: Path) -> None:
    journal.record(path, [row("a", "keep"), row("b", "drop")], "Ada")
    journal.record(path, [row("a", "drop", "Bob")], "Bob")
    journal.record(path, [row("a", "relabel", label="x", note="sure")], "Ada")
    assert verdicts(path) == {("a", "Ada"): "relabel", ("a", "Bob"): "drop", ("b", "Ada"): "drop"}
    assert read_decisions(path)["label"].to_list() == ["x", None, None]


def test_undo_goes_back_act_by_act_and_leaves_others_alone(path: Path) -> None:
    journal.record(path, [row("a", "keep")], "Ada")
    journal.record(path, [row("a", "drop"), row("b", "drop")], "Ada")
    journal.record(path, [row("b", "keep", "Bob")], "Bob")
    assert journal.undo(path, "Ada").images == ["a", "b"]
    assert verdicts(path) == {("a", "Ada"): "keep", ("b", "Bob"): "keep"}
    journal.record(path, [row("c", "drop")], "Ada")
    assert journal.undo(path, "Ada").images == ["c"]
    assert journal.undo(path, "Ada").images == ["a"]
    assert journal.undo(path, "Ada").images == []
    assert verdicts(path) == {("b", "Bob"): "keep"}


def test_undo_leaves_alone_what_has_changed_since(path: Path) -> None:
    journal.record(path, [row("a", "keep"), row("b", "keep")], "Ada")
    journal.record(path, [row(name, "drop", note="") for name in "abcd"], "Ada")
    journal.record(path, [row("a", "relabel", label="x")], "Bob")  # by an import of Ada's rows
    table = read_decisions(path)
    write_decisions(table.filter(pl.col("image_id") != "c"), path)  # by hand
    assert journal.undo(path, "Ada") == (["b", "d"], ["a", "c"])
    assert verdicts(path) == {("a", "Ada"): "relabel", ("b", "Ada"): "keep"}
    assert journal.undo(path, "Ada") == (["b"], ["a"])
    assert verdicts(path) == {("a", "Ada"): "relabel"}
    assert journal.undo(path, "Bob") == (["a"], [])
    assert verdicts(path) == {("a", "Ada"): "drop"}


def test_nothing_to_undo_makes_no_folder(path: Path) -> None:
    assert journal.undo(path, "Ada") == ([], [])
    assert not path.parent.exists()


def test_skipping_decides_nothing_and_can_be_undone(path: Path) -> None:
    journal.skip(path, ["a", "b"], "Ada")
    assert read_decisions(path).is_empty()
    assert journal.skipped(path, "Ada") == {"a", "b"}
    assert journal.skipped(path, "Bob") == set()
    journal.record(path, [row("a", "keep")], "Ada")
    assert journal.skipped(path, "Ada") == {"b"}
    assert journal.undo(path, "Ada").images == ["a"]
    assert journal.undo(path, "Ada").images == ["a", "b"]
    assert journal.skipped(path, "Ada") == set()


def test_a_failure_after_the_journal_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.record(path, [row("a", "keep")], "Ada")
    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(journal, "write_decisions", _fail)
        journal.record(path, [row("b", "drop")], "Ada")
    assert verdicts(path) == {("a", "Ada"): "keep"}
    assert journal.recover(path) == ["1 acts were in the journal alone and are in the decisions now"]
    assert verdicts(path) == {("a", "Ada"): "keep", ("b", "Ada"): "drop"}
    assert journal.recover(path) == []


def _fail(*_: object) -> None:
    raise RuntimeError("killed")


def test_the_next_decision_brings_in_what_was_cut_off(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(journal, "write_decisions", _fail)
        journal.record(path, [row("a", "keep")], "Ada")
    journal.record(path, [row("b", "drop")], "Ada")
    assert verdicts(path) == {("a", "Ada"): "keep", ("b", "Ada"): "drop"}


@pytest.mark.parametrize("torn", [b'{"by": "Ada", "set": [{"image_id"', b"\xff\xfe", b"[1]", b"{}"])
def test_a_line_cut_off_is_told_and_hurts_nothing(path: Path, torn: bytes) -> None:
    journal.record(path, [row("a", "keep")], "Ada")
    with journal.journal_of(path).open("ab") as stream:
        stream.write(torn)
    assert journal.recover(path) == ["line 3 of the journal is not whole: cut off before it was confirmed"]
    journal.record(path, [row("b", "drop")], "Ada")
    assert verdicts(path) == {("a", "Ada"): "keep", ("b", "Ada"): "drop"}
    assert journal.undo(path, "Ada").images == ["b"]
    assert journal.recover(path) == []


def test_edits_by_hand_stand(path: Path) -> None:
    journal.record(path, [row("a", "keep"), row("b", "drop")], "Ada")
    path.write_text("image_id,verdict,reviewer\nb,keep,Ada\n")
    assert journal.recover(path) == []
    journal.record(path, [row("c", "drop")], "Ada")
    assert verdicts(path) == {("b", "Ada"): "keep", ("c", "Ada"): "drop"}


def test_a_broken_decisions_file_refuses_the_decision_and_stays(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("image_id,verdict\na,perhaps\n")
    with pytest.raises(DataprepError, match="the verdict 'perhaps' is not one of"):
        journal.record(path, [row("b", "drop")], "Ada")
    assert path.read_text() == "image_id,verdict\na,perhaps\n"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataprepError, match="the decision is not kept"):
        journal.record(tmp_path / "file" / "decisions.csv", [row("a", "keep")], "Ada")


DECIDER = """
import sys
from pathlib import Path
from dataprep.decisions import journal
for number in range(100000):
    journal.record(Path(sys.argv[1]), [{"image_id": f"{number:05}", "verdict": "drop", "reviewer": "Ada"}], "Ada")
    print(number, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 7, 30])
def test_what_was_confirmed_before_a_kill_is_there(path: Path, after: int) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", DECIDER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        confirmed = [int(process.stdout.readline()) for _ in range(after)]
        process.send_signal(signal.SIGKILL)
        confirmed += [int(line) for line in process.stdout.read().splitlines()]
    journal.recover(path)
    found = read_decisions(path)["image_id"].to_list()
    assert found[: len(confirmed)] == [f"{number:05}" for number in confirmed]
    assert len(found) - len(confirmed) in (0, 1)


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["Ada", "Bob"]),
        st.sampled_from(["keep", "drop", "undo", "crash"]),
        st.sets(st.sampled_from("abc"), min_size=1),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(ACTS)
def test_any_course_ends_as_the_plain_model_says(tmp_path_factory: pytest.TempPathFactory, acts) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path_factory.mktemp("acts") / "decisions.csv"
    state: dict[tuple[str, str], str] = {}
    history: dict[str, list[dict[tuple[str, str], str | None]]] = {"Ada": [], "Bob": []}
    for who, act, images in acts:
        if act == "undo":
            journal.undo(path, who)
            for key, before in history[who].pop().items() if history[who] else ():
                state.pop(key) if before is None else state.update({key: before})
            continue
        rows = [row(name, "drop" if act == "crash" else act, who) for name in sorted(images)]
        with pytest.MonkeyPatch.context() as patched:
            if act == "crash":
                patched.setattr(journal, "write_decisions", _fail)
            with contextlib.suppress(RuntimeError):
                journal.record(path, rows, who)
        keys = [(r["image_id"], who) for r in rows]
        history[who].append({key: state.get(key) for key in keys})
        state |= {(r["image_id"], who): r["verdict"] for r in rows}
    journal.recover(path)
    assert verdicts(path) == state
    assert read_decisions(path).select(pl.struct("image_id", "reviewer").is_unique().all()).item()
