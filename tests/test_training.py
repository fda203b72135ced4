from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from dataprep import device, folds, predict, training
from dataprep.config import Train
from dataprep.errors import DataprepError
from dataprep.networks import Network
from tests import frames

PARAMS = Train(
    epochs=3,
    min_steps=30,
    batch=16,
    width=8,
    learning_rate=0.05,
    momentum=0.9,
    weight_decay=0.0005,
    label_smoothing=0.1,
    flip=False,
    shift=0.1,
    workers=2,
)
SIDE = 16


def separable(count: int = 90) -> tuple[np.ndarray, list[str]]:
    """Pictures of bars, upright for class a and level for class b, and their labels."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 60, (count, SIDE, SIDE, 3), np.uint8)
    labels = ["a" if n % 2 else "b" for n in range(count)]
    for n, label in enumerate(labels):
        at = random.integers(2, SIDE - 4)
        if label == "a":
            pixels[n, :, at : at + 3] = 220
        else:
            pixels[n, at : at + 3] = 220
    return pixels, labels


def tables(labels: list[str], k: int = 3) -> tuple[pl.DataFrame, pl.DataFrame]:
    images = frames.images([{"image_id": f"{n:03d}", "label": label} for n, label in enumerate(labels)])
    none = frames.issues("exact_duplicate", [{"image_id": n} for n in images["image_id"]])
    measured = frames.measurements([{"image_id": n} for n in images["image_id"]])
    return images, folds.assign_folds(images, measured, none, none, k=k, seed=0)


def predicted(path: Path, labels: list[str], params: Train = PARAMS) -> tuple[pl.DataFrame, pl.DataFrame]:
    images, assigned = tables(labels)
    return predict.predict_out_of_fold(images, assigned, path, params, seed=0, device="cpu")


@pytest.fixture(scope="module")
def pixel_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pixels") / "pixels.npy"
    np.save(path, separable()[0])
    return path


@pytest.mark.slow
def test_out_of_fold_predictions_are_right_and_the_same_twice(pixel_file: Path) -> None:
    labels = separable()[1]
    found, history = predicted(pixel_file, labels)
    probabilities = found["probabilities"].to_numpy()
    assert np.allclose(probabilities.sum(1), 1, atol=1e-5)
    assert (probabilities.argmax(1) == [int(label == "b") for label in found["label"]]).mean() > 0.9
    assert history.group_by("fold").len().height == 3
    again, _ = predicted(pixel_file, labels, PARAMS.model_copy(update={"workers": 1}))
    assert found.equals(again)


@pytest.mark.gpu
@pytest.mark.slow
def test_cuda_predicts_right_and_the_same_twice(pixel_file: Path) -> None:
    labels = separable()[1]
    images, assigned = tables(labels)
    first, again = (
        predict.predict_out_of_fold(images, assigned, pixel_file, PARAMS, seed=0, device="cuda")[0] for _ in range(2)
    )
    assert first.equals(again)
    assert (first["probabilities"].to_numpy().argmax(1) == [int(label == "b") for label in first["label"]]).mean() > 0.9


@pytest.mark.slow
def test_rows_in_no_fold_get_the_mean_of_all_networks(pixel_file: Path) -> None:
    labels = separable()[1]
    labels[0] = "rare"
    found, _ = predicted(pixel_file, labels)
    row = found.filter(image_id="000")
    assert row["fold"].to_list() == [None]
    assert sum(row["probabilities"][0]) == pytest.approx(1.0, abs=1e-5)
    assert found.height == len(labels)


def test_no_image_is_predicted_by_a_network_that_saw_it(pixel_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[int, set[int]] = {}

    def spy(tasks: list[training.FoldTask], workers: int) -> list[training.FoldResult]:
        for task in tasks:
            seen[task.fold] = set(task.train_rows) & set(task.held_out_rows)
            assert set(task.train_rows) | set(task.held_out_rows) == set(range(90))
        blank = [np.full((len(t.held_out_rows), 2), 0.5, np.float32) for t in tasks]
        return [training.FoldResult(t.fold, p, p, [1.0], [0.5]) for t, p in zip(tasks, blank, strict=True)]

    monkeypatch.setattr(predict, "_run", spy)
    predicted(pixel_file, separable()[1])
    assert seen == {0: set(), 1: set(), 2: set()}


@pytest.mark.parametrize("side", [4, 8, 16, 28, 32, 64, 100])
def test_the_network_takes_any_side(side: int) -> None:
    network = Network(5, side, 8, torch.zeros(3), torch.ones(3))
    logits, embedding = network(torch.zeros(2, 3, side, side, dtype=torch.uint8))
    assert logits.shape == (2, 5)
    assert embedding.shape[0] == 2


def test_shifts_move_whole_pixels_and_repeat_the_edge() -> None:
    image = torch.arange(10, dtype=torch.uint8).view(1, 1, 1, 10).expand(200, 3, 10, 10)
    moved = training.augmented(image, False, 0.2, torch.Generator().manual_seed(0))
    rows = {tuple(row.tolist()) for row in moved[:, 0, 0]}
    expected = {tuple(min(max(c + offset, 0), 9) for c in range(10)) for offset in range(-2, 3)}
    assert rows == expected


def test_flip_mirrors_about_half() -> None:
    image = torch.arange(10, dtype=torch.uint8).view(1, 1, 1, 10).expand(400, 3, 10, 10)
    first = training.augmented(image, True, 0.0, torch.Generator().manual_seed(0))[:, 0, 0, 0]
    assert set(first.tolist()) == {0, 9}
    assert 140 < int((first == 9).sum()) < 260


@pytest.mark.slow
def test_a_diverging_training_stops_and_names_the_fold(pixel_file: Path) -> None:
    wild = PARAMS.model_copy(update={"learning_rate": 1e30})
    expected = r"the training loss is (nan|inf) in fold \d, epoch \d+, step \d+\n.*\n.*lower train"
    with pytest.raises(DataprepError, match=expected):
        predicted(pixel_file, separable()[1], wild)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_where_there_is_none() -> None:
    with pytest.raises(DataprepError, match=r"there is no CUDA device.*\n.*device: cuda\n.*set device: auto"):
        device.resolve("cuda")


def test_auto_and_cpu() -> None:
    assert device.resolve("cpu").type == "cpu"
    assert device.resolve("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
