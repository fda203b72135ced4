"""What predictions say of classes, against planted truth and plain loops."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.special import softmax

from dataprep.classes.coverage import coverage
from dataprep.classes.pairs import class_pairs, mixed_up, separations
from dataprep.classes.subclasses import subclasses, two_centers, valley
from dataprep.judged import Judged, judge
from dataprep.noise_model import LabelNoise, estimate
from dataprep.schema import COVERAGE, SUBCLASSES, check
from tests import frames

FOLDS = 4


def frames_of(
    labels: np.ndarray, probabilities: np.ndarray, embeddings: np.ndarray | None = None, folds: int = FOLDS
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return images and predictions of classes "0", "1", ...; fold n % folds."""
    numbers = (np.arange(len(labels)) % folds).tolist()
    return frames.predicted(labels.tolist(), probabilities, embeddings=embeddings, folds=numbers)


def both(labels: np.ndarray, probabilities: np.ndarray) -> tuple[Judged, LabelNoise]:
    judged = judge(*frames_of(labels, probabilities))
    return judged, noise_of(judged)


def noise_of(judged: Judged) -> LabelNoise:
    return estimate(judged.joint, judged.labels)


def split(judged: Judged, seed: int) -> pl.DataFrame:
    return subclasses(judged, noise_of(judged), seed)


def simulated(matrix: np.ndarray, count: int, seed: int = 0, strength: float = 6.0) -> tuple[Any, ...]:
    """Return right classes, given labels and calibrated probabilities of networks that see the right class."""
    random = np.random.default_rng(seed)
    width = len(matrix)
    probabilities = softmax(strength * random.standard_normal((count, width)), axis=1)
    right = np.array([random.choice(width, p=row) for row in probabilities])
    given = np.array([random.choice(width, p=matrix[y]) for y in right])
    return right, given, probabilities


def noisy(width: int, share: float = 0.1) -> np.ndarray:
    return np.full((width, width), share / (width - 1)) + np.eye(width) * (1 - share - share / (width - 1))


def split_at_random(probabilities: np.ndarray, given: np.ndarray, number: int, seed: int) -> tuple[Any, Any]:
    """Give half of a class's labels to a new class, that networks predict just as they do the old one."""
    random = np.random.default_rng(seed)
    moved = (given == number) & (random.random(len(given)) < 0.5)
    part = 1 / (1 + np.exp(-0.3 * random.standard_normal(len(given))))
    new = np.column_stack([probabilities, probabilities[:, number] * part])
    new[:, number] *= 1 - part
    return np.where(moved, probabilities.shape[1], given), new


def blobs(gaps: list[float], seed: int, shape: str = "normal", each: int = 400) -> Judged:
    """Return classes whose embeddings are two groups so many standard deviations apart, turned anew in each fold."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(gaps)), each)
    folds, group = np.arange(len(labels)) % FOLDS, random.random(len(labels)) < 0.4
    draws = {
        "normal": random.standard_normal((len(labels), 12)),
        "skewed": random.exponential(size=(len(labels), 12)),
        "heavy": random.standard_t(3, size=(len(labels), 12)),
        "flat": random.random((len(labels), 12)),
    }
    points = draws[shape] + 5 * np.eye(12)[labels % 12]
    points[:, -1] += group * np.array(gaps)[labels]
    for fold in range(FOLDS):
        turn = np.linalg.qr(random.standard_normal((12, 12)))[0]
        points[folds == fold] = points[folds == fold] @ turn
    logits = 8 * np.eye(len(gaps))[labels] + random.standard_normal((len(labels), len(gaps)))
    logits[:, 0] += group * (np.array(gaps)[labels] > 0)
    return judge(*frames_of(labels, softmax(logits, 1), points))


def named(frame: pl.DataFrame, column: str) -> set[tuple[str, str]]:
    return set(frame.filter(pl.col(column) & (pl.col("given") < pl.col("right")))["given", "right"].iter_rows())


def test_a_known_noise_matrix_and_its_counts_are_recovered() -> None:
    matrix = noisy(4)
    matrix[1] = [0.05, 0.65, 0.25, 0.05]
    right, given, probabilities = simulated(matrix, 6000)
    found = class_pairs(*both(given, probabilities))
    assert found.height == 16
    truth = np.array([[((given == g) & (right == y)).sum() for y in range(4)] for g in range(4)])
    np.testing.assert_allclose(found["probability"].to_numpy().reshape(4, 4).T, matrix, atol=0.025)
    np.testing.assert_allclose(found["images"].to_numpy().reshape(4, 4), truth, atol=45)
    assert found["images"].sum() == pytest.approx(6000)


@pytest.mark.parametrize("seed", range(3))
def test_two_classes_that_cannot_be_told_apart_are_to_be_merged_and_no_others(seed: int) -> None:
    _, given, probabilities = simulated(noisy(6), 6000, seed)
    assert not named(class_pairs(*both(given, probabilities)), "overlapping")
    found = class_pairs(*both(*split_at_random(probabilities, given, 2, seed)))
    assert named(found, "merge") == named(found, "overlapping") == {("2", "6")}
    assert found.filter("merge")["overlap"].min() > 0.8  # type: ignore[operator]


def test_confused_classes_overlap_without_being_merged() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 6, 3000)
    logits = 5 * np.eye(6)[labels] + random.standard_normal((3000, 6))
    logits[:, 1] += 3.7 * (labels == 0)
    logits[:, 0] += 3.7 * (labels == 1)
    found = class_pairs(*both(labels, softmax(logits, 1)))
    assert named(found, "overlapping") == {("0", "1")}
    assert not named(found, "merge")


def test_networks_that_know_nothing_merge_nothing() -> None:
    random = np.random.default_rng(0)
    found = class_pairs(*both(random.integers(0, 5, 1000), softmax(random.standard_normal((1000, 5)), 1)))
    assert not found["merge"].any()
    assert not found["overlapping"].any()


def test_a_rare_class_is_not_merged_for_being_predicted_rarely() -> None:
    random = np.random.default_rng(1)
    labels = np.where(random.random(4000) < 0.02, 0, random.integers(1, 5, 4000))
    logits = 5 * np.eye(5)[labels] + random.standard_normal((4000, 5))
    logits[:, 0] -= 6
    judged = judge(*frames_of(labels, softmax(logits, 1)))
    assert (judged.probabilities.argmax(1) == 0).sum() < 10
    assert not class_pairs(judged, noise_of(judged))["merge"].any()


def test_separation_is_that_of_a_plain_loop_within_folds() -> None:
    _, given, probabilities = simulated(noisy(3, 0.3), 150)
    coarse = probabilities.round(1) + 0.01
    judged = judge(*frames_of(given, coarse / coarse.sum(1, keepdims=True)))
    pairs = separations(judged, mixed_up(judged))
    logs = np.log(judged.probabilities)
    for a, b, value in zip(pairs.first, pairs.second, pairs.value, strict=True):
        score = logs[:, a] - logs[:, b]
        signs = [
            np.sign(score[i] - score[j])
            for i in np.flatnonzero(judged.labels == a)
            for j in np.flatnonzero(judged.labels == b)
            if judged.folds[i] == judged.folds[j]
        ]
        assert value == pytest.approx(np.mean(signs))


def test_the_error_of_a_separation_is_the_spread_over_draws() -> None:
    found = []
    for seed in range(60):
        _, given, probabilities = simulated(noisy(2, 0.2), 240, seed, strength=2.0)
        judged = judge(*frames_of(given, probabilities))
        pairs = separations(judged, mixed_up(judged))
        found.append((pairs.value[0], pairs.error[0]))
    values, errors = np.array(found).T
    assert errors.mean() == pytest.approx(values.std(), rel=0.25)


def test_of_many_classes_only_the_nearest_are_compared() -> None:
    _, given, probabilities = simulated(noisy(15), 3000)
    found = class_pairs(*both(given, probabilities)).filter(pl.col("given") != pl.col("right"))
    compared = found.drop_nulls("overlap").group_by("given").len()
    assert compared.height == 15
    assert compared["len"].min() >= 10  # type: ignore[operator]
    assert found["overlap"].null_count() > 0


def test_coverage_is_that_of_a_plain_loop() -> None:
    _, given, probabilities = simulated(noisy(3, 0.3), 300)
    judged = judge(*frames_of(given, probabilities))
    found = coverage(judged, noise_of(judged))
    assert found["coverage"].to_list() == pytest.approx(np.arange(1, 21) / 20)
    answer, sure = judged.probabilities.argmax(1), judged.probabilities.max(1)
    right = noise_of(judged).right
    for part, threshold, agreement, accuracy in found.iter_rows():
        rows = [n for n in range(300) if sure[n] >= threshold]
        assert part == len(rows) / 300
        assert agreement == pytest.approx(np.mean([answer[n] == given[n] for n in rows]))
        assert accuracy == pytest.approx(np.mean([right[n, answer[n]] for n in rows]))


def test_estimated_accuracy_is_near_the_truth_where_agreement_is_not() -> None:
    right, given, probabilities = simulated(noisy(4, 0.3), 4000)
    last = coverage(*both(given, probabilities)).row(-1, named=True)
    truth = (probabilities.argmax(1) == right).mean()
    assert last["estimated_accuracy"] == pytest.approx(truth, abs=0.03)
    assert last["agreement"] < truth - 0.1


def test_equally_sure_images_are_answered_together() -> None:
    labels = np.arange(40) % 2
    found = coverage(*both(labels, np.full((40, 2), 0.1) + 0.8 * np.eye(2)[labels]))
    assert found["coverage"].to_list() == [1.0]
    assert found["agreement"].to_list() == [1.0]


@pytest.mark.parametrize("seed", range(4))
def test_a_class_of_two_groups_is_found_and_its_sides_are_the_same_in_all_folds(seed: int) -> None:
    found = split(blobs([0.0, 7.0, 0.0], seed), 0)
    assert found["label"].to_list() == ["1", "1"]
    assert found["images"].sum() == 400
    assert found["share"].to_list() == pytest.approx([0.6, 0.4], abs=0.06)
    assert found["separation"].min() > 0.5  # type: ignore[operator]
    group = np.random.default_rng(seed).random(1200) < 0.4
    for side, examples in zip((False, True), found["examples"], strict=True):
        assert len(examples) == 8
        assert {bool(group[int(name)]) for name in examples} == {side}


@pytest.mark.parametrize("shape", ["normal", "skewed", "heavy", "flat"])
def test_classes_of_one_group_are_not_split(shape: str) -> None:
    for seed in range(4):
        assert split(blobs([0.0] * 4, seed, shape), seed).equals(pl.DataFrame(schema=SUBCLASSES.columns))


def test_groups_that_differ_from_fold_to_fold_are_not_sub_classes() -> None:
    judged = blobs([0.0, 7.0, 0.0], 0)
    logs = np.random.default_rng(0).standard_normal(judged.probabilities.shape)
    shapeless = replace(judged, probabilities=softmax(logs, 1))
    assert split(judged, 0).height
    assert not split(shapeless, 0).height


def test_of_a_single_class_the_groups_are_still_found() -> None:
    judged = blobs([8.0], 0)
    assert split(judged, 0)["label"].to_list() == ["0", "0"]
    assert not class_pairs(judged, noise_of(judged)).height
    assert not coverage(judged, noise_of(judged)).height


def test_few_images_and_equal_images_are_not_split() -> None:
    assert not split(blobs([8.0, 8.0], 0, each=120), 0).height
    assert two_centers(np.ones((50, 3))) is None
    assert valley(np.ones((50, 3)), np.random.default_rng(0)) is None


def test_more_dimensions_than_images_give_the_same_centers() -> None:
    random = np.random.default_rng(0)
    points = random.standard_normal((60, 5)) + 8 * (random.random((60, 1)) < 0.5)
    wide = np.hstack([points, np.zeros((60, 100))])
    narrow, found = two_centers(points), two_centers(wide)
    assert narrow is not None
    assert found is not None
    order = [0, 1] if np.allclose(found[0, :5], narrow[0]) else [1, 0]
    np.testing.assert_allclose(found[order][:, :5], narrow, atol=1e-8)


def test_the_same_input_gives_the_same_tables() -> None:
    first, second = blobs([0.0, 7.0], 3), blobs([0.0, 7.0], 3)
    assert class_pairs(first, noise_of(first)).equals(class_pairs(second, noise_of(second)))
    assert split(first, 1).equals(split(second, 1))
    check(coverage(first, noise_of(first)), COVERAGE, "test")


def test_images_without_fold_or_label_and_classes_without_image_are_left_out() -> None:
    _, given, probabilities = simulated(noisy(3), 300)
    images, predictions = frames_of(given, probabilities)
    images = images.with_columns(pl.when(pl.col("image_id") == "00007").then(None).otherwise("label").alias("label"))
    unheld = (pl.col("label") == "2") | (pl.col("image_id") == "00008")
    judged = judge(images, predictions.with_columns(pl.when(unheld).then(None).otherwise("fold").alias("fold")))
    assert judged.classes == ["0", "1"]
    assert not {"00007", "00008"} & set(judged.ids)
    np.testing.assert_allclose(judged.probabilities.sum(1), 1)
    assert class_pairs(judged, noise_of(judged)).height == 4


def test_a_class_that_is_never_predicted_is_judged_like_any_other() -> None:
    _, given, probabilities = simulated(noisy(3), 300)
    probabilities[:, 2] = 0
    probabilities /= probabilities.sum(1, keepdims=True)
    found = class_pairs(*both(given, probabilities))
    assert found.height == 9
    assert found["images"].is_finite().all()


def test_nothing_judged_gives_empty_tables() -> None:
    images, predictions = frames_of(np.array([0, 1]), np.full((2, 2), 0.5))
    judged = judge(images, predictions[:0])
    assert judged.classes == []
    assert not class_pairs(judged, noise_of(judged)).height
    assert not coverage(judged, noise_of(judged)).height
    assert not split(judged, 0).height
