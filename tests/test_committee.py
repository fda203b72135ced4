"""What networks say together, and networks trained on corrected labels."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.special import log_softmax

from dataprep import noise_model, predict
from dataprep.committee import by_heart, committee_tasks, joint_logits, label_noise, marked, unmarked, weighted
from dataprep.config import Train
from dataprep.noise_model import NoiseModel
from dataprep.training.fold import FoldResult, FoldTask
from tests.training import builders

Said = Callable[[FoldTask, FoldResult], np.ndarray]

NOTHING = np.zeros(0, np.float32)


def made(
    rows: int = 400, classes: int = 4, mark: float = 0.0, folds: int = 2, seed: int = 0
) -> tuple[list[FoldTask], list[FoldResult]]:
    """Return tasks and results of networks that say the given label of seen images by `mark` more than of others."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, rows)
    tasks, results = [], []
    for number in range(folds):
        held_out = np.flatnonzero(np.arange(rows) % folds == number)
        seen = np.flatnonzero(np.arange(rows) % folds != number)
        logits = random.normal(0, 1, (rows, classes)) + 0.7 * np.eye(classes)[labels]
        logits[seen, labels[seen]] += mark
        task = FoldTask(
            fold=number,
            seed=0,
            pixels=Path("none"),
            labels=labels,
            train_rows=seen,
            held_out_rows=held_out,
            other_rows=np.zeros(0, np.int64),
            classes=classes,
            params=builders.params(committee=1),
            base_seed=0,
            device="cpu",
            network=Path("none"),
            result=Path("none"),
        )
        tasks.append(task)
        results.append(
            FoldResult(
                logits=logits[held_out].astype(np.float32),
                seen_logits=logits[seen].astype(np.float32),
                embeddings=NOTHING,
                train_loss=NOTHING,
                held_out_loss=NOTHING,
                held_out_accuracy=NOTHING,
                watched=NOTHING,
            )
        )
    return tasks, results


def agreement(values: np.ndarray, labels: np.ndarray) -> float:
    return float((values.argmax(1) == labels).mean())


@pytest.mark.parametrize("mark", [0.5, 3.0, 50.0])
def test_seen_labels_come_out_on_top_as_often_as_unseen_ones(mark: float) -> None:
    (task, *_), (result, *_) = made(mark=mark)
    assert agreement(result.seen_logits, task.labels[task.train_rows]) > 0.55
    found = unmarked(task, result)
    honest = agreement(found[:200], task.labels[task.held_out_rows])
    assert agreement(found[200:], task.labels[task.train_rows]) == pytest.approx(honest, abs=0.006)


def test_only_the_given_labels_of_seen_images_are_lowered_and_by_one_number() -> None:
    (task, *_), (result, *_) = made(mark=2.0)
    plain = log_softmax(np.concatenate([result.logits, result.seen_logits]).astype(np.float64), axis=1)
    lowered = plain - unmarked(task, result)
    np.testing.assert_array_equal(lowered[:200], 0)
    own = lowered[200:][np.arange(200), task.labels[task.train_rows]]
    np.testing.assert_allclose(own, own[0])
    assert own[0] == pytest.approx(2.0, abs=0.4)
    assert np.count_nonzero(lowered) == 200


def test_nothing_is_added_to_a_network_that_agrees_less_with_what_it_has_seen() -> None:
    (task, *_), (result, *_) = made(mark=-3.0)
    plain = log_softmax(np.concatenate([result.logits, result.seen_logits]).astype(np.float64), axis=1)
    np.testing.assert_allclose(unmarked(task, result), plain)


def test_a_network_that_knows_one_class_is_taken_as_it_is() -> None:
    (one, *_), (said, *_) = made(classes=1)
    assert unmarked(one, said).tolist() == [[0.0]] * 400


@pytest.mark.parametrize(
    ("honest", "seen", "expected"),
    [(0.5, 0.5, 0.0), (0.6, 0.8, 0.5), (0.3, 1.0, 1.0), (0.8, 0.7, 0.0), (1.0, 1.0, 1.0)],
)
def test_what_is_learned_by_heart_is_a_share_of_what_was_not_known(honest: float, seen: float, expected: float) -> None:
    assert by_heart(honest, seen) == pytest.approx(expected)


def plain(logits: np.ndarray) -> np.ndarray:
    return log_softmax(logits.astype(np.float64), axis=1)


def by_loop(tasks: list[FoldTask], results: list[FoldResult], said: Said) -> np.ndarray:
    """Return the weighted mean by the definition, image by image."""
    total, weights = np.zeros((400, 4)), np.zeros((400, 1))
    for task, result in zip(tasks, results, strict=True):
        held = agreement(result.logits, task.labels[task.held_out_rows])
        seen = agreement(result.seen_logits, task.labels[task.train_rows])
        learned = max(0.0, (seen - held) / (1 - held))
        values = said(task, result)
        for at, row in enumerate([*task.held_out_rows, *task.train_rows]):
            weight = 1.0 if at < len(task.held_out_rows) else 1 - learned
            total[row] += weight * values[at]
            weights[row] += weight
    return total / weights


@pytest.mark.parametrize("mark", [0.0, 1.0, 50.0])
def test_what_is_learned_by_heart_counts_less(mark: float) -> None:
    tasks, results = made(folds=3, mark=mark)
    expected = by_loop(tasks, results, unmarked)
    np.testing.assert_allclose(weighted(tasks, results, unmarked), expected)
    model = label_noise(tasks, results)
    np.testing.assert_allclose(model.matrix, noise_model.fit(expected, tasks[0].labels).matrix, atol=1e-6)
    found = joint_logits(tasks, results, [], model)
    np.testing.assert_allclose(found, noise_model.calibrated(model, expected))
    np.testing.assert_allclose(np.exp(found).sum(1), 1)


def test_members_have_three_quarters_of_the_weight_but_for_what_they_have_learned_by_heart() -> None:
    tasks, results = made(folds=2)
    model = NoiseModel(1.0, np.zeros(4), np.eye(4))
    folds = by_loop(tasks, results, unmarked)
    np.testing.assert_allclose(joint_logits(tasks, results, [], model), plain(folds))
    honest = np.mean([agreement(r.logits, t.labels[t.held_out_rows]) for t, r in zip(tasks, results, strict=True)])
    for mark in (0.0, 1.0, 50.0):
        logits = [said(n) + mark * np.eye(4, dtype=np.float32)[tasks[0].labels] for n in (1, 2)]
        members = [replace(results[0], seen_logits=values, logits=values[:0]) for values in logits]
        mean = np.mean([plain(values) for values in logits], axis=0)
        learned = max(0.0, (agreement(mean, tasks[0].labels) - honest) / (1 - honest))
        expected = plain((0.25 * folds + 0.75 * (1 - learned) * mean) / (0.25 + 0.75 * (1 - learned)))
        np.testing.assert_allclose(joint_logits(tasks, results, members, model), expected, atol=1e-6)


def said(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (400, 4)).astype(np.float32)


def test_images_in_no_fold_follow_the_judged_ones() -> None:
    tasks, results = made()
    other = np.array([400, 402])
    labels = np.append(tasks[0].labels, [-1, -1, -1])
    wide = [replace(task, labels=labels, other_rows=other) for task in tasks]
    extra = np.random.default_rng(9).normal(0, 1, (2, 4)).astype(np.float32)
    more = [replace(result, logits=np.concatenate([result.logits, extra])) for result in results]
    model = NoiseModel(1.0, np.zeros(4), np.eye(4))
    np.testing.assert_allclose(joint_logits(wide, more, [], model)[other], plain(extra), atol=1e-6)
    member = replace(results[0], seen_logits=said(1), logits=3 * extra)
    found = joint_logits(wide, more, [member], model)
    assert np.isnan(found[401]).all()
    np.testing.assert_allclose(found[:400], joint_logits(tasks, results, [replace(member, logits=extra[:0])], model))
    assert (found[other].max(1) > plain(extra).max(1)).all()


def test_members_fit_the_starting_weights(tmp_path: Path) -> None:
    tasks, results = made(mark=0.4)
    params = builders.params(committee=1, committee_width=12, weights=str(tmp_path / "some.safetensors"))
    own = [replace(task, params=params, result=tmp_path / f"{task.fold}.result") for task in tasks]
    assert committee_tasks(own, results, label_noise(own, results))[0].params.width == params.width


def test_rows_that_no_network_predicts_are_not_a_number() -> None:
    tasks, results = made()
    short = [replace(task, labels=np.append(task.labels, -1)) for task in tasks]
    found = joint_logits(short, results, [], label_noise(short, results))
    assert np.isnan(found[400]).all()
    assert np.isfinite(found[:400]).all()


def test_members_train_on_all_judged_images_with_soft_labels(tmp_path: Path) -> None:
    tasks, results = made(folds=3, mark=0.4)
    params = builders.params(committee=4, committee_width=12)
    own = [replace(task, params=params, result=tmp_path / f"{task.fold}.result") for task in tasks]
    model = label_noise(own, results)
    found = committee_tasks(own, results, model)
    assert [len(task.held_out_rows) for task in found] == [0] * 4
    assert all(task.train_rows.tolist() == list(range(400)) for task in found)
    assert {task.params.width for task in found} == {12}
    assert len({task.result for task in found}) == 4
    assert len({(task.fold, task.seed) for task in own + found}) == 7
    targets = np.load(found[0].targets or "")
    assert targets.dtype == np.float32
    mean = by_loop(own, results, marked)
    np.testing.assert_allclose(targets, noise_model.posterior(model, 1.5 * mean, own[0].labels), atol=1e-6)
    assert committee_tasks([replace(task, params=builders.params(committee=0)) for task in own], results, model) == []


def test_networks_that_have_learned_all_by_heart_get_no_committee(tmp_path: Path) -> None:
    for mark, count in ((0.4, 1), (50.0, 0)):
        tasks, results = made(mark=mark)
        own = [replace(task, result=tmp_path / f"{task.fold}.result") for task in tasks]
        assert len(committee_tasks(own, results, label_noise(own, results))) == count


def test_other_corrections_or_parameters_make_other_members(tmp_path: Path) -> None:
    def name(params: Train, seed: int) -> str:
        tasks, results = made(folds=2, seed=seed)
        own = [replace(task, params=params, result=tmp_path / f"{task.fold}.result") for task in tasks]
        return committee_tasks(own, results, label_noise(own, results))[0].result.name

    first = builders.params(committee=1)
    names = {
        name(first, 0),
        name(first, 1),
        name(builders.params(committee=1, committee_epochs=2), 0),
        name(builders.params(committee=1, committee_smoothing=0.1), 0),
    }
    assert len(names) == 4
    assert name(builders.params(committee=1, workers=5), 0) in names


@pytest.mark.slow
def test_a_committee_finds_swapped_labels_and_changes_nothing_else(tmp_path: Path) -> None:
    pixels = builders.pixel_file(tmp_path)
    labels = builders.separable()[1]
    swapped = [3, 20, 41, 66]
    for row in swapped:
        labels[row] = "a" if labels[row] == "b" else "b"
    images, folds = builders.tables(labels)
    found = {}
    for committee in (0, 2):
        params = builders.params(committee=committee, committee_epochs=3, committee_width=8)
        tasks = predict.fold_tasks(images, folds, pixels, params, seed=0, device="cpu", scratch=tmp_path / "scratch")
        found[committee] = predict.predict_out_of_fold(folds, tasks)
    alone, together = found[0][0], found[2][0]
    assert alone.drop("joint_logits").equals(together.drop("joint_logits"))
    assert all(a.equals(b) for a, b in zip(found[0][1:], found[2][1:], strict=True))
    assert not alone["joint_logits"].equals(together["joint_logits"])
    joint = together["joint_logits"].to_numpy()
    given = (together["label"] == "b").to_numpy().astype(int)
    rows = np.flatnonzero(joint.argmax(1) != given)
    suspect = [int(name) for name in together["image_id"].gather(rows)]
    assert set(suspect) <= set(swapped)
    assert len(suspect) >= 3
    assert together.select(pl.col("joint_logits").arr.eval(pl.element().is_finite()).arr.all()).to_series().all()
