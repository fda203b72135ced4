"""Which images are asked about, and what is made of the answers; at the end by real networks."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

from dataprep import predict
from dataprep.augmentation.audit import LEAST_IMAGES, Sample, audit_augmentation, change_by, run_audit, sample
from dataprep.augmentation.judges import load_judges
from dataprep.augmentation.ladder import CONFIGURED, Rung, ladder
from dataprep.config import Audit, Augment
from dataprep.errors import DataprepError
from dataprep.schema import AUGMENTATION_AUDIT, check
from tests import frames
from tests.augmentation.test_ladder import OFF, used
from tests.training import builders

PARAMS = Audit(bound=0.2, images=12)


def asked_about(labels: list[str], wrong: set[int] = frozenset(), folds: dict[int, None] | None = None) -> Sample:  # type: ignore[assignment]
    """Return the sample of so many images; those in `wrong` are predicted as another class."""
    names = sorted(set(labels))
    sure = np.full((len(labels), len(names)), 0.1, np.float32)
    for row, label in enumerate(labels):
        sure[row, (names.index(label) + (row in wrong)) % len(names)] = 0.8
    given = [(folds or {}).get(row, row % 2) for row in range(len(labels))]
    images, predictions = frames.predicted(labels, sure, folds=given)
    pixels = np.arange(len(labels), dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    return sample(images, predictions, pixels, PARAMS)


def test_asked_about_are_recognized_held_out_images() -> None:
    found = asked_about(["a", "b"] * 12, wrong={3}, folds={4: None})
    assert len(found.image_ids) == 22
    assert not {"00003", "00004"} & set(found.image_ids)
    assert found.image_ids == sorted(found.image_ids)
    assert [found.classes[label] for label in found.labels] == ["ab"[int(name) % 2] for name in found.image_ids]
    assert found.pixels[:, 0, 0, 0].tolist() == [int(name) for name in found.image_ids]
    assert found.folds.tolist() == [int(name) % 2 for name in found.image_ids]


def test_of_a_class_the_first_by_hash_are_chosen_and_small_classes_left_out() -> None:
    labels = ["a"] * 40 + ["b"] * (LEAST_IMAGES - 1)
    found = asked_about(labels)
    every = sorted((f"{number:05d}" for number in range(40)), key=frames.digest)
    assert found.image_ids == sorted(every[:12])


def test_of_very_many_classes_some_are_looked_at() -> None:
    labels = [f"{number:03d}" for number in range(300) for _ in range(LEAST_IMAGES)]
    found = asked_about(labels)
    assert len(found.labels) == 2000
    assert set(np.bincount(found.labels)[found.labels]) == {LEAST_IMAGES}
    assert {found.labels.min(), found.labels.max()} == {0, 299}


def test_equal_files_are_asked_about_once() -> None:
    images, predictions = frames.predicted(["a"] * 11 + ["b"], np.array([[0.9, 0.1]] * 11 + [[0.1, 0.9]]))
    images = images.with_columns(sha256=pl.lit(frames.digest("same")))
    assert sample(images, predictions, np.zeros((12, 4, 4, 3), np.uint8), PARAMS).image_ids == []


def sides(labels: list[int]) -> Sample:
    """Return pictures that are bright on the left (class l), on the right (r) or on both sides (both)."""
    pixels = torch.zeros(len(labels), 3, 8, 8, dtype=torch.uint8)
    for row, label in enumerate(labels):
        pixels[row, :, :, slice(0, 4) if label == 0 else slice(4, 8) if label == 1 else slice(0, 8)] = 200 + row % 9
    names = [f"{row:03d}" for row in range(len(labels))]
    hashes = [frames.digest(name) for name in names]
    return Sample(names, hashes, np.array(labels), np.array(labels) % 2, ["l", "r", "both"], pixels)


def seen(images: torch.Tensor, folds: np.ndarray) -> np.ndarray:
    """Say how bright the sides are: softmax of left - right, right - left, and both."""
    left, right = (half.float().mean((1, 2, 3)) / 255 for half in images.split(4, dim=3))
    scores = torch.stack([left - right, right - left, 2 * torch.minimum(left, right)], 1)
    return (8 * scores).softmax(1).double().numpy()


def test_a_mirrored_left_becomes_a_right_and_has_its_picture() -> None:
    asked = sides([0, 1, 2] * 12)
    rungs = [rung for rung in ladder(used(horizontal_flip={"probability": 0.5}), 8) if "flip" in rung.operation]
    table, pictures = run_audit(asked, rungs, change_by(OFF, 0), seen, 0.2)
    assert check(table, AUGMENTATION_AUDIT, "test").equals(table)
    changed = table.filter("changes")
    assert changed.select("operation", "label", "becomes", "another", "in_use", "begins_at").rows() == [
        ("horizontal_flip", "l", "r", True, True, 1.0),
        ("horizontal_flip", "r", "l", True, True, 1.0),
    ]
    assert table.height == 6
    assert table.filter(operation="vertical_flip")["loss"].to_list() == [0.0] * 3
    shown = table.drop_nulls("example")
    assert len(pictures) == shown.height == 2
    for picture, name, into in zip(pictures, shown["example"], shown["example_becomes"], strict=True):
        original = asked.pixels[int(name)].permute(1, 2, 0).numpy()
        assert np.array_equal(picture, original[:, ::-1])
        assert into == {0: "r", 1: "l"}[int(name) % 3]
    assert (shown["example_before"] - shown["example_after"]).min() > 0.9


def test_images_that_stay_the_same_are_not_asked_about_again() -> None:
    asked, calls = sides([0, 1, 2] * 12), []

    def counting(images: torch.Tensor, folds: np.ndarray) -> np.ndarray:
        calls.append(len(images))
        return seen(images, folds)

    rungs = [Rung("saturation", 0.5, -1, False), Rung("horizontal_flip", 1.0, 1, False)]
    run_audit(asked, rungs, change_by(OFF, 0), counting, 0.2)  # gray stays gray; what is alike on both sides stays
    assert calls == [36, 24]


def test_what_any_resampling_blurs_is_no_change_of_a_rotation() -> None:
    stripes, plain = torch.zeros(2, 3, 16, 16, dtype=torch.uint8)
    stripes[:, :, ::2] = 200
    pixels = torch.stack([stripes, plain + 100] * 12)
    names = [f"{row:03d}" for row in range(24)]
    hashes = [frames.digest(name) for name in names]
    labels = np.array([0, 1] * 12)
    asked = Sample(names, hashes, labels, labels * 0, ["striped", "plain"], pixels)

    def detail(images: torch.Tensor, folds: np.ndarray) -> np.ndarray:
        stripes = images.float().diff(dim=3).abs().mean((1, 2, 3)) / 200
        return torch.stack([stripes, 1 - stripes], 1).double().numpy()

    rungs = [Rung("rotation", 5.0, 1, False), Rung("rotation", 90.0, 2, False), Rung("blur", 1.0, 1, False)]
    table, _ = run_audit(asked, rungs, change_by(OFF, 0), detail, 0.2)
    striped = {(row["operation"], row["value"]): row for row in table.filter(label="striped").iter_rows(named=True)}
    assert striped["blur", 1.0]["before"] == 1.0
    assert striped["blur", 1.0]["changes"]
    assert striped["rotation", 5.0]["after"] < 0.8  # would be a change, of an image that is not blurred alike
    assert striped["rotation", 5.0]["before"] < 0.8
    assert not striped["rotation", 5.0]["changes"]
    assert striped["rotation", 90.0]["changes"]


def test_all_together_is_the_first_copy_without_what_takes_other_images() -> None:
    params = used(horizontal_flip={"probability": 1.0}, mixup={"probability": 1.0, "share": (0.4, 0.4)})
    asked = sides([0, 1])
    made = change_by(params, 0)(asked.pixels, asked.sha256, CONFIGURED)
    assert torch.equal(made, asked.pixels.flip(3))


def test_without_networks_nothing_is_said(tmp_path: Path) -> None:
    images, predictions = frames.predicted(["a", "b"] * 20, np.array([[0.9, 0.1], [0.1, 0.9]] * 20))
    pixels = np.zeros((40, 8, 8, 3), np.uint8)
    table, pictures = audit_augmentation(
        images, predictions, pixels, tmp_path, PARAMS, OFF, builders.params(), seed=0, on=torch.device("cpu")
    )
    assert table.equals(AUGMENTATION_AUDIT.empty())
    assert pictures.shape == (0, 8, 8, 3)


def test_a_missing_network_is_named(tmp_path: Path) -> None:
    (tmp_path / predict.TEMPERATURE).write_text('{"temperature": 1.0}')
    with pytest.raises(DataprepError, match=r"fold-3-seed-0\.safetensors"):
        load_judges(tmp_path, [3], builders.params(), torch.device("cpu"))


def digits_audit(folder: Path, params: Augment) -> tuple[pl.DataFrame, np.ndarray]:
    """Return the audit of 1,000 of scikit-learn's digits by small networks of two folds."""
    source = load_digits()
    small = torch.from_numpy(source.images[:1000] * 255 / 16)[:, None]
    gray = F.interpolate(small, (16, 16), mode="bilinear").round().to(torch.uint8)
    pixels = gray.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).contiguous().numpy()
    np.save(folder / "pixels.npy", pixels)
    images, folds = builders.tables([str(label) for label in source.target[:1000]], k=2)
    train = builders.params(width=16, min_steps=100, batch=100, label_smoothing=0.4, shift=0.0625)
    tasks = predict.fold_tasks(images, folds, folder / "pixels.npy", train, seed=0, device="cpu", scratch=folder / "s")
    found, _, _ = predict.predict_out_of_fold(folds, tasks)
    predict.keep_networks(tasks, folder / "networks")
    return audit_augmentation(
        images, found, pixels, folder / "networks", PARAMS, params, train, seed=0, on=torch.device("cpu")
    )


@pytest.mark.slow
def test_a_half_turn_makes_a_six_a_nine_and_a_pixel_of_shift_changes_no_digit(tmp_path: Path) -> None:
    table, pictures = digits_audit(tmp_path, used(rotation={"probability": 1.0, "degrees": (-180.0, 180.0)}))
    assert table["label"].n_unique() == 10
    six = table.filter(operation="rotation", value=180.0, label="6").row(0, named=True)
    assert (six["becomes"], six["changes"], six["another"], six["in_use"]) == ("9", True, True, True)
    assert six["before"] > 0.8
    assert six["after"] < 0.2
    assert (six["example_becomes"], six["images"]) == ("9", PARAMS.images)
    pixel = table.filter(pl.col("operation") == "shift", pl.col("value").abs() == 1 / 16)
    assert pixel.height == 20
    assert not pixel["changes"].any()
    assert len(pictures) == table["example"].count() > 0
