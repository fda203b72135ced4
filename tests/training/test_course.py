import pytest
import torch

from dataprep.config import EarlyStopping
from dataprep.errors import DataprepError
from dataprep.training import course, precision
from dataprep.training.fold import prepared
from dataprep.training.inference import infer
from dataprep.training.trainer import Trainer
from tests.training import builders


def test_the_first_epochs_see_smaller_images() -> None:
    params = builders.params(small_share=0.5, small_side=0.75)
    assert [course.side_at(gone, 32, params) for gone in (0.1, 0.5, 0.51, 1.0)] == [24, 24, 32, 32]
    assert course.side_at(0.0, 16, params) == 16
    assert course.side_at(0.0, 12, params) == 12
    assert course.side_at(1.0, 32, builders.params(small_share=1.0)) == 32


def test_resizing_keeps_flat_images_flat() -> None:
    images = torch.full((2, 3, 32, 32), 77, dtype=torch.uint8)
    smaller, _ = course.resized((images, torch.zeros(2)), 24)
    assert smaller.shape == (2, 3, 24, 24)
    assert smaller.dtype == torch.uint8
    assert set(smaller.unique().tolist()) == {77}


def test_early_stopping_ends_and_restores_the_best_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    data = builders.data()
    params = builders.params(epochs=50).model_copy(update={"early_stopping": EarlyStopping(share=0.2, patience=2)})
    network = prepared(data, params, 2)
    accuracies = iter([0.5, 0.9, 0.7, 0.9, 0.8])
    states = []

    def accuracy(*_: object) -> float:
        states.append({name: value.clone() for name, value in network.state_dict().items()})
        return next(accuracies)

    monkeypatch.setattr(course, "_accuracy", accuracy)
    epochs = list(course.train(network, data, params, torch.Generator().manual_seed(0), name="fold 0"))
    assert len(epochs) == 4
    assert all(torch.equal(value, states[1][name]) for name, value in network.state_dict().items())


def test_early_stopping_waits_for_full_size(monkeypatch: pytest.MonkeyPatch) -> None:
    given = builders.data()
    large = given.images.repeat_interleave(2, 1).repeat_interleave(2, 2)
    data = type(given)(large, given.labels)
    params = builders.params(epochs=6, min_steps=10, small_share=0.5).model_copy(
        update={"early_stopping": EarlyStopping(share=0.2, patience=1)}
    )
    network = prepared(data, params, 2)
    monkeypatch.setattr(course, "_accuracy", lambda *_: 0.5)
    epochs = list(course.train(network, data, params, torch.Generator().manual_seed(0), name="fold 0"))
    assert [epoch.side for epoch in epochs] == [24, 24, 24, 32, 32]


def test_early_stopping_needs_images_for_its_slice() -> None:
    data = builders.data(2)
    params = builders.params().model_copy(update={"early_stopping": EarlyStopping(share=0.5, patience=1)})
    with pytest.raises(DataprepError, match=r"early stopping leaves 1 of 2 images to train on(.|\n)*set it to null"):
        course._split(data, params, torch.Generator().manual_seed(0))


def test_early_stopping_trains_without_its_slice() -> None:
    data = builders.data()
    params = builders.params().model_copy(update={"early_stopping": EarlyStopping(share=0.2, patience=2)})
    kept, aside = course._split(data, params, torch.Generator().manual_seed(0))
    assert (len(kept), len(aside)) == (72, 18)
    ids = {image.numpy().tobytes() for image in kept.images} & {image.numpy().tobytes() for image in aside.images}
    assert not ids


def test_a_loss_that_is_no_number_stops_and_is_located() -> None:
    data = builders.data()
    params = builders.params(learning_rate=1e30, optimizer="sgd")
    network = prepared(data, params, 2)
    expected = r"the training loss is (nan|inf) in fold 3, epoch \d+, step \d+\n.*params.yaml, train\n.*lower train"
    with pytest.raises(DataprepError, match=expected):
        list(course.train(network, data, params, torch.Generator().manual_seed(0), name="fold 3"))


def test_views_average_over_shifts_and_mirrors() -> None:
    data = builders.data()
    params = builders.params(flip=True)
    torch.manual_seed(0)
    network = prepared(data, params, 2)
    network.head.weight.data.normal_()
    found, embedding = infer(network, data.pictures(), params, views=True)
    inputs = network.standardized(data.pictures())

    def shifted(values: torch.Tensor, by: int) -> torch.Tensor:
        index = (torch.arange(16) + by).clamp(0, 15)
        return values[:, :, index][:, :, :, index]

    with torch.no_grad():
        plain = [network.classify(view)[0] for view in (inputs, inputs.flip(3))]
        moved = [network.classify(v)[0] for by in (-1, 1) for v in (shifted(inputs, by), shifted(inputs, by).flip(3))]
        assert torch.allclose(found, 0.5 * sum(plain) / 2 + 0.5 * sum(moved) / 4, atol=1e-5)
        assert torch.equal(embedding, network.classify(inputs)[1])


def test_no_image_gives_no_row() -> None:
    data = builders.data()
    network = prepared(data, builders.params(), 2)
    logits, embeddings = infer(network, data.pictures()[:0], builders.params(), views=True)
    assert logits.shape == (0, 2)
    assert embeddings.shape == (0, network.head.in_features)


@pytest.mark.parametrize("name", ["float32", "bfloat16"])
def test_precision_is_as_asked(name: str) -> None:
    device = torch.device("cpu")
    assert precision.resolve(name, device) is getattr(torch, name)  # type: ignore[arg-type]


def test_auto_falls_back_where_bfloat16_would_be_emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    assert precision.resolve("auto", torch.device("cpu")) is torch.float32
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert precision.resolve("auto", torch.device("cpu")) is torch.bfloat16


def test_bfloat16_learns_as_float32_does() -> None:
    accuracies = {}
    for name in ("float32", "bfloat16"):
        torch.manual_seed(0)
        data = builders.data()
        params = builders.params(precision=name)
        network = prepared(data, params, 2)
        list(course.train(network, data, params, torch.Generator().manual_seed(0), name="fold 0"))
        logits, _ = infer(network, data.pictures(), params, views=False)
        assert logits.dtype == torch.float32
        accuracies[name] = float((logits.argmax(1) == data.labels).float().mean())
    assert min(accuracies.values()) > 0.95


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_captured_step_does_what_a_plain_one_does() -> None:
    assert torch.allclose(_five_steps(captured=True), _five_steps(captured=False), atol=1e-4)


def _five_steps(captured: bool) -> torch.Tensor:
    torch.manual_seed(0)
    given = builders.data()
    data = type(given)(given.images.cuda(), given.labels.cuda())
    params = builders.params(learning_rate=0.05)
    network = prepared(data, params, 2)
    trainer = Trainer(network, params, 5)

    def plain(images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        network.zero_grad()
        return trainer.backward(images, labels)

    if not captured:
        trainer._gradients = plain  # type: ignore[method-assign]
    for _ in range(5):
        trainer.step((data.pictures()[:32], data.labels[:32]))
    return torch.cat([weight.flatten() for weight in network.parameters()]).detach().cpu()
