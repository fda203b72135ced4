"""Subsets grow, contain each other and keep the classes' shares; the networks that learn from them are judged alike."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from dataprep import config, folds, learning_curve, predict, tables
from dataprep.config import LearningCurve
from dataprep.schema import FOLDS, IMAGES, LEARNING_CURVE, class_names
from dataprep.training.fold import FoldTask
from stages import learning_curve as stage
from tests import frames
from tests.closure import ROOT

PARAMS = config.load(ROOT / "params.yaml")
CURVE = LearningCurve(enabled=True, points=3, smallest=0.1, repeats=2, enough=5000)
TRAIN = PARAMS.train.model_copy(
    update={
        "width": 8,
        "epochs": 2,
        "min_steps": 100,
        "batch": 64,
        "precision": "float32",
        "learning_rate": 0.24,
        "label_smoothing": 0.1,
        "workers": 1,
    }
)


@settings(max_examples=50, deadline=None)
@given(labels=st.lists(st.integers(0, 4), min_size=1, max_size=200), seed=st.integers(0, 9))
def test_every_start_of_the_order_is_stratified(labels: list[int], seed: int) -> None:
    given_labels = np.array(labels)
    order = learning_curve.stratified_order(given_labels, (seed,))
    assert sorted(order) == list(range(len(labels)))
    classes, counts = np.unique(given_labels, return_counts=True)
    for size in range(1, len(labels) + 1):
        own = np.array([(given_labels[order[:size]] == name).sum() for name in classes])
        assert (own > 0).sum() == min(size, len(classes))
        # No class got its last image before its turn: the share it had before is the least of all.
        started = own > 0
        assert ((own - 1) / counts)[started].max() <= (own / counts).min() + 1e-12


def test_the_seed_decides_which_images_come_first() -> None:
    labels = np.arange(60) % 3
    first, again, other = (learning_curve.stratified_order(labels, seed) for seed in ((0, 1), (0, 1), (1, 1)))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@settings(max_examples=100, deadline=None)
@given(
    images=st.integers(2, 100_000),
    classes=st.integers(2, 300),
    points=st.integers(3, 20),
    smallest=st.floats(0.001, 0.99),
)
def test_sizes_grow_to_all_images_from_some_of_every_class(
    images: int, classes: int, points: int, smallest: float
) -> None:
    params = CURVE.model_copy(update={"points": points, "smallest": smallest})
    sizes = learning_curve.subset_sizes(images, params, classes)
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == images
    assert len(sizes) <= points
    assert sizes[0] >= min(images, 2 * classes)


def data(folder: Path, count: int = 300, k: int = 3) -> tuple[pl.DataFrame, pl.DataFrame, Path]:
    """Return IMAGES, FOLDS and the pixels of so many of scikit-learn's digits at 16 px."""
    digits = load_digits()
    pixels = np.kron(digits.images[:count] * 15, np.ones((2, 2)))
    path = folder / "pixels.npy"
    np.save(path, np.repeat(pixels[..., None], 3, axis=3).astype(np.uint8))
    images = frames.images(
        [{"image_id": f"{number:04d}", "label": str(digits.target[number])} for number in range(count)]
    )
    none = frames.issues("exact_duplicate", [{"image_id": name} for name in images["image_id"]])
    measured = frames.measurements([{"image_id": name} for name in images["image_id"]])
    return images, folds.assign_folds(images, measured, none, none, k=k, seed=0), path


def made(folder: Path, params: LearningCurve) -> list[list[FoldTask]]:
    images, assigned, pixels = data(folder)
    tasks = predict.fold_tasks(images, assigned, pixels, TRAIN, seed=0, device="cpu", scratch=folder)
    return learning_curve.subset_tasks(tasks, params, folder)


def test_subsets_are_nested_and_hold_nothing_out_but_a_whole_fold(tmp_path: Path) -> None:
    repeats = made(tmp_path, CURVE.model_copy(update={"repeats": 4}))
    sizes = [[len(task.train_rows) for task in tasks] for tasks in repeats]
    assert sizes == [sizes[0]] * 4
    for tasks in repeats:
        for small, large in pairwise(tasks):
            assert set(small.train_rows) < set(large.train_rows)
            assert np.array_equal(small.held_out_rows, large.held_out_rows)
        assert not set(tasks[-1].train_rows) & set(tasks[-1].held_out_rows)
        assert len(tasks[-1].train_rows) + len(tasks[-1].held_out_rows) >= 299
        assert {int(task.labels[row]) for task in tasks for row in task.train_rows} == set(range(10))
    # Three folds, four repeats: the last holds out the first fold again and draws anew.
    assert [tasks[0].fold for tasks in repeats] == [0, 1, 2, 0]
    assert not np.array_equal(repeats[0][0].train_rows, repeats[3][0].train_rows)


def test_every_training_has_files_of_its_own(tmp_path: Path) -> None:
    tasks = [task for repeat in made(tmp_path, CURVE.model_copy(update={"repeats": 4})) for task in repeat]
    assert len({task.result for task in tasks}) == len({task.network for task in tasks}) == len(tasks)


@pytest.mark.slow
def test_a_damaged_result_is_made_anew(tmp_path: Path) -> None:
    repeats = [made(tmp_path, CURVE)[0][:1]]
    repeats[0][0].result.write_bytes(b"half")
    found = learning_curve.learn(repeats, [str(number) for number in range(10)])
    assert found.filter(pl.col("label").is_null()).height == 1


def written(folder: Path, *, enabled: bool) -> pl.DataFrame:
    images, assigned, pixels = data(folder)
    tables.write(images, folder / "images.parquet", IMAGES)
    tables.write(assigned, folder / "folds.parquet", FOLDS)
    params = PARAMS.model_copy(
        update={"train": TRAIN, "device": "cpu", "learning_curve": CURVE.model_copy(update={"enabled": enabled})}
    )
    stage.main(
        params,
        images=folder / "images.parquet",
        folds=folder / "folds.parquet",
        pixels=pixels,
        scratch=folder / "scratch",
        curve=folder / "curve.parquet",
    )
    assert not (folder / "scratch").exists()
    return tables.read(folder / "curve.parquet", LEARNING_CURVE)


def test_disabled_it_trains_nothing_and_the_table_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "fold_tasks", None)
    assert written(tmp_path, enabled=False).height == 0


@pytest.mark.slow
def test_networks_learn_more_from_more_and_are_judged_by_whole_folds(tmp_path: Path) -> None:
    found = written(tmp_path, enabled=True)
    images, assigned, _ = data(tmp_path)
    whole = found.filter(pl.col("label").is_null())
    assert whole.height == CURVE.points * CURVE.repeats
    sizes = dict(assigned["fold"].value_counts().iter_rows())
    assert {(repeat, judged) for repeat, judged in whole["repeat", "judged"].iter_rows()} == {
        (repeat, sizes[repeat]) for repeat in range(CURVE.repeats)
    }
    per_class = (
        found.drop_nulls("label")
        .group_by("images", "repeat")
        .agg(pl.col("judged").sum(), right=(pl.col("judged") * pl.col("accuracy")).sum())
    )
    joined = per_class.join(whole, on=["images", "repeat"])
    assert (joined["judged"] == joined["judged_right"]).all()
    assert joined["right"].to_list() == pytest.approx((joined["judged"] * joined["accuracy"]).to_list())
    assert set(found["label"].drop_nulls()) == set(class_names(images))
    means = whole.group_by("images").agg(pl.col("accuracy").mean()).sort("images")["accuracy"]
    assert means[-1] > means[0]
