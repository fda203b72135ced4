"""One line each in the libraries that people train with, and the metadata by their own validators."""

import gc
import io
import json
import logging
import re
from dataclasses import replace
from pathlib import Path

import mlcroissant
import numpy as np
import polars as pl
import pytest
import webdataset
import yaml
from PIL import Image

from dataprep.datasets.reader import open_dataset
from dataprep.datasets.writer import write_dataset
from tests.datasets.builders import CARD, content, originals, params, pictures, written

# The libraries' own warnings are not ours to mend; what they read is.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def version(tmp_path: Path) -> tuple[Path, dict[str, bytes]]:
    return written(tmp_path, removed=["x/003 ü.jpeg"])


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_hugging_face_datasets(version: tuple[Path, dict[str, bytes]], tmp_path: Path, offline: None) -> None:
    import datasets

    folder, files = version
    opened = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert {name: len(split) for name, split in opened.items()} == {"train": 7, "te_st": 6}
    train = opened["train"]
    assert train.features["label"].names == ["x", "z", "ü'"]
    for row in train:
        assert np.array_equal(np.asarray(row["image"].convert("RGB")), decoded(files[row["image_id"]]))
        assert train.features["label"].int2str(row["label"]) == row["label_name"] == row["image_id"].split("/")[0]


def test_splits_with_names_alike_stay_apart(tmp_path: Path, offline: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    files = pictures(14)
    made = content(tmp_path, files)
    names = ["train", "train-noisy", "train_noisy", "train-noisy-00000"]
    split = pl.Series("split", [names[n % 4] for n in range(made.kept.height)])
    kept = made.kept.with_columns(split)
    copies = made.augmented_index.clear()
    images = made.images.with_columns(split)
    whole = replace(made, images=images, kept=kept, augmented_index=copies, augmented=made.augmented[:0])
    write_dataset(whole, originals(files), params(), tmp_path / "data")
    wanted = {name: set(rows["image_id"]) for (name,), rows in kept.group_by("split")}
    opened = datasets.load_dataset(str(tmp_path / "data"), cache_dir=str(tmp_path / "cache"))
    told = {"train-noisy": "train_noisy_2", "train-noisy-00000": "train_noisy_00000"}
    assert {name: sorted(rows["image_id"]) for name, rows in opened.items()} == {
        told.get(name, name): sorted(ids) for name, ids in wanted.items()
    }
    monkeypatch.chdir(tmp_path / "data")
    (line,) = re.findall(r'polars\.read_parquet\("(.*)"\)', Path("README.md").read_text())
    assert set(pl.read_parquet(line)["image_id"]) == wanted["train_noisy"], "the card shows the last split"
    pattern = "images/train-[0-9][0-9][0-9][0-9][0-9].parquet"
    assert set(pl.read_parquet(pattern)["image_id"]) == wanted["train"]


def test_a_shard_alone_tells_hugging_face_what_it_holds(
    version: tuple[Path, dict[str, bytes]], tmp_path: Path, offline: None
) -> None:
    import datasets

    shard = str(version[0] / "images/train-00000.parquet")
    opened = datasets.load_dataset("parquet", data_files=shard, split="train", cache_dir=str(tmp_path / "cache"))
    assert isinstance(opened.features["image"], datasets.Image)
    assert isinstance(opened.features["label"], datasets.ClassLabel)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hugging face"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")


def test_webdataset(version: tuple[Path, dict[str, bytes]]) -> None:
    folder, files = version
    shards = sorted(str(path) for path in (folder / "webdataset").glob("train-*.tar"))
    samples = list(webdataset.WebDataset(shards, shardshuffle=False).decode("rgb8"))
    assert [sample["json"]["image_id"] for sample in samples] == open_dataset(folder).rows("train")[
        "image_id"
    ].to_list()
    assert len({sample["__key__"] for sample in samples}) == 7
    for sample in samples:
        name = sample["json"]["image_id"]
        pixels = sample["png"] if name.endswith("png") else sample["jpg"]
        assert np.array_equal(pixels, decoded(files[name]))
        assert sample["cls"] == ["x", "z", "ü'"].index(name.split("/")[0])
    gc.collect()  # it leaves files open, whose warnings must not reach other tests


def test_polars(version: tuple[Path, dict[str, bytes]]) -> None:
    folder, files = version
    table = pl.read_parquet(folder / "images/*.parquet")
    assert dict(zip(table["image_id"], table["image"].struct.field("bytes"), strict=True)) == {
        name: data for name, data in files.items() if name != "x/003 ü.jpeg"
    }


@pytest.mark.parametrize(
    "card", [{}, {"license": "CC-BY-4.0", "creator": "Ada", "published": "2026-01-31", "url": "https://example.org/d"}]
)
def test_croissant(card: dict[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder, files = written(tmp_path, write=params(card=CARD.model_copy(update=card)))
    with caplog.at_level(logging.ERROR):
        opened = mlcroissant.Dataset(folder / "croissant.json")
    assert not opened.metadata.issues.errors
    left = {"citeAs"} | (set() if card else {"license", "datePublished"})
    warned = {
        name
        for name in ("citeAs", "license", "datePublished", "version", "creator")
        if name in str(opened.metadata.issues.warnings)
    }
    assert warned == left
    records = list(opened.records("images"))
    training = set(open_dataset(folder).rows("train")["image_id"])
    assert len(records) == len(files)
    for record in records:
        name = record["images/image_id"].decode()
        assert np.array_equal(np.asarray(record["images/image"].convert("RGB")), decoded(files[name]))
        assert record["images/label"] == ["x", "z", "ü'"].index(name.split("/")[0])
        assert (record["images/split"] == b"train") == (name in training)


def test_croissant_of_tar_files_alone_is_valid(tmp_path: Path) -> None:
    folder, _ = written(tmp_path, write=params(formats=("webdataset",)))
    assert not mlcroissant.Dataset(folder / "croissant.json").metadata.issues.errors


def test_the_card_has_metadata_and_tells_what_changed(version: tuple[Path, dict[str, bytes]]) -> None:
    folder, _ = version
    _, front, text = (folder / "README.md").read_text().split("---\n", 2)
    values = yaml.safe_load(front)
    assert values["pretty_name"] == "odd | names"
    assert values["size_categories"] == ["n<1K"]
    assert {entry["split"] for entry in values["configs"][0]["data_files"]} == {"train", "te_st"}
    assert open_dataset(folder).version in text
    assert "# odd &#124; names" in text
    assert "| removed | near&#95;duplicate | 1 |" in text.replace("_", "&#95;")
    assert "license" not in values


@pytest.mark.parametrize(
    ("license", "expected"),
    [
        ("CC-BY-4.0", {"license": "cc-by-4.0"}),
        ("https://example.org/terms", {"license": "other", "license_link": "https://example.org/terms"}),
    ],
)
def test_a_license_is_told_as_the_hub_knows_it(license: str, expected: dict[str, str], tmp_path: Path) -> None:
    folder, _ = written(tmp_path, write=params(card=CARD.model_copy(update={"license": license})))
    values = yaml.safe_load((folder / "README.md").read_text().split("---\n")[1])
    assert expected.items() <= values.items()
    assert json.loads((folder / "croissant.json").read_text())["license"] == license
