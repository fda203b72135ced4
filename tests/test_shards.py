import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from dataprep.errors import DataprepError
from dataprep.schema import AUGMENTED, KEPT, REMOVED
from dataprep.shards import Content, version_of, write_dataset
from tests.frames import digest

FILES = {f"{label}/{n} ü'.png": f"bytes of {label}{n}".encode() for label in "xy" for n in range(5)}


def content() -> Content:
    names = sorted(FILES)
    kept = pl.DataFrame(
        {
            "image_id": names,
            "sha256": [digest(name) for name in names],
            "split": ["train" if n % 2 else "te/st" for n in range(10)],
            "label": [name[0] for name in names],
            "given_label": [name[0] for name in names],
            "reason": None,
            "score": None,
            "decided_by": None,
            "decided_at": None,
        },
        schema=KEPT.columns,
    )
    train = kept.filter(split="train")["image_id"]
    random = np.random.default_rng(0)
    return Content(
        kept=kept,
        removed=pl.DataFrame(schema=REMOVED.columns),
        normalized=random.normal(size=(10, 3, 4, 4)).astype(np.float32),
        augmented=random.normal(size=(5, 3, 4, 4)).astype(np.float32),
        augmented_index=pl.DataFrame({"image_id": train, "copy": 1}, schema=AUGMENTED.columns),
        normalization={"scale": "[0, 1]", "steps": []},
        parameters={"seed": 0},
    )


def tree(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file()
    }


def test_two_runs_write_identical_bytes(tmp_path: Path) -> None:
    for name in ("one", "two/deeper"):
        write_dataset(content(), FILES.__getitem__, 3, tmp_path / name)
    assert tree(tmp_path / "one") == tree(tmp_path / "two/deeper")


def test_shards_hold_the_original_bytes_in_order(tmp_path: Path) -> None:
    manifest = write_dataset(content(), FILES.__getitem__, 3, tmp_path / "d")
    shards = sorted((tmp_path / "d/images").glob("train-*.parquet"))
    assert [pl.read_parquet(path).height for path in shards] == [3, 2]
    table = pl.concat([pl.read_parquet(path) for path in shards])
    assert table["image_id"].is_sorted()
    assert table["image"].struct.field("bytes").to_list() == [FILES[name] for name in table["image_id"]]
    features = json.loads(pl.read_parquet_metadata(shards[0])["huggingface"])["info"]["features"]
    assert features["image"] == {"_type": "Image"}
    assert set(features) == set(table.columns)
    assert manifest["splits"] == {"te/st": 5, "train": 5}


def test_tensor_shards_hold_each_image_and_then_its_copies(tmp_path: Path) -> None:
    data = content()
    write_dataset(data, FILES.__getitem__, 3, tmp_path / "d")
    table = pl.concat([pl.read_parquet(p) for p in sorted((tmp_path / "d/tensors").glob("train-*.parquet"))])
    assert table["copy"].to_list() == [0, 1] * 5
    rows = {name: n for n, name in enumerate(data.kept["image_id"])}
    copies = {name: n for n, name in enumerate(data.augmented_index["image_id"])}
    for image_id, copy, pixels in zip(table["image_id"], table["copy"], table["pixels"].to_numpy(), strict=True):
        expected = data.augmented[copies[image_id]] if copy else data.normalized[rows[image_id]]
        assert np.array_equal(pixels, expected)


def test_checksums_and_rows_in_the_manifest_are_right(tmp_path: Path) -> None:
    manifest = write_dataset(content(), FILES.__getitem__, 4, tmp_path / "d")
    assert json.loads((tmp_path / "d/manifest.json").read_text()) == manifest
    assert {s["file"] for s in manifest["shards"]} == {p for p in tree(tmp_path / "d") if p.endswith(".parquet")}
    for shard in manifest["shards"]:
        path = tmp_path / "d" / shard["file"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == shard["sha256"]
        assert pl.read_parquet(path).height == shard["rows"]


def test_the_version_depends_on_content_and_parameters_only() -> None:
    base = version_of(content())
    assert base == version_of(content())
    relabeled = content().kept.with_columns(label=pl.lit("x"))
    assert version_of(replace(content(), kept=relabeled)) != base
    assert version_of(replace(content(), kept=content().kept[1:])) != base
    assert version_of(replace(content(), parameters={"seed": 1})) != base
    rounded = replace(content(), normalized=content().normalized + np.float32(1e-7))
    assert version_of(rounded) == base


def test_a_failing_write_leaves_the_old_data_set_whole(tmp_path: Path) -> None:
    write_dataset(content(), FILES.__getitem__, 3, tmp_path / "d")
    before = tree(tmp_path / "d")

    def full(name: str) -> bytes:
        raise OSError(28, "No space left on device")

    with pytest.raises(DataprepError, match=r"cannot write the output: No space left on device\n.*\n.*free space"):
        write_dataset(content(), full, 3, tmp_path / "d")
    assert tree(tmp_path / "d") == before
    assert [p.name for p in tmp_path.iterdir()] == ["d"]
