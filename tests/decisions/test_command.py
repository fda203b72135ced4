"""`dataprep decisions`: what is taken, what is told, what is refused."""

from pathlib import Path

import polars as pl
import pytest

from dataprep import files, tables
from dataprep.cli import main
from dataprep.decisions.turns import turns
from dataprep.schema import IMAGES, MEASUREMENTS, TURNS
from tests import frames

HEAD = "image_id,sha256,verdict,label,reviewer,decided_at\n"


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [{"image_id": name, "label": "x" if name < "c" else "y"} for name in "abcde"]
    images, measured = frames.images(rows), frames.measurements([*rows[:4], {"image_id": "e", "unreadable": "cut"}])
    for name, table, schema in (("images", images, IMAGES), ("measurements", measured, MEASUREMENTS)):
        tables.write(table, tmp_path / f"data/{name}.parquet", schema)
    order = turns(images, measured, frames.issues("label_error", [{"image_id": "a", "score": 0.5}]))
    tables.write(order, tmp_path / "data/session/turns.parquet", TURNS)
    files.write_json(tmp_path / "data/session/metadata.json", {"info": {"enough": 0.01}})
    return tmp_path


def test_import_takes_what_fits_and_tells_the_rest(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (room / "reviews").mkdir()
    (room / "reviews/decisions.csv").write_text(HEAD + "a,,keep,,Ada,2026-01-01T00:00:00Z\nb,,drop,,Ada,\n")
    sha = frames.digest("c")
    (room / "new.csv").write_text(
        HEAD
        + f"a,,drop,,Bob,2026-01-02T00:00:00Z\nb,,drop,,Ada,\nb,,keep,,Bob,\nc,{sha},relabel,x,Bob,\n"
        + "d,0,drop,,Bob,\nzz,,drop,,Bob,\nc,,relabel,w,Cem,\ne,,keep,,Bob,\n"
    )
    main(["decisions", "import", "new.csv", "--reviewer", "Ada"])
    assert capsys.readouterr().out.splitlines() == [
        "new.csv: 8 decisions, 3 taken, 1 known already",
        "  not taken: c: 'w' is no class (the classes are x, y)",
        "  not taken: d: the image has changed since the decision; review it again",
        "  not taken: e: unreadable, so it cannot be kept",
        "  not taken: zz: not in the data (no name is close)",
        "disputed: a: Ada keep, Bob drop",
        "disputed: b: Ada drop, Bob keep",
    ]
    table = pl.read_csv(room / "reviews/decisions.csv", infer_schema=False)
    assert table.select("image_id", "reviewer", "verdict").rows() == [
        ("a", "Ada", "keep"),
        ("a", "Bob", "drop"),
        ("b", "Ada", "drop"),
        ("b", "Bob", "keep"),
        ("c", "Bob", "relabel"),
    ]
    main(["decisions", "import", "new.csv", "--reviewer", "Ada"])
    assert "new.csv: 8 decisions, 0 taken, 4 known already" in capsys.readouterr().out
    main(["decisions", "undo", "--reviewer", "Ada"])
    assert capsys.readouterr().out == "undone: a, b, c\n"
    assert (room / "reviews/decisions.csv").read_text().count("\n") == 3
    main(["decisions", "undo", "--reviewer", "Ada"])
    assert capsys.readouterr().out == "Ada has nothing to undo\n"


def test_status(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["decisions", "status"])
    assert capsys.readouterr().out.splitlines() == [
        "0 decisions",
        "0 of 4 decided, 0 wrong; unknown (0.0 to 100.0 %) still wrong; enough after 4 more",
    ]
    (room / "d.csv").write_text(HEAD + "".join(f"{i},,keep,,{who},\n" for who in ("Ada", "Bob") for i in "abcd"))
    main(["decisions", "status", "--decisions", "d.csv"])
    assert capsys.readouterr().out.splitlines() == [
        "8 decisions: Ada 4, Bob 4",
        "Ada and Bob agree on 100.0% of 4 images",
        "4 of 4 decided, 0 wrong; 0.0 % (0.0 to 0.0 %) still wrong; that is enough",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["import"], "no file is named"),
        (["import", "none.csv"], "there is no such file"),
        (["import", "bad.csv"], "the verdict 'perhaps' is not one of keep, drop, relabel"),
        (["import", "good.csv", "bad.csv"], "the verdict 'perhaps'"),
        (["import", "good.csv", "--images", "none.parquet"], "the table IMAGES is not there"),
        (["status", "--session", "none"], "the table TURNS is not there"),
    ],
)
def test_faults_change_nothing(room: Path, arguments: list[str], message: str) -> None:
    (room / "bad.csv").write_text(HEAD + "a,,perhaps,,Ada,\n")
    (room / "good.csv").write_text(HEAD + "a,,keep,,Ada,\n")
    with pytest.raises(SystemExit, match=message):
        main(["decisions", *arguments])
    assert not (room / "reviews/decisions.csv").exists()


def test_several_files_are_one_act(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (room / "one.csv").write_text(HEAD + "a,,keep,,Ada,2026-01-01T00:00:00Z\nb,,keep,,Ada,\n")
    (room / "two.csv").write_text(HEAD + "a,,drop,,Ada,2026-01-02T00:00:00Z\nb,,keep,,Ada,\n")
    main(["decisions", "import", "one.csv", "two.csv", "--reviewer", "Bob"])
    assert capsys.readouterr().out.splitlines() == [
        "one.csv: 2 decisions, 2 taken, 0 known already",
        "two.csv: 2 decisions, 1 taken, 1 known already",
    ]
    path = room / "reviews/decisions.csv"
    assert pl.read_csv(path, infer_schema=False)["verdict"].to_list() == ["drop", "keep"]
    path.write_text(path.read_text().replace("b,,keep", "b,,drop"))
    main(["decisions", "undo", "--reviewer", "Bob"])
    assert capsys.readouterr().out.splitlines() == [
        "undone: a",
        "left alone, as the decision has changed since: b",
    ]
    assert pl.read_csv(path, infer_schema=False)["image_id"].to_list() == ["b"]


def test_undo_without_decisions_makes_nothing(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["decisions", "undo", "--reviewer", "Ada"])
    assert capsys.readouterr().out == "Ada has nothing to undo\n"
    assert not (room / "reviews").exists()


@pytest.mark.parametrize("text", [None, "{", "[]", "{}", '{"info": {"enough": null}}', "\xff"])
def test_a_session_that_is_not_whole_is_told(room: Path, text: str | None) -> None:
    path = room / "data/session/metadata.json"
    path.unlink()
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SystemExit, match="the review session is not whole"):
        main(["decisions", "status"])


def test_no_name_commands_the_terminal(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (room / "new.csv").write_text(HEAD + "\x1b[2Jz,,drop,,Ada,\na,,drop,,\x1b[1mBob,\na,,keep,,\x07,\n")
    main(["decisions", "import", "new.csv", "--reviewer", "Ada"])
    main(["decisions", "status"])
    main(["decisions", "undo", "--reviewer", "Ada"])
    out = capsys.readouterr().out
    assert r"  not taken: \x1b[2Jz: not in the data" in out and r"disputed: a: \x07 keep, \x1b[1mBob drop" in out
    assert not {"\x1b", "\x07"} & set(out)
