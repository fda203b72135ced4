"""The course of training in DVCLive's and TensorBoard's files."""

import json
import sys
from pathlib import Path

import polars as pl
import pytest

from dataprep.cli import main
from dataprep.event_files import write_event_files
from dataprep.live import log_curves
from dataprep.predict import empty_history
from dataprep.schema import HISTORY
from tests.test_pipeline import hashes

ROWS = [
    (0, 0, 0, 2.0, 1.5, 0.25),
    (0, 0, 1, 1.0, 0.5, 0.75),
    (1, 0, 0, 3.0, 2.5, 0.5),
    (1, 1, 0, 4.0, 2.0, 0.0),
]
COURSE = pl.DataFrame(ROWS, schema=HISTORY.columns, orient="row")


def curve(folder: Path, name: str) -> list[tuple[int, float]]:
    return pl.read_csv(folder / f"plots/metrics/{name}.tsv", separator="\t").rows()


def test_every_network_has_its_curves_and_their_mean_is_beside_them(tmp_path: Path) -> None:
    log_curves(COURSE, tmp_path / "curves")
    assert curve(tmp_path / "curves", "fold-0-seed-0/held_out_accuracy") == [(0, 0.25), (1, 0.75)]
    assert curve(tmp_path / "curves", "fold-1-seed-1/train_loss") == [(0, 4.0)]
    assert curve(tmp_path / "curves", "train_loss") == [(0, 3.0), (1, 1.0)]
    last = json.loads((tmp_path / "curves/metrics.json").read_text())
    assert last["fold-0-seed-0"]["held_out_loss"] == 0.5
    assert last["step"] == 1


def test_the_same_course_gives_the_same_bytes_and_replaces_another(tmp_path: Path) -> None:
    for name, rows in (("a", COURSE), ("b", COURSE[:1]), ("b", COURSE[::-1])):
        log_curves(rows, tmp_path / name)
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")


def test_no_training_no_curves(tmp_path: Path) -> None:
    log_curves(empty_history()[0], tmp_path / "curves")
    assert not list((tmp_path / "curves").rglob("*.tsv"))


def test_nothing_is_said_and_git_and_dvc_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def sent(*arguments: object, **words: object) -> None:
        raise AssertionError("DVCLive calls out")

    import dvclive.live

    monkeypatch.setattr("dvclive.studio.post_live_metrics", sent)
    monkeypatch.setattr(dvclive.live, "get_dvc_repo", sent)
    monkeypatch.setenv("DVC_STUDIO_TOKEN", "x")
    monkeypatch.setenv("DVC_EXP_BASELINE_REV", "0" * 40)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    log_curves(COURSE, tmp_path / "curves")
    assert [path.name for path in tmp_path.iterdir()] == ["curves"]
    assert capfd.readouterr() == ("", "")


def test_tensorboard_reads_the_event_files_back(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert write_event_files(COURSE, tmp_path) == ["fold-0-seed-0", "fold-1-seed-0", "fold-1-seed-1"]
    events = EventAccumulator(str(tmp_path / "fold-0-seed-0")).Reload()
    assert events.Tags()["scalars"] == ["train_loss", "held_out_loss", "held_out_accuracy"]
    assert [(event.step, event.value) for event in events.Scalars("held_out_accuracy")] == [(0, 0.25), (1, 0.75)]


def test_runs_of_an_earlier_training_go_and_nothing_else(tmp_path: Path) -> None:
    for name in ("fold-7-seed-0", "fold-x-seed-0", "mine"):
        (tmp_path / name).mkdir()
    write_event_files(COURSE[:1], tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"fold-0-seed-0", "fold-x-seed-0", "mine"}


def test_the_command_says_how_to_open_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    COURSE.write_parquet(tmp_path / "history.parquet")
    main(["tensorboard", "--history", str(tmp_path / "history.parquet"), "--folder", str(tmp_path / "runs")])
    assert f"tensorboard --logdir {tmp_path / 'runs'}" in capsys.readouterr().out


def test_no_training_yet(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"error: there is no course of training yet\n.*\n.*dvc repro predict"):
        main(["tensorboard", "--history", str(tmp_path / "history.parquet"), "--folder", str(tmp_path / "runs")])


def test_without_tensorboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    COURSE.write_parquet(tmp_path / "history.parquet")
    with pytest.raises(SystemExit, match=r"TensorBoard is not installed\n.*\n.*pip install tensorboard"):
        main(["tensorboard", "--history", str(tmp_path / "history.parquet"), "--folder", str(tmp_path / "runs")])
