"""The whole pipeline, as `dvc repro` runs it in a clone of the repository."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml

import dataprep
from dataprep import config
from dataprep.detectors import label_errors
from dataprep.own_predictions import read_predictions
from dataprep.review.mongod import find_mongod
from dataprep.schema import DECISIONS
from tests.closure import ROOT
from tests.review import browsing, journey

pytestmark = pytest.mark.slow


def tracked_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return [name for name in listed.stdout.decode().splitlines() if not name.startswith(("tests/", "reports/"))]


def copy_repository(target: Path) -> Path:
    for name in tracked_files():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    (target / "dvc.lock").unlink(missing_ok=True)
    (target / "reviews/decisions.csv").write_text(",".join(DECISIONS.columns) + "\n")
    subprocess.run(["git", "init", "--quiet"], cwd=target, check=True)
    return target


def set_params(root: Path, changes: dict[str, object]) -> None:
    path = root / "params.yaml"
    raw = yaml.safe_load(path.read_text())
    for key, value in changes.items():
        section, _, last = key.rpartition(".")
        node = raw
        for part in section.split(".") if section else []:
            node = node[part]
        node[last] = value
    path.write_text(yaml.safe_dump(raw, sort_keys=False))


def repro(root: Path, *targets: str, threads: int = 1) -> subprocess.CompletedProcess[str]:
    """Run the pipeline; stages that leave the number of threads to PyTorch take so many."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DVC_NO_ANALYTICS": "1",
        "MPLCONFIGDIR": str(root / ".cache"),
        "OMP_NUM_THREADS": str(threads),
    }
    environment.pop("PYTHONPATH", None)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compiled files beside the sources must change nothing
    command = [sys.executable, "-m", "dvc", "repro", *targets]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


def stages_run(result: subprocess.CompletedProcess[str]) -> set[str]:
    assert result.returncode == 0, result.stdout + result.stderr
    lines = result.stdout.splitlines()
    return {line.split("'")[1] for line in lines if line.startswith("Running stage")}


def hashes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


# What the tests rely on is set here, so that they pass whatever a user has made of params.yaml.
SMALL: dict[str, object] = {
    "source": {"kind": "digits", "path": "data/digits", "sample": 500},
    "seed": 0,
    "device": "cpu",
    "digits.seed": 0,
    "digits.odd_images": 30,
    "digits.unreadable_files": 12,
    "clean.policy": {"exact_duplicate": "drop_extra", "split_leak": "drop_train"},
    "normalize.training_split": "train",
    "train.epochs": 1,
    "train.min_steps": 25,
    "train.width": 8,
    "train.committee": 1,
    "train.committee_epochs": 1,
    "train.committee_width": 8,
    "checks.images": 64,
    "checks.steps": 5,
    "audit.images": 10,
    "learning_curve.enabled": False,
    "predictions.kind": "training",
    "folds.k": 2,
    "workers": 1,
}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_repository(tmp_path_factory.mktemp("clone one"))
    set_params(root, SMALL)
    assert "predict" in stages_run(repro(root, threads=2))
    return root


def test_every_image_is_kept_or_removed_and_the_report_says_so(pipeline: Path) -> None:
    images = pl.read_parquet(pipeline / "data/images.parquet")["image_id"]
    kept = pl.read_parquet(pipeline / "data/kept.parquet")["image_id"]
    removed = pl.read_parquet(pipeline / "data/removed.parquet")["image_id"]
    assert sorted([*kept, *removed]) == images.to_list()
    metrics = json.loads((pipeline / "reports/metrics.json").read_text())
    assert (metrics["images"], metrics["kept"], metrics["removed"]) == (500, len(kept), len(removed))
    assert metrics["version"] in (pipeline / "reports/summary.md").read_text()


def test_what_needs_no_network_is_found(pipeline: Path) -> None:
    planted = json.loads((pipeline / "reports/metrics.json").read_text())["planted"]
    assert planted["unreadable_file"]["precision"] == 1.0
    issues = pl.read_parquet(pipeline / "data/issues/odd_pixels.parquet").filter("is_issue")
    faults = pl.read_parquet(pipeline / "data/digits-faults.parquet")
    images = pl.read_parquet(pipeline / "data/images.parquet")["image_id"].to_list()
    odd = faults.filter(pl.col("fault") == "odd_image", pl.col("image_id").is_in(images))["image_id"]
    assert odd.len() >= 5
    assert set(odd) <= set(issues["image_id"])


def test_the_readmes_ten_lines_train_on_the_result(pipeline: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (program,) = (block for block in blocks if "cross_entropy" in block)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=pipeline, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.removeprefix("accuracy ")) > 0.6


def test_the_record_names_the_version_that_lies_there(pipeline: Path) -> None:
    record = json.loads((pipeline / "reports/dataset.json").read_text())
    data = dataprep.open_dataset(pipeline / "data/dataset")
    data.verify()
    assert (record["version"], record["digest"]) == (data.version, data.manifest["digest"])
    assert data.version == json.loads((pipeline / "reports/metrics.json").read_text())["version"]


def test_nothing_changed_nothing_runs(pipeline: Path) -> None:
    assert stages_run(repro(pipeline)) == set()


def test_another_place_gives_the_same_bytes(pipeline: Path, tmp_path: Path) -> None:
    other = copy_repository(tmp_path / "elsewhere")
    set_params(other, SMALL)
    stages_run(repro(other, threads=2))
    for folder in ("data/dataset", "data/session", "data/issues", "reports"):
        assert hashes(pipeline / folder) == hashes(other / folder), folder


def test_a_decision_reruns_clean_and_what_follows(pipeline: Path) -> None:
    victim = pl.read_parquet(pipeline / "data/kept.parquet")["image_id"][0]
    before = json.loads((pipeline / "reports/metrics.json").read_text())
    with (pipeline / "reviews/decisions.csv").open("a") as stream:
        stream.write(f"{victim},,drop,,Ada,,blurred\n")
    ran = stages_run(repro(pipeline))
    assert {"clean", "normalize", "augment", "write", "report"} == ran
    row = pl.read_parquet(pipeline / "data/removed.parquet").filter(image_id=victim)
    assert row.select("reason", "decided_by").rows() == [("decision drop: blurred", "Ada")]
    after = json.loads((pipeline / "reports/metrics.json").read_text())
    assert after["removed"] == before["removed"] + 1
    assert after["version"] != before["version"]


@pytest.mark.browser
@browsing.needs_chromium
@pytest.mark.skipif(find_mongod() is None, reason="no mongod that runs")
def test_a_review_in_the_app_makes_the_new_data_set(pipeline: Path, tmp_path: Path) -> None:
    decisions = pipeline / "reviews/decisions.csv"
    before = json.loads((pipeline / "data/dataset/manifest.json").read_text())
    with browsing.chromium(tmp_path / "browser") as browser:
        done = journey.review(browser, pipeline / "data/session", tmp_path, decisions, "7")
    assert {"clean", "write", "report"} <= stages_run(repro(pipeline))
    kept = pl.read_parquet(pipeline / "data/dataset/index.parquet")
    removed = pl.read_parquet(pipeline / "data/dataset/removed.parquet")
    now = dict(kept.select("image_id", "label").iter_rows())
    for name, (verdict, label) in done.items():
        assert (name in now) == (verdict != "drop")
        assert label is None or now[name] == label
    assert set(removed.filter(decided_by="Ada")["image_id"]) == {n for n, (v, _) in done.items() if v == "drop"}
    assert kept.height + removed.height == 500
    after = json.loads((pipeline / "data/dataset/manifest.json").read_text())
    assert after["version"] != before["version"]
    assert "## What people decided" in (pipeline / "reports/summary.md").read_text()


def test_predictions_of_ones_own_model_replace_the_training(pipeline: Path, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    shutil.copytree(pipeline, root, symlinks=True)
    found = pl.read_parquet(root / "data/predictions.parquet")
    classes = [str(number) for number in range(10)]
    named = pl.DataFrame(found["probabilities"].to_numpy(), schema=[f"probability:{name}" for name in classes])
    named.with_columns(found["image_id"], found["embedding"], found["fold"].fill_null(0)).write_parquet(
        root / "reviews/predictions/mine.parquet"
    )
    set_params(root, {"predictions.kind": "file"})
    ran = stages_run(repro(root))
    assert {"predict", "checks", "audit", "session", "report"} <= ran
    assert not {"ingest", "measure", "folds"} & ran
    report = (root / "reports/summary.md").read_text()
    assert "The predictions in `reviews/predictions` give" in report
    assert "left out" in report
    assert "Whether operations change what an image is was not looked at" in report
    images, folds = (pl.read_parquet(root / f"data/{name}.parquet") for name in ("images", "folds"))
    mine = read_predictions(root / "reviews/predictions", images, folds)
    expected = label_errors.detect(images, mine, config.load(root / "params.yaml").detectors.label_errors)
    after = pl.read_parquet(root / "data/issues/label_errors.parquet")
    assert after["is_issue"].to_list() == expected.sort("issue", "image_id")["is_issue"].to_list()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": {"kind": "folder", "path": "reviews"}}, "there are no images in the source folder"),
        ({"folds.k": "five"}, "folds.k: 'five' is text, not a number"),
        ({"normalize.training_split": "tarin"}, "no image that clean kept is in the training split 'tarin'"),
    ],
)
def test_a_wrong_setting_stops_with_a_message_and_leaves_nothing_half_written(
    pipeline: Path, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    root = tmp_path / "copy"
    shutil.copytree(pipeline, root, symlinks=True)
    set_params(root, changes)
    result = repro(root)
    output = result.stdout + result.stderr
    assert result.returncode != 0
    assert message in output
    assert "to do: " in output
    assert "Traceback" not in output
    assert not list(root.rglob("*.part"))
