"""Each check passes on a sound training and fails on one that is broken in the way it is meant to catch."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from torch import Tensor

from dataprep import predict
from dataprep.checks import REGISTRY, insides, learning, results, run_checks
from dataprep.checks import subject as subjects
from dataprep.checks.subject import Subject
from dataprep.config import Checks
from dataprep.networks import Network
from dataprep.training.inference import infer
from dataprep.wording import CHECKS
from tests.training import builders

pytestmark = pytest.mark.slow
TRAIN = builders.params(min_steps=60)


def train(folder: Path, labels: list[str], pixels: np.ndarray | None = None) -> Subject:
    """Return a Subject of networks trained with these labels."""
    path = builders.pixel_file(folder)
    if pixels is not None:
        np.save(path, pixels)
    images, folds = builders.tables(labels)
    tasks = predict.fold_tasks(images, folds, path, TRAIN, seed=0, device="cpu", scratch=folder / "scratch")
    predictions, history, watched = predict.predict_out_of_fold(folds, tasks)
    predict.keep_networks(tasks, folder / "networks")
    return Subject(
        images=images,
        folds=folds,
        predictions=predictions,
        history=history,
        watched=watched,
        pixels=np.load(path),
        networks=folder / "networks",
        params=Checks(images=60, batch=16, steps=40),
        train=TRAIN,
        seed=0,
        device=torch.device("cpu"),
    )


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """As the stage computes: sums in the same order each time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return train(tmp_path_factory.mktemp("sound"), builders.separable()[1])


@pytest.fixture
def sound(trained: Subject) -> Subject:
    """A Subject with nothing computed yet."""
    return replace(trained)


def test_every_check_passes_on_a_sound_training(sound: Subject) -> None:
    found, arrays = run_checks(sound)
    assert found.filter(pl.col("status") != "passes").rows() == []
    assert set(found["check"]) == set(REGISTRY)
    assert all(torch.isfinite(value).all() for value in arrays.values())
    again, _ = run_checks(replace(sound))
    assert found.equals(again)


def test_every_check_has_words() -> None:
    assert list(CHECKS) == list(REGISTRY)


def test_shuffled_labels(tmp_path: Path) -> None:
    labels = np.random.default_rng(1).permutation(builders.separable()[1]).tolist()
    broken = train(tmp_path, labels)
    assert results.better_than_chance(broken).status == "fails"
    assert learning.input_independent(broken).status == "fails"


def test_images_that_are_all_alike(tmp_path: Path) -> None:
    flat = np.full((90, builders.SIDE, builders.SIDE, 3), 9, np.uint8)
    found, _ = run_checks(train(tmp_path, builders.separable()[1], flat))
    status = dict(found["check", "status"].iter_rows())
    assert {status[name] for name in ("inputs", "better_than_chance", "input_independent", "isolated")} == {"fails"}


def test_channels_swapped_after_training(sound: Subject) -> None:
    swapped = torch.from_numpy(sound.pixels[..., ::-1].copy()).permute(0, 3, 1, 2)
    logits, _ = infer(sound.final[0], swapped, sound.train, views=False)
    wrong = pl.Series(logits.softmax(1).numpy(), dtype=pl.Array(pl.Float32, 2))
    broken = replace(sound, predictions=sound.predictions.with_columns(probabilities=wrong))
    assert results.predictions_hold(sound).status == "passes"
    assert results.predictions_hold(broken).status == "fails"


def test_predictions_without_an_image(sound: Subject) -> None:
    broken = replace(sound, predictions=sound.predictions.filter(pl.col("fold") != 0))
    assert results.predictions_hold(broken).status == "fails"


def test_one_fold_that_did_not_learn(sound: Subject) -> None:
    fallen = pl.when(pl.col("fold") == 1).then(0.2).otherwise("held_out_accuracy").cast(pl.Float32)
    outcome = results.folds_agree(replace(sound, history=sound.history.with_columns(held_out_accuracy=fallen)))
    assert outcome.status == "fails"
    assert "fold 1 is farthest" in outcome.finding


def test_predictions_that_jump_to_the_end(sound: Subject) -> None:
    odd = pl.concat_list(pl.col("epoch") % 2, 1 - pl.col("epoch") % 2).cast(pl.Array(pl.Float32, 2))
    assert results.settled(replace(sound, watched=sound.watched.with_columns(probabilities=odd))).status == "fails"


@pytest.mark.parametrize("value", [100.0, float("nan")])
def test_inputs_that_are_not_standardized(sound: Subject, value: float) -> None:
    sound.final[0].deviation.fill_(value)
    assert insides.inputs(sound).status == "fails"


def prepared_as(change: Callable[[Network], None]) -> Callable[..., Network]:
    original = subjects.prepared

    def changed(*arguments: object) -> Network:
        network = original(*arguments)  # type: ignore[arg-type]
        change(network)
        return network

    return changed


def test_a_head_that_starts_with_an_opinion(sound: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "prepared", prepared_as(lambda network: network.head.weight.data.normal_()))
    assert learning.initial_loss(sound).status == "fails"


def test_a_bias_without_priors(sound: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "prepared", prepared_as(lambda n: n.head.bias.data.copy_(torch.tensor([3.0, -3.0]))))
    assert learning.initial_loss(sound).status == "fails"


def test_an_optimizer_that_hardly_moves(sound: Subject) -> None:
    idle = replace(sound, train=TRAIN.model_copy(update={"learning_rate": 1e-9, "optimizer": "sgd"}))
    assert learning.overfits_batch(idle).status == "fails"
    assert insides.updates(idle).status == "fails"


def test_steps_larger_than_the_weights(sound: Subject) -> None:
    wild = replace(sound, train=TRAIN.model_copy(update={"learning_rate": 100.0, "optimizer": "sgd"}))
    assert insides.updates(wild).status == "fails"


def test_labels_that_contradict_each_other(sound: Subject) -> None:
    same = np.broadcast_to(sound.pixels[:1], sound.pixels.shape).copy()
    same[:, 0, 0, 0] = np.arange(len(same))
    assert learning.overfits_batch(replace(sound, pixels=same)).status == "fails"


def test_learning_by_heart_takes_more_than_the_label(sound: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = sorted(range(90), key=lambda n: sound.images["label"][n])
    labels = sound.folds["label"].gather(ids)
    by_class = replace(sound, folds=sound.folds.with_columns(label=labels), pixels=sound.pixels[ids])
    assert learning.overfits_batch(by_class).status == "passes"
    monkeypatch.setattr(subjects, "prepared", prepared_as(lambda network: network.deviation.fill_(1e9)))
    assert learning.overfits_batch(by_class).status == "fails"


def test_starting_weights_raise_no_false_alarm(sound: Subject) -> None:
    weights = sound.networks / predict.network_name(0, 0)
    warm = replace(sound, train=TRAIN.model_copy(update={"weights": str(weights), "frozen_blocks": 4}))
    assert learning.initial_loss(warm).status == "passes"
    assert learning.capacity(warm).status == "passes"
    assert insides.updates(warm).status == "left out"


def test_what_cannot_be_judged_is_left_out(sound: Subject) -> None:
    unjudged = replace(sound, predictions=sound.predictions.with_columns(fold=pl.lit(None, pl.Int32)))
    assert results.better_than_chance(unjudged).status == "left out"
    short = replace(sound, watched=sound.watched.filter(epoch=0))
    assert results.settled(short).status == "left out"


def test_a_network_that_sees_nothing(sound: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects, "prepared", prepared_as(lambda network: network.deviation.fill_(1e9)))
    assert learning.input_independent(sound).status == "fails"


def test_width_that_does_not_arrive(sound: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    hard = replace(sound, train=TRAIN.model_copy(update={"learning_rate": 0.001, "optimizer": "sgd"}))
    original = subjects.prepared
    monkeypatch.setattr(
        subjects,
        "prepared",
        lambda data, params, classes: original(data, params.model_copy(update={"width": 8}), classes),
    )
    assert learning.capacity(hard).status == "fails"


def test_randomness_without_a_seed(sound: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    def disturb(network: Network) -> None:
        noise = np.random.default_rng().normal(size=tuple(network.head.weight.shape))
        network.head.weight.data += torch.from_numpy(noise).float()

    monkeypatch.setattr(subjects, "prepared", prepared_as(disturb))
    assert learning.repeatable(sound).status == "fails"


def test_a_reshape_that_mixes_the_batch(sound: Subject) -> None:
    def mixing(features: Tensor) -> Tensor:
        return features.transpose(0, 1).reshape(features.shape).amax((2, 3))

    sound.final[0].pool = mixing
    assert results.isolated(sound).status == "fails"


def test_no_gradient_at_all(sound: Subject) -> None:
    sound.final[0].head.weight.data.zero_()
    assert results.isolated(sound).status == "fails"


@pytest.mark.parametrize("spoil", [lambda k: k[:12].zero_(), lambda k: k[12:].copy_(k[:12])])
def test_kernels_that_do_nothing(sound: Subject, spoil: Callable[[Tensor], Tensor]) -> None:
    spoil(sound.final[0].blocks[0].kernel)  # type: ignore[arg-type]
    assert insides.filters(sound).status == "fails"


def test_units_that_are_dead(sound: Subject) -> None:
    norm = sound.final[0].blocks[3].second_norm
    norm.weight.data[:24].zero_()  # type: ignore[union-attr, operator, index]
    assert insides.activations(sound).status == "fails"


def test_without_networks_only_the_predictions_are_judged(sound: Subject, tmp_path: Path) -> None:
    history, watched = predict.empty_history()
    found, arrays = run_checks(replace(sound, history=history, watched=watched, networks=tmp_path))
    assert found.filter(pl.col("status") == "passes")["check"].to_list() == ["better_than_chance"]
    assert set(found["status"]) == {"passes", "left out"}
    assert not arrays
