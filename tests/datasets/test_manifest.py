"""Damage of any kind is found, and the file is named."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.exceptions import PanicException, PolarsError

from dataprep import tables
from dataprep.cli import main
from dataprep.datasets.manifest import read_manifest
from dataprep.datasets.reader import DataSet, open_dataset
from dataprep.errors import DataprepError
from dataprep.schema import INDEX
from tests.datasets.builders import SIDE, written

SHARD = "images/train-00001.parquet"


@pytest.fixture
def version(tmp_path: Path) -> Path:
    return written(tmp_path)[0]


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 4
    path.write_bytes(data)


def test_what_was_written_is_whole(version: Path) -> None:
    open_dataset(version).verify()


def test_the_command_tells_whether_a_version_is_whole(version: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["verify", str(version)])
    assert re.fullmatch(r"version \w{12} is whole: \d+ files, 14 images\n", capsys.readouterr().out)
    flip(version / SHARD, 40)
    with pytest.raises(SystemExit, match=r"error: images/train-00001.parquet has other bytes"):
        main(["verify", str(version)])


def test_any_flipped_byte_is_found_and_the_file_named(version: Path) -> None:
    for path in sorted(path for path in version.rglob("*") if path.is_file()):
        before = path.read_bytes()
        flip(path, len(before) // 2)
        with pytest.raises(DataprepError) as caught:
            open_dataset(version).verify()
        assert str(path) in str(caught.value), path
        assert "dvc pull" in str(caught.value) or path.name == "manifest.json"
        path.write_bytes(before)
    open_dataset(version).verify()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), r"images/train-00001.parquet is missing\n"),
        (
            lambda path: path.write_bytes(path.read_bytes()[:-9]),
            r"train-00001.parquet has .* bytes, not .*\(truncated\)",
        ),
        (lambda path: path.write_bytes(path.read_bytes() + b"x"), r"train-00001.parquet has .* bytes, not [\d,]+\n"),
    ],
)
def test_a_missing_or_truncated_shard_is_found_on_opening(
    damage: Callable[[Path], object], message: str, version: Path
) -> None:
    damage(version / SHARD)
    with pytest.raises(DataprepError, match=message):
        open_dataset(version)


def test_damage_that_makes_polars_panic_is_told(version: Path) -> None:
    path = version / "index.parquet"
    whole = path.read_bytes()
    for place in reversed(range(len(whole) // 2)):
        flip(path, place)
        try:
            pl.read_parquet(path)
        except PanicException:
            with pytest.raises(DataprepError, match=r"index.parquet has other bytes than the manifest says"):
                open_dataset(version)
            with pytest.raises(DataprepError, match=r"the table INDEX cannot be read"):
                tables.read(path, INDEX)
            return
        except (PolarsError, OSError):
            pass
        path.write_bytes(whole)
    pytest.fail("no flipped bit made polars panic")


def test_a_manifest_with_half_a_character_is_told(version: Path) -> None:
    path = version / "manifest.json"
    path.write_text(path.read_text().replace('"source": "', '"source": "\\ud800'))
    with pytest.raises(DataprepError, match=r"the manifest is damaged: .*\n.*manifest.json\n.*dvc pull"):
        open_dataset(version)


def test_a_flipped_byte_of_an_image_is_found_when_it_is_read(version: Path) -> None:
    data = open_dataset(version)
    row = data.index.row(4, named=True)
    flip(version / row["file"], row["offset"] + 20)
    with pytest.raises(DataprepError, match=r"bytes of .* are not those that were written\n.*images/.*\n.*dvc pull"):
        data.read(row["image_id"])
    images = data.images(row["split"])
    with pytest.raises(DataprepError, match=r"are not those that were written"):
        images[images.image_ids.to_list().index(row["image_id"])]
    assert data.read(data.index["image_id"][5])


def test_a_manifest_of_another_version_is_told(version: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    folder, _ = written(tmp_path / "other", 17)
    shutil.copy(folder / "manifest.json", version)
    theirs = read_manifest(folder)["version"]
    with pytest.raises(
        DataprepError, match=f"the manifest is of version {theirs}, but index.parquet is of another one"
    ):
        open_dataset(version)


def test_shards_of_two_versions_mixed_are_told(version: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    made, _ = written(tmp_path / "other", 17)
    shutil.copy(made / SHARD, version / SHARD)
    with pytest.raises(DataprepError, match=r"images/train-00001.parquet has "):
        open_dataset(version).verify()


def test_tensors_of_another_version_are_told_when_they_are_opened(version: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    made, _ = written(tmp_path / "other", 14, normalized=np.ones((14, 3, SIDE, SIDE), np.float32))
    shutil.copy(made / "tensors/train-00002.npy", version / "tensors")
    data = open_dataset(version)
    with pytest.raises(
        DataprepError, match=r"tensors/train-00002.npy has other bytes .* damaged or of another version"
    ):
        data.tensors("train")
    assert len(data.tensors("train", check=False)) == 14
    assert len(data.tensors("te/st")) == 7


def test_a_file_too_many_is_told(version: Path) -> None:
    (version / "images/train-00009.parquet").write_bytes(b"")
    with pytest.raises(DataprepError, match=r"images/train-00009.parquet is no part of version"):
        open_dataset(version).verify()


def test_no_data_set_and_other_formats_are_told(version: Path, tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match=r"there is no data set here.*\n.*nowhere.*\n.*dvc pull"):
        open_dataset(tmp_path / "nowhere")
    text = (version / "manifest.json").read_text()
    (version / "manifest.json").write_text(text.replace('"format": 2', '"format": 1'))
    with pytest.raises(DataprepError, match=r"has format 1; this version of dataprep reads format 2"):
        open_dataset(version)
    (version / "manifest.json").write_text(text[:-20])
    with pytest.raises(DataprepError, match=r"the manifest is damaged"):
        open_dataset(version)


def test_asking_for_what_is_not_there(version: Path) -> None:
    data: DataSet = open_dataset(version)
    with pytest.raises(DataprepError, match=r"no split 'trian'.*\n.*\n.*did you mean 'train'\?"):
        data.rows("trian")
    with pytest.raises(DataprepError, match=r"no image 'x/000 ü.pgn'.*\n.*\n.*did you mean 'x/000 ü.png'\?"):
        data.read("x/000 ü.pgn")
