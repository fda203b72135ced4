"""The portable data set: same bytes twice, every name survives, every picture can be shown."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from PIL import Image

from dataprep import tables
from dataprep.errors import DataprepError
from dataprep.review import documents, media
from dataprep.review.samples import flagged_kinds, sample_table, worst_first
from dataprep.schema import MAP, TURNS, class_names
from tests.review import builders
from tests.review.builders import BROKEN, IDS, MARKUP, MAX_SIDE

VIEWS = [
    "To review", "Unreadable", "Label error", "Near duplicate", "All issues", "Near duplicate, by group", "Disputed",
    "Decided",
]  # fmt: skip


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return builders.found().write(tmp_path_factory.mktemp("made") / "session")


@pytest.fixture(scope="module")
def samples(session: Path) -> dict[str, dict[str, Any]]:
    listed = json.loads((session / "samples.json").read_text(encoding="utf-8"))["samples"]
    return {sample["image_id"]: sample for sample in listed}


def _content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_equal_input_gives_equal_bytes(session: Path, tmp_path: Path) -> None:
    found = builders.found()
    shuffled = replace(found, issues=found.issues.reverse(), predictions=found.predictions.reverse())
    assert _content(shuffled.write(tmp_path / "again")) == _content(session)


def test_every_name_survives_and_none_reaches_the_file_system(session: Path, samples: dict[str, Any]) -> None:
    assert list(samples) == IDS
    for sample in samples.values():
        assert (session / sample["filepath"]).is_file()
    assert len(list((session / "data").iterdir())) == len(IDS)
    for path in (session / "data").iterdir():
        assert path.stem.isalnum() and len(path.name) < 40


def test_identifiers_are_unique(samples: dict[str, Any]) -> None:
    fields = ("ground_truth", "predictions", "suggested_label")
    found = [sample["_id"]["$oid"] for sample in samples.values()]
    labels = [sample[field] for sample in samples.values() for field in fields if sample[field]]
    found += [label["_id"]["$oid"] for label in labels]
    assert len(set(found)) == len(found)
    assert all(0 <= sample["_rand"] < 1 for sample in samples.values())


def test_pictures_are_kept_converted_or_replaced(session: Path, samples: dict[str, Any]) -> None:
    originals = builders.found().originals

    def picture(name: str) -> tuple[bytes, Image.Image]:
        data = (session / samples[name]["filepath"]).read_bytes()
        return data, Image.open(io.BytesIO(data))

    assert picture("train/dog/photo.jpg")[0] == originals["train/dog/photo.jpg"]
    assert picture(MARKUP)[0] == originals[MARKUP]
    scan = picture("train/dog/scan.tif")[1]
    assert (scan.format, scan.size) == ("PNG", (12, 7))
    assert scan.getpixel((0, 0)) == Image.open(io.BytesIO(originals["train/dog/scan.tif"])).getpixel((0, 0))
    assert picture("train/dog/big.png")[1].size == (MAX_SIDE, MAX_SIDE // 2)
    assert picture(BROKEN)[0] == media.placeholder()


def test_file_that_turns_out_unreadable_gets_the_placeholder(tmp_path: Path) -> None:
    found = builders.found()
    found.originals["train/dog/scan.tif"] = b"cut off since"
    folder = found.write(tmp_path / "session")
    assert sum(path.read_bytes() == media.placeholder() for path in (folder / "data").iterdir()) == 2


def test_fields_of_a_sample(samples: dict[str, Any]) -> None:
    sample = samples[MARKUP]
    assert sample["ground_truth"]["label"] == "cat"
    assert (sample["predictions"]["label"], sample["predictions"]["confidence"]) == ("cat", 0.75)
    assert samples[IDS[0]]["predictions"]["label"] == "dog & <i>co</i>"
    assert (sample["suggested_label"]["label"], sample["suggested_label"]["confidence"]) == ("cat", 0.75)
    assert sample["label_error_score"] == pytest.approx(0.2)
    assert sample["dark_score"] == 1.0
    assert set(sample["tags"]) >= {"train", "label_error"}
    assert "label error: <u>label_error</u>" in sample["notes"]
    assert sample["metadata"]["width"] == 10


def test_the_gravest_issue_and_the_order_of_review(samples: dict[str, Any], session: Path) -> None:
    assert {name: sample["issue"] for name, sample in samples.items()} == {
        name: "label_error" if name in {IDS[1], IDS[2], IDS[4], MARKUP} else "near_duplicate" for name in IDS
    } | {BROKEN: "unreadable"}
    order = {name: sample["review_order"] for name, sample in samples.items()}
    turns = tables.read(session / "turns.parquet", TURNS).sort("turn")["image_id"].to_list()
    assert order.pop(BROKEN) is None
    assert sorted(order, key=order.__getitem__) == turns
    assert tables.read(session / "map.parquet", MAP)["image_id"].to_list() == [i for i in IDS if i != BROKEN]


def test_unreadable_image_has_no_prediction_and_no_size(samples: dict[str, Any]) -> None:
    sample = samples[BROKEN]
    assert sample["predictions"] is None
    assert sample["metadata"] is None
    assert "unreadable" in sample["tags"]


def test_split_named_like_an_issue_is_no_tag() -> None:
    found = builders.found()
    images = found.images.with_columns(split=pl.lit("label_error"))
    names = class_names(images)
    table = sample_table(images, found.measurements, found.predictions, found.issues, names)
    table = table.with_row_index("review_order")
    texts = documents.sample_documents(table, media.plan(table, MAX_SIDE), flagged_kinds(found.issues))
    tagged = [json.loads(text)["image_id"] for text in texts if "label_error" in json.loads(text)["tags"]]
    assert sorted(tagged) == sorted([IDS[1], IDS[2], IDS[4], MARKUP])


def test_views_are_those_with_issues_and_sorted_worst_first(session: Path) -> None:
    views = json.loads((session / "metadata.json").read_text())["saved_views"]
    assert [view["name"] for view in views] == VIEWS
    assert [view["slug"] for view in views][-3:] == ["near-duplicate-by-group", "disputed", "decided"]
    stages = {view["name"]: [json.loads(stage) for stage in view["view_stages"]] for view in views}
    assert stages["Near duplicate"][0]["kwargs"][0] == ["tags", ["near_duplicate"]]
    order = [["near_duplicate_group", 1], ["near_duplicate_score", 1], ["image_id", 1]]
    assert stages["Near duplicate"][1]["kwargs"][0] == ["field_or_expr", order]
    assert worst_first("label_error", ["image_id", "label_error_score"]) == ["label_error_score", "image_id"]


def test_no_issues_and_no_predictions(tmp_path: Path) -> None:
    found = builders.found()
    none = found.issues.with_columns(is_issue=pl.lit(False))
    folder = replace(found, issues=none, predictions=found.predictions.clear()).write(tmp_path / "session")
    views = json.loads((folder / "metadata.json").read_text())["saved_views"]
    assert [view["name"] for view in views] == ["To review", "Disputed", "Decided"]
    assert tables.read(folder / "map.parquet", MAP).is_empty()
    listed = json.loads((folder / "samples.json").read_text(encoding="utf-8"))["samples"]
    assert [sample["predictions"] for sample in listed] == [None] * len(IDS)


def test_failure_leaves_the_old_session(tmp_path: Path) -> None:
    folder = builders.found().write(tmp_path / "session")
    before = _content(folder)
    found = builders.found()
    del found.originals[MARKUP]
    with pytest.raises(KeyError):
        found.write(folder)
    assert _content(folder) == before
    assert list(tmp_path.iterdir()) == [folder]


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataprepError, match="cannot write the output"):
        builders.found().write(tmp_path / "file" / "session")
