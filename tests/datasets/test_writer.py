import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from dataprep.datasets.content import version_of
from dataprep.datasets.writer import write_dataset
from dataprep.errors import DataprepError
from dataprep.schema import INDEX, TENSORS, check
from tests.closure import ROOT
from tests.datasets.builders import PARTNERED, content, originals, params, pictures, tree, written


def test_two_folders_get_identical_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b/deeper one").mkdir(parents=True)
    for name, batch in (("a", 4), ("b/deeper one", 100)):
        files = pictures(14)
        write_dataset(content(tmp_path / name, files), originals(files, batch), params(), tmp_path / name / "data")
    assert tree(tmp_path / "a/data") == tree(tmp_path / "b/deeper one/data")


@pytest.mark.parametrize("formats", [("parquet",), ("webdataset",), ("parquet", "webdataset")])
def test_the_index_tells_where_the_original_bytes_are(formats: tuple[str, ...], tmp_path: Path) -> None:
    folder, files = written(tmp_path, write=params(formats=formats))
    index = check(pl.read_parquet(folder / "index.parquet"), INDEX, "")
    assert index["image_id"].to_list() == sorted(files)
    for row in index.iter_rows(named=True):
        data = (folder / row["file"]).read_bytes()
        assert data[row["offset"] : row["offset"] + row["bytes"]] == files[row["image_id"]]
    assert index["file"].str.starts_with("images/" if "parquet" in formats else "webdataset/").all()


def test_shards_are_full_and_in_order(tmp_path: Path) -> None:
    folder, files = written(tmp_path)
    shards = [pl.read_parquet(path) for path in sorted((folder / "images").glob("train-*.parquet"))]
    assert [shard.height for shard in shards] == [3, 3, 1]
    table = pl.concat(shards)
    assert table["image_id"].is_sorted()
    assert table["image"].struct.field("bytes").to_list() == [files[name] for name in table["image_id"]]
    assert len(list((folder / "webdataset").glob("te_st-*.tar"))) == 3


def test_a_shard_holds_so_many_bytes_at_most_but_one_image_at_least(tmp_path: Path) -> None:
    files = {name: data + bytes(300_000 if n < 8 else 1_100_000) for n, (name, data) in enumerate(pictures(14).items())}
    made = content(tmp_path, files)
    write_dataset(made, originals(files, 3), params(shard_rows=100, tensors="none"), tmp_path / "data")
    index = pl.read_parquet(tmp_path / "data/index.parquet")
    rows = index.group_by("file", maintain_order=True).agg(pl.len(), pl.col("bytes").sum())
    assert (rows.filter(pl.col("len") > 1)["bytes"] <= 2**20).all()
    assert rows["len"].max() == 3
    assert not (tmp_path / "data/tensors.parquet").exists()


@pytest.mark.parametrize(("tensors", "most"), [("float32", 0.0), ("float16", 2e-3)])
def test_tensors_hold_each_image_and_then_its_copies(tensors: str, most: float, tmp_path: Path) -> None:
    files = pictures(14)
    made = content(tmp_path, files, removed=[list(files)[3]])
    write_dataset(made, originals(files), params(tensors=tensors), tmp_path / "data")
    table = check(pl.read_parquet(tmp_path / "data/tensors.parquet"), TENSORS, "")
    own = {name: n for n, name in enumerate(made.kept["image_id"])}
    copies = {name: n for n, name in enumerate(made.augmented_index["image_id"])}
    assert table.height == len(own) + len(copies)
    for image_id, copy, file, row in table["image_id", "copy", "file", "row"].iter_rows():
        pixels = np.load(tmp_path / "data" / file)[row]
        expected = made.augmented[copies[image_id]] if copy else made.normalized[own[image_id]]
        assert pixels.dtype == tensors
        assert np.abs(pixels - expected).max() <= most


def test_further_columns_of_the_augmented_copies_come_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataprep.datasets.tensor_shards.TENSORS", PARTNERED)
    files = pictures(14)
    made = content(tmp_path, files)
    index = made.augmented_index.with_columns(partner_label=pl.lit("z"), partner_share=pl.lit(0.25, pl.Float32))
    write_dataset(replace(made, augmented_index=index), originals(files), params(), tmp_path / "data")
    table = pl.read_parquet(tmp_path / "data/tensors.parquet")
    assert table.filter(copy=1)["partner_label"].to_list() == ["z"] * index.height
    assert table.filter(copy=0)["partner_share"].null_count() == len(files)


def test_uint8_tensors_are_the_measured_pixels_beside_the_program(tmp_path: Path) -> None:
    files = pictures(14)
    folder = tmp_path / "normalization"
    folder.mkdir()
    (folder / "program.pt2").write_bytes(b"a program")
    made = content(tmp_path, files, removed=[next(iter(files))], normalization=folder)
    none = replace(made, augmented=made.augmented[:0], augmented_index=made.augmented_index[:0])
    write_dataset(none, originals(files), params(tensors="uint8"), tmp_path / "data")
    assert (tmp_path / "data/normalization/program.pt2").read_bytes() == b"a program"
    rows = {name: n for n, name in enumerate(made.images["image_id"])}
    for image_id, file, row in pl.read_parquet(tmp_path / "data/tensors.parquet")[
        "image_id", "file", "row"
    ].iter_rows():
        pixels = np.load(tmp_path / "data" / file)[row]
        assert np.array_equal(pixels.transpose(1, 2, 0), made.pixels[rows[image_id]])
    with pytest.raises(DataprepError, match=r"6 augmented copies are\n.*write.tensors\n.*augment.copies: 0"):
        write_dataset(made, originals(files), params(tensors="uint8"), tmp_path / "data")
    (folder / "program.pt2").unlink()
    with pytest.raises(DataprepError, match=r"exported program .*there is none\n.*normalization\n.*float16"):
        write_dataset(none, originals(files), params(tensors="uint8"), tmp_path / "data")


def test_a_value_that_float16_cannot_hold_is_an_error(tmp_path: Path) -> None:
    files = pictures(14)
    made = content(tmp_path, files)
    made.normalized[5, 1, 2, 3] = -70_000
    with pytest.raises(DataprepError, match=r"7e\+04, is too large for float16\n.*\n.*tensors: float32"):
        write_dataset(made, originals(files), params(tensors="float16"), tmp_path / "data")


def test_the_version_depends_on_content_and_parameters_only(tmp_path: Path) -> None:
    made = content(tmp_path, pictures(14))
    base = version_of(made.kept, made.removed, made.parameters)
    assert base == version_of(made.kept.reverse(), made.removed, dict(reversed(made.parameters.items())))
    assert base == version_of(made.kept.with_columns(file=pl.lit("x")), made.removed, made.parameters)
    assert base != version_of(made.kept.with_columns(label=pl.lit("x")), made.removed, made.parameters)
    assert base != version_of(made.kept[1:], made.removed, made.parameters)
    assert base != version_of(made.kept, made.removed, {"seed": 1})


def test_the_manifest_lists_every_file(tmp_path: Path) -> None:
    folder, _ = written(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {entry["file"]: entry["sha256"] for entry in manifest["files"]} == {
        name: digest for name, digest in tree(folder).items() if name != "manifest.json"
    }
    rows = {entry["file"]: entry.get("rows") for entry in manifest["files"]}
    assert (rows["index.parquet"], rows["tensors.parquet"], rows["images/train-00000.parquet"]) == (14, 21, 3)
    assert manifest["classes"] == ["x", "z", "ü'"]
    assert manifest["splits"] == {"te/st": 7, "train": 7}


def emptied(column: str, value: str) -> dict[str, Any]:
    files = pictures(14)
    names = [
        name for name in files if (name[0] if column == "label" else str(int(name.split("/")[1][:3]) % 2)) == value
    ]
    return {"files": files, "removed": names}


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("label", "z", r"no image of the class 'z': 4 near_duplicate\n.*clean.policy\n.*decide by hand"),
        ("split", "0", r"no image of the split 'train': 7 near_duplicate\n.*clean.policy\n.*take the split out"),
    ],
)
def test_a_class_or_split_that_cleaning_emptied_is_an_error(
    column: str, value: str, message: str, tmp_path: Path
) -> None:
    folder, files = written(tmp_path)
    before = tree(folder)
    with pytest.raises(DataprepError, match=message):
        write_dataset(content(tmp_path, **emptied(column, value)), originals(files), params(), folder)
    assert tree(folder) == before


def test_people_may_turn_two_classes_into_one_but_no_policy(tmp_path: Path) -> None:
    files = pictures(14)
    made = content(tmp_path, files)
    for who, fails in (("Ada", False), ("policy", True)):
        kept = made.kept.with_columns(
            label=pl.col("label").replace("z", "x"),
            decided_by=pl.when(pl.col("label") == "z").then(pl.lit(who)),
        )
        if fails:
            with pytest.raises(DataprepError, match="no image of the class 'z': 4 given another label"):
                write_dataset(replace(made, kept=kept), originals(files), params(), tmp_path / "data")
        else:
            manifest = write_dataset(replace(made, kept=kept), originals(files), params(), tmp_path / "data")
            assert manifest["classes"] == ["x", "ü'"]


def test_an_image_whose_bytes_changed_since_ingest_is_an_error(tmp_path: Path) -> None:
    folder, files = written(tmp_path)
    before = tree(folder)
    victim = list(files)[6]
    changed = files | {victim: files[victim][:-1] + b"?"}
    with pytest.raises(
        DataprepError, match=rf"1 images are not as they were taken in: {victim}\n.*\n.*dvc repro --force ingest"
    ):
        write_dataset(content(tmp_path, files), originals(changed), params(), folder)
    assert tree(folder) == before


@pytest.mark.parametrize("victim", [0, 6, 13])
def test_a_kept_image_without_bytes_is_an_error(victim: int, tmp_path: Path) -> None:
    files = pictures(14)
    name = list(files)[victim]
    left = {key: data for key, data in files.items() if key != name}
    with pytest.raises(DataprepError, match=rf"1 kept images are not among those taken in: {name}\n"):
        write_dataset(content(tmp_path, files), originals(left), params(), tmp_path / "data")


def test_a_full_disk_leaves_the_old_version_whole(tmp_path: Path) -> None:
    folder, _ = written(tmp_path)
    before = tree(folder)
    program = f"""
        import resource, signal
        from pathlib import Path
        from dataprep.datasets.writer import write_dataset
        from tests.datasets.builders import PARTNERED, content, originals, params, pictures
        files = {{name: data + bytes(40_000) for name, data in pictures(14).items()}}
        made = content(Path({str(tmp_path)!r}), files)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))  # larger files fail as on a full disk
        write_dataset(made, originals(files), params(), Path({str(folder)!r}))
    """
    ended = in_process(program)
    assert "DataprepError: cannot write the output: " in ended.stderr, ended.stderr
    assert "free space, or make the folder writable" in ended.stderr
    assert tree(folder) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "fitted.json"]


def test_a_read_only_target_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = pictures(14)

    def refused(*arguments: object, **options: object) -> str:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.mkdtemp", refused)
    with pytest.raises(DataprepError, match=r"cannot write the output: Read-only file system\n.*data\n.*chmod u\+w"):
        write_dataset(content(tmp_path, files), originals(files), params(), tmp_path / "data")


@pytest.mark.parametrize("moment", ["in the shards", "before the exchange", "after the exchange"])
def test_a_killed_writer_leaves_the_old_or_the_new_version_whole(moment: str, tmp_path: Path) -> None:
    folder, _ = written(tmp_path, 11)
    old = tree(folder)
    program = f"""
        import os, signal
        from pathlib import Path
        from dataprep import files
        from dataprep.datasets.writer import write_dataset
        from tests.datasets.builders import PARTNERED, content, originals, params, pictures
        made = pictures(14)
        def die():
            os.kill(os.getpid(), signal.SIGKILL)
        def batches():
            for number, batch in enumerate(originals(made)):
                if {moment!r} == "in the shards" and number == 2:
                    die()
                yield batch
        exchange = files._take_place
        def dying(part, path):
            if {moment!r} == "before the exchange":
                die()
            exchange(part, path)
            die()
        files._take_place = dying
        write_dataset(content(Path({str(tmp_path)!r}), made), batches(), params(), Path({str(folder)!r}))
    """
    assert in_process(program).returncode == -9
    left = tree(folder)
    if moment == "after the exchange":
        assert left != old
        assert pl.read_parquet(folder / "index.parquet").height == 14
    else:
        assert left == old
    assert len(list(tmp_path.glob(".data.*.part"))) == 1
    written(tmp_path, 14)
    assert not list(tmp_path.glob(".data.*.part")), "what the killed one left is removed by the next"


def test_a_file_system_that_cannot_exchange_gets_two_renames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, 11)
    monkeypatch.setattr("dataprep.files._exchanged", lambda one, other: False)
    folder, _ = written(tmp_path, 14)
    assert pl.read_parquet(folder / "index.parquet").height == 14
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "fitted.json"]


def in_process(program: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", textwrap.dedent(program)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_a_living_writer_keeps_its_folder(tmp_path: Path) -> None:
    files = pictures(14)

    def batches() -> Iterator[pl.DataFrame]:
        for number, batch in enumerate(originals(files)):
            if number == 1:
                written(tmp_path, 11)  # another writer comes and goes
            yield batch

    write_dataset(content(tmp_path, files), batches(), params(), tmp_path / "data")
    assert pl.read_parquet(tmp_path / "data/index.parquet").height == 14
