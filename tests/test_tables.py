"""schema, tables and files: what is written is whole, checked and the same each time."""

import errno
import pickle
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from dataprep import files, tables
from dataprep.errors import DataprepError
from dataprep.schema import DECISIONS, IMAGES, PREDICTIONS, SKIPPED, check, class_names
from tests import frames


def test_tables_round_trip_with_equal_bytes(tmp_path: Path) -> None:
    table = frames.images([{"image_id": "b"}, {"image_id": "a"}])
    for name in ("one", "two"):
        tables.write(table.reverse(), tmp_path / name, IMAGES)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert tables.read(tmp_path / "one", IMAGES).equals(table)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop("label"), "IMAGES lacks label"),
        (lambda t: t.with_columns(color=pl.lit("red")), "IMAGES has unknown color"),
        (lambda t: t.with_columns(width=pl.lit("8")), "IMAGES.width is String, not Int32"),
        (lambda t: t.with_columns(split=pl.lit(None, pl.String)), "IMAGES.split has 2 nulls"),
        (lambda t: t.with_columns(image_id=pl.lit("a")), "IMAGES has the same image_id twice: a"),
    ],
)
def test_a_broken_table_is_named(change, message: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    broken = change(frames.images([{"image_id": "a"}, {"image_id": "b"}]))
    with pytest.raises(DataprepError, match=message):
        tables.write(broken, tmp_path / "t", IMAGES)
    assert not list(tmp_path.iterdir())


def test_annotator_columns_are_welcome() -> None:
    table = frames.images([{"image_id": "a"}]).with_columns(pl.lit("x").alias("annotator:ann"))
    assert check(table, IMAGES, "here").columns[-1] == "annotator:ann"


def test_arrays_must_be_float32() -> None:
    table = pl.DataFrame(
        {
            "image_id": ["a"],
            "label": ["x"],
            "fold": [0],
            "probabilities": [[0.5]],
            "joint_logits": [[0.5]],
            "embedding": [[0.5]],
        }
    )
    table = table.with_columns(pl.col("fold").cast(pl.Int32))
    with pytest.raises(DataprepError, match=r"PREDICTIONS.probabilities is List"):
        check(table, PREDICTIONS, "here")


def test_missing_and_foreign_files(tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match=r"the table SKIPPED is not there\n.*none\n.*run `dvc repro`"):
        tables.read(tmp_path / "none", SKIPPED)
    (tmp_path / "junk").write_bytes(b"junk")
    with pytest.raises(DataprepError, match="the table SKIPPED cannot be read"):
        tables.read(tmp_path / "junk", SKIPPED)


def test_classes_are_ordered_by_number_or_text() -> None:
    def order(*labels: str) -> list[str]:
        return class_names(frames.images([{"image_id": str(n), "label": x} for n, x in enumerate(labels)]))

    assert order("10", "9", "-1") == ["-1", "9", "10"]
    assert order("10", "9", "x") == ["10", "9", "x"]
    assert order("01", "1") == ["01", "1"]


def test_decisions_need_no_more_than_id_and_verdict() -> None:
    assert DECISIONS.required == ("image_id", "verdict")


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_failing_write_leaves_what_was_there(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "out"
    if kind == "file":
        target.write_text("old")
    else:
        target.mkdir()
        (target / "old").write_text("old")
    with pytest.raises(ZeroDivisionError):
        if kind == "file":
            with files.replacing(target) as part:
                part.write_text("new")
                _ = 1 / 0
        else:
            with files.replacing_folder(target) as part:
                (part / "new").write_text("new")
                _ = 1 / 0
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert (target if kind == "file" else target / "old").read_text() == "old"


def test_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(
        DataprepError,
        match=r"cannot write the output.*\n.*file/below/out.json\n.*free space, or make the folder writable",
    ):
        files.write_json(tmp_path / "file/below/out.json", {})


@pytest.mark.parametrize("replacing", [files.replacing, files.replacing_folder])
def test_an_input_that_cannot_be_read_is_not_told_as_a_full_disk(
    replacing: Callable[[Path], AbstractContextManager[Path]], tmp_path: Path
) -> None:
    gone, out = tmp_path / "gone.bin", tmp_path / "out"
    told = r"cannot read .*/gone.bin: No such file or directory\n.*where: .*/gone.bin\n.*dvc pull"
    with pytest.raises(DataprepError, match=told), replacing(out):
        gone.read_bytes()
    with pytest.raises(DataprepError, match=r"cannot read an input: cut off\n.*while writing .*/out\n"), replacing(out):
        raise OSError("cut off")  # as Pillow tells of a truncated image
    with (
        pytest.raises(DataprepError, match=r"cannot write the output: .*\n.*/out\n.*free space"),
        replacing(out) as part,
    ):
        (part / "none" / "file").write_text("")
    with pytest.raises(DataprepError, match=r"cannot write the output: Permission denied\n"), replacing(out):
        raise PermissionError(errno.EACCES, "Permission denied", str(gone))
    assert not list(tmp_path.iterdir())


def test_errors_survive_the_way_from_a_worker_process() -> None:
    error = DataprepError("what", where="where", remedy="remedy")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301


def test_arrays_take_their_space_before_they_are_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    array = files.new_array(tmp_path / "a.npy", np.uint8, (1000, 1000))
    assert (tmp_path / "a.npy").stat().st_blocks * 512 >= 1_000_000
    assert not array.any()

    def full(*arguments: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with (
        pytest.raises(DataprepError, match="cannot write the output: No space left on device"),
        files.replacing(tmp_path / "b.npy") as part,
    ):
        files.new_array(part, np.uint8, (10, 10))
    assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]


def test_json_has_sorted_keys(tmp_path: Path) -> None:
    files.write_json(tmp_path / "j", {"b": 1, "a": "ü"})
    assert (tmp_path / "j").read_text() == '{\n  "a": "ü",\n  "b": 1\n}\n'
