import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import psutil
import pytest
import torch

from dataprep import device, predict
from dataprep.config import Train
from dataprep.environment import variables
from dataprep.errors import DataprepError
from dataprep.training import fold, workers
from dataprep.training.fold import FoldTask
from tests.closure import ROOT
from tests.training import builders


@pytest.fixture(scope="module")
def pixel_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return builders.pixel_file(tmp_path_factory.mktemp("pixels"))


Trained = tuple[Path, tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]]


@pytest.fixture(scope="module")
def trained(pixel_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The files of three folds trained by two workers, and what they predict."""
    scratch = tmp_path_factory.mktemp("trained")
    params = builders.params(workers=2)
    return scratch, predict.predict_out_of_fold(*tasks(pixel_file, scratch, builders.separable()[1], params))


def tasks(
    path: Path, scratch: Path, labels: list[str], params: Train | None = None, device: str = "cpu"
) -> tuple[pl.DataFrame, list[FoldTask]]:
    images, assigned = builders.tables(labels)
    params = params or builders.params()
    return assigned, predict.fold_tasks(images, assigned, path, params, seed=0, device=device, scratch=scratch)


def agreement(found: pl.DataFrame) -> float:
    right = [int(label == "b") for label in found["label"]]
    return float((found["probabilities"].to_numpy().argmax(1) == right).mean())


@pytest.mark.slow
def test_out_of_fold_predictions_are_right_and_the_same_twice(
    pixel_file: Path, trained: Trained, tmp_path: Path
) -> None:
    labels = builders.separable()[1]
    scratch, (found, history, watched) = trained
    assert np.allclose(found["probabilities"].to_numpy().sum(1), 1, atol=1e-5)
    assert agreement(found) > 0.9
    assert history.group_by("fold", "seed").len().height == 3
    assert watched["epoch"].n_unique() == history["epoch"].n_unique()
    again = predict.predict_out_of_fold(*tasks(pixel_file, tmp_path, labels, builders.params(workers=1)))
    assert all(a.equals(b) for a, b in zip((found, history, watched), again, strict=True))
    for one, other in zip(sorted(scratch.iterdir()), sorted(tmp_path.iterdir()), strict=True):
        assert one.name == other.name
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.slow
def test_an_interrupted_run_goes_on_from_the_last_finished_fold(
    pixel_file: Path,
    trained: Trained,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assigned, all_tasks = tasks(pixel_file, tmp_path, builders.separable()[1], builders.params(workers=2))
    workers.run(all_tasks[:2])
    anew = []
    original = workers._trained
    monkeypatch.setattr(workers, "_trained", lambda given: anew.extend(given) or original(given))
    resumed = predict.predict_out_of_fold(assigned, all_tasks)
    assert [task.fold for task in anew] == [2]
    assert "2 of 3 networks were trained before" in capsys.readouterr().out
    assert all(a.equals(b) for a, b in zip(trained[1], resumed, strict=True))


def test_a_finished_fold_counts_only_for_the_same_task(pixel_file: Path, tmp_path: Path) -> None:
    labels = builders.separable()[1]
    _, (task, *_) = tasks(pixel_file, tmp_path, labels)
    keys = {fold.key(task, "p", "c")}
    for changed in (
        replace(task, base_seed=1),
        replace(task, params=builders.params(learning_rate=0.01)),
        replace(task, labels=task.labels[::-1].copy()),
        replace(task, train_rows=task.train_rows[:-1]),
    ):
        keys.add(fold.key(changed, "p", "c"))
    assert len(keys | {fold.key(task, "q", "c"), fold.key(task, "p", "d")}) == 7
    assert fold.key(replace(task, params=builders.params(workers=7)), "p", "c") in keys
    assert fold.key(replace(task, params=builders.params(committee=5, committee_width=9)), "p", "c") in keys


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["result", "network"])
def test_a_damaged_fold_is_made_anew(pixel_file: Path, trained: Trained, tmp_path: Path, broken: str) -> None:
    shutil.copytree(trained[0], tmp_path, dirs_exist_ok=True)
    assigned, given = tasks(pixel_file, tmp_path, builders.separable()[1])
    assert all(fold.finished(task) for task in given)
    if broken == "result":
        given[1].result.write_bytes(b"cut off")
    else:
        given[1].network.unlink()
    again = predict.predict_out_of_fold(assigned, given)
    assert all(a.equals(b) for a, b in zip(trained[1], again, strict=True))
    assert given[1].network.is_file()


def test_starting_weights_that_are_not_there(pixel_file: Path, tmp_path: Path) -> None:
    missing = builders.params(weights=str(tmp_path / "none.safetensors"))
    with pytest.raises(DataprepError, match=r"the weights cannot be read(.|\n)*none\.safetensors(.|\n)*give a"):
        tasks(pixel_file, tmp_path, builders.separable()[1], missing)


@pytest.mark.slow
def test_several_seeds_are_averaged(pixel_file: Path, tmp_path: Path) -> None:
    labels = builders.separable()[1]
    params = builders.params(seeds=2, epochs=1, min_steps=10)
    assigned, given = tasks(pixel_file, tmp_path, labels, params)
    found, history, _ = predict.predict_out_of_fold(assigned, given)
    assert history.group_by("fold", "seed").len().height == 6
    first, second = (fold.read_result(task.result) for task in given[:2])
    assert first is not None
    assert second is not None
    assert not np.array_equal(first.logits, second.logits)
    warmth = predict.temperature(given, [r for task in given if (r := fold.read_result(task.result))])
    each = [np.exp(r.logits / warmth) / np.exp(r.logits / warmth).sum(1, keepdims=True) for r in (first, second)]
    rows = found.filter(fold=0)["probabilities"].to_numpy()
    assert np.allclose(rows, (each[0] + each[1]) / 2, atol=1e-5)
    predict.keep_networks(given, tmp_path / "networks")
    assert sorted(path.name for path in (tmp_path / "networks").iterdir())[:2] == [
        "fold-0-seed-0.safetensors",
        "fold-0-seed-1.safetensors",
    ]


@pytest.mark.gpu
@pytest.mark.slow
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_cuda_predicts_right_and_the_same_twice(pixel_file: Path, tmp_path: Path) -> None:
    labels = builders.separable()[1]
    first, again = (
        predict.predict_out_of_fold(*tasks(pixel_file, tmp_path / name, labels, device="cuda"))[0] for name in "ab"
    )
    assert first.equals(again)
    assert agreement(first) > 0.9


@pytest.mark.slow
def test_a_class_that_a_fold_does_not_train_on_is_predicted_all_the_same(pixel_file: Path, tmp_path: Path) -> None:
    labels = builders.separable()[1]
    labels[:3] = ["c"] * 3
    images, assigned = builders.tables(labels)
    together = assigned.with_columns(fold=pl.when(pl.col("label") == "c").then(0).otherwise("fold").cast(pl.Int32))
    params = builders.params(min_steps=10, epochs=1)
    given = predict.fold_tasks(images, together, pixel_file, params, seed=0, device="cpu", scratch=tmp_path)
    assert 2 not in given[0].labels[given[0].train_rows]
    found, _, _ = predict.predict_out_of_fold(together, given)
    assert np.isfinite(found["probabilities"].to_numpy()).all()
    assert found["probabilities"].to_numpy().shape == (90, 3)


@pytest.mark.slow
def test_rows_in_no_fold_get_the_mean_of_all_networks(pixel_file: Path, tmp_path: Path) -> None:
    labels = builders.separable()[1]
    labels[0] = "rare"
    found, _, _ = predict.predict_out_of_fold(*tasks(pixel_file, tmp_path, labels))
    row = found.filter(image_id="000")
    assert row["fold"].to_list() == [None]
    assert sum(row["probabilities"][0]) == pytest.approx(1.0, abs=1e-5)
    assert found.height == len(labels)


def test_no_image_is_predicted_by_a_network_that_saw_it(pixel_file: Path, tmp_path: Path) -> None:
    _, given = tasks(pixel_file, tmp_path, builders.separable()[1])
    assert [task.fold for task in given] == [0, 1, 2]
    for task in given:
        assert not set(task.train_rows) & set(task.held_out_rows)
        assert set(task.train_rows) | set(task.held_out_rows) == set(range(90))


@pytest.mark.slow
def test_a_training_that_fails_in_a_worker_is_explained(pixel_file: Path, tmp_path: Path) -> None:
    wild = builders.params(learning_rate=1e30, optimizer="sgd", workers=2)
    with pytest.raises(DataprepError, match=r"the training loss is (nan|inf) in fold \d, epoch \d+, step \d+"):
        predict.predict_out_of_fold(*tasks(pixel_file, tmp_path, builders.separable()[1], wild))


@pytest.mark.slow
def test_workers_end_with_a_parent_that_is_killed(pixel_file: Path, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\nfrom dataprep.training.workers import run\n"
        "from tests.test_predict import tasks\nfrom tests.training import builders\n"
        "if __name__ == '__main__':\n"
        "    params = builders.params(min_steps=100_000, workers=2)\n"
        f"    run(tasks(Path({str(pixel_file)!r}), Path({str(tmp_path)!r}), builders.separable()[1], params)[1])\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen([sys.executable, script], env=environment, stderr=subprocess.DEVNULL)
    try:
        workers = _wait_for(
            lambda: [c for c in psutil.Process(parent.pid).children() if "spawn_main" in str(c.cmdline())]
        )
    finally:
        parent.kill()
        parent.wait()
    gone, alive = psutil.wait_procs(workers, timeout=60)
    assert gone
    assert not alive


def _workers_of(pid: int) -> list[psutil.Process]:
    return [child for child in psutil.Process(pid).children() if "spawn_main" in str(child.cmdline())]


def _wait_for(condition: Callable[[], list[psutil.Process]]) -> list[psutil.Process]:
    for _ in range(600):
        found = condition()
        # Both workers have begun when each has used some time of its own.
        if len(found) == 2 and all(process.cpu_times().user > 3 for process in found):
            return found
        time.sleep(0.2)
    raise AssertionError("the workers did not start")


def test_workers_keep_freed_memory_and_leave_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_TOP_PAD_", "7")
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    with variables(workers._unset(workers.MALLOC)):
        assert os.environ["MALLOC_TOP_PAD_"] == "7"
        assert os.environ["MALLOC_TRIM_THRESHOLD_"] == "4000000000"
    assert os.environ["MALLOC_TOP_PAD_"] == "7"
    assert "MALLOC_TRIM_THRESHOLD_" not in os.environ


def test_the_temperature_undoes_what_made_logits_timid(pixel_file: Path, tmp_path: Path) -> None:
    _, (task, *_) = tasks(pixel_file, tmp_path, builders.separable()[1])
    random = np.random.default_rng(0)
    count = 20_000
    true = random.normal(size=(count, 2)) * 2
    chance = np.exp(true) / np.exp(true).sum(1, keepdims=True)
    labels = (random.random(count) > chance[:, 0]).astype(np.int64)
    wide = replace(task, labels=labels, held_out_rows=np.arange(count))
    nothing = np.zeros((0,), np.float32)
    result = fold.FoldResult((true / 5).astype(np.float32), *[nothing] * 6)
    assert predict.temperature([wide], [result]) == pytest.approx(0.2, rel=0.05)


def test_scores_are_those_of_the_judged_rows() -> None:
    images, _ = builders.tables(["a", "b", "a", "b", "a", "b"])
    rows = [("000", "a", 0, [0.8, 0.2]), ("001", "b", 0, [0.6, 0.4]), ("002", "a", None, [0.1, 0.9])]
    schema = {"image_id": pl.String, "label": pl.String, "fold": pl.Int32, "probabilities": pl.Array(pl.Float32, 2)}
    found = predict.scores(pl.DataFrame(rows, schema=schema, orient="row"), images)
    assert found["out_of_fold_accuracy"] == 0.5
    assert found["out_of_fold_log_loss"] == pytest.approx(-(np.log(0.8) + np.log(0.4)) / 2, abs=1e-5)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_where_there_is_none() -> None:
    with pytest.raises(DataprepError, match=r"there is no CUDA device.*\n.*device: cuda\n.*set device: auto"):
        device.resolve("cuda")


def test_auto_and_cpu() -> None:
    assert device.resolve("cpu").type == "cpu"
    assert device.resolve("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
