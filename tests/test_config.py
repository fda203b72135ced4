from pathlib import Path
from typing import Any

import pytest
import yaml

from dataprep.config import load, parse
from dataprep.errors import DataprepError
from tests.closure import ROOT

GOOD = (ROOT / "params.yaml").read_text()


def changed(path: str, value: Any) -> dict[str, Any]:
    raw = yaml.safe_load(GOOD)
    *parents, last = path.split(".")
    section = raw
    for name in parents:
        section = section[name]
    section[last] = value
    return raw


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("folds.kk", 5, "folds.kk: unknown key; did you mean 'k'? remove it"),
        ("tain", {}, "tain: unknown key; did you mean 'train'? remove it"),
        ("measure.szie", 8, "measure.szie: unknown key; did you mean 'size'?"),
        ("folds.k", 1, "folds.k: 1 given, should be greater than or equal to 2"),
        ("folds.k", "5", "folds.k: '5' is text, not a number"),
        ("folds.k", True, "folds.k: True given, should be a valid integer"),
        ("train.learning_rate", "1e-3", "'1e-3' is text, not a number; write it without quotes"),
        ("train.flip", "yes", "train.flip: 'yes' given, should be a valid boolean"),
        ("device", "gpu", "device: 'gpu' given, should be 'auto', 'cpu' or 'cuda'"),
        ("measure.size", "big", "measure.size: 'big' given, should be 'auto'"),
        ("source", {"kind": "foldr", "path": "x"}, "source.kind: 'foldr' is not known; did you mean 'folder'? use"),
        ("source", {"path": "x"}, "source.kind: missing; it says which kind of source this is"),
        ("source", {"kind": "table", "path": "x", "labels": "y"}, "source.labels: unknown key; did you mean 'label'?"),
        ("source", {"kind": "folder"}, "source.path: missing"),
        ("normalize.steps", [{"step": "gcm"}], "normalize.steps.0.step: 'gcm' is not known; did you mean 'gcn'?"),
        ("normalize.steps", [{"step": "lcn", "window": 8}], "window is 8, an even number, so it has no center pixel"),
        ("normalize.steps", [{"step": "gcn", "floor": 0.0}], "regularizer and floor are both 0"),
        ("augment.rotaton", {}, "augment.rotaton: unknown key; did you mean 'rotation'? remove it"),
        ("augment.crop.aria", 1, "augment.crop.aria: unknown key; did you mean 'area'? remove it"),
        ("augment.crop.area", [0.9, 0.5], "augment.crop: area is [0.9, 0.5]; it needs 0.01 <= low <= high <= 1"),
        ("augment.crop.area", [0.0, 0.5], "area is [0, 0.5]; it needs 0.01 <= low <= high <= 1 (share of the"),
        ("augment.crop.area", 0.5, "augment.crop.area: 0.5 given, a range is written [low, high]"),
        ("augment.crop.area", [0.5], "augment.crop.area: [0.5] given, a range is written [low, high]"),
        ("augment.shift.share", [-1, 0.1], "augment.shift: share is [-1, 0.1]; it needs -0.5 <= low <= high <= 0.5"),
        ("augment.mixup.share", [0.1, 0.6], "share is [0.1, 0.6]; it needs 0 <= low <= high <= 0.5 (weight of the"),
        ("augment.blur.probability", 1.5, "augment.blur.probability: 1.5 given, should be less than or equal to 1"),
        ("augment.horizontal_flip", 0.5, "augment.horizontal_flip: 0.5 given, an operation is written {prob"),
        ("augment.crop", None, "None given, an operation is written {probability: ..., area: [low, high]}"),
        ("clean.policy", {"drak": "drop"}, "'drak' is no issue kind; did you mean 'dark'?"),
        ("clean.policy", {"unreadable": "keep"}, "'keep' is no policy for unreadable images"),
        ("clean.policy", {"outlier": "drop_extra"}, "'drop_extra' is for groups of copies, and outlier has none"),
        ("clean.policy", {"dark": "relabel"}, "'relabel' is for label_error alone; dark suggests no label"),
        ("train.learning_rate", float("inf"), "train.learning_rate: inf given, should be a finite number"),
        ("clean.policy", {"dark": "delete"}, "clean.policy.dark: 'delete' given, should be 'keep', 'drop'"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named_with_its_mend(path: str, value: Any, message: str) -> None:
    with pytest.raises(DataprepError) as caught:
        parse(changed(path, value), "params.yaml")
    assert message in str(caught.value)
    assert "where: params.yaml" in str(caught.value)


def test_all_faults_are_listed_at_once() -> None:
    raw = changed("folds.k", 0) | {"seed": -1}
    with pytest.raises(DataprepError, match="2 parameters are wrong"):
        parse(raw, "params.yaml")


def test_a_missing_key_with_a_misspelling_beside_it() -> None:
    raw = yaml.safe_load(GOOD)
    raw["folds"] = {"kk": 5}
    with pytest.raises(DataprepError, match=r"folds.k: missing; is 'kk' a misspelling of it\?"):
        parse(raw, "params.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [(": :\n -", "the parameters are not valid YAML"), ("just text", "the parameters are not a mapping")],
)
def test_a_file_that_is_no_params(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(DataprepError, match=message):
        load(tmp_path / "params.yaml")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match=r"cannot read the parameters: No such file.*\n.*\n.*repository root"):
        load(tmp_path / "params.yaml")


def test_params_are_frozen() -> None:
    params = load(ROOT / "params.yaml")
    with pytest.raises(ValueError, match="frozen"):
        params.folds.k = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("write.formats", [], "name parquet, webdataset or both"),
        ("write.formats", ["parquet", "parquet"], "each once"),
        ("write.formats", ["csv"], "write.formats"),
        ("write.tensors", "bfloat16", "write.tensors"),
        ("write.shard_mib", 4096, "write.shard_mib: 4096 given"),
        ("write.card.published", "31.1.2026", "is no date; write it as"),
    ],
)
def test_what_cannot_be_written_is_told(path: str, value: Any, message: str) -> None:
    with pytest.raises(DataprepError, match=message):
        parse(changed(path, value), "params.yaml")
