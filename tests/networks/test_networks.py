import math

import pytest
import torch

from dataprep.networks import architecture, build, started
from dataprep.networks.layers import Convolution, initialize, whitening
from tests.training import builders


@pytest.mark.parametrize("kind", ["fast", "resnet"])
@pytest.mark.parametrize("side", [4, 5, 8, 15, 16, 28, 32, 64, 100])
def test_a_network_takes_any_side(kind: str, side: int) -> None:
    network = build(architecture(builders.params(network=kind), 5, side))
    logits, embedding = network(torch.zeros(3, 3, side, side, dtype=torch.uint8))
    assert logits.shape == (3, 5)
    assert embedding.shape == (3, network.head.in_features)


@pytest.mark.parametrize(("side", "kind"), [(16, "fast"), (48, "fast"), (49, "resnet"), (224, "resnet")])
def test_the_network_is_chosen_by_the_image_size(side: int, kind: str) -> None:
    assert architecture(builders.params(network="auto"), 2, side)["network"] == kind


@pytest.mark.parametrize("kind", ["fast", "resnet"])
@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("scheme", ["uniform", "gaussian", "xavier", "he", "dirac"])
def test_the_first_loss_is_the_entropy_of_the_priors(kind: str, batch_norm: bool, scheme: str) -> None:
    torch.manual_seed(0)
    data = builders.data()
    labels = torch.tensor([0] * 60 + [1] * 20 + [2] * 10)
    params = builders.params(network=kind, batch_norm=batch_norm, initialization=scheme)
    network = started(params, data.pictures(), labels, 3)
    with torch.no_grad():
        logits, _ = network(data.pictures())
    priors = [61 / 93, 21 / 93, 11 / 93]
    expected = -sum(n / 90 * math.log(p) for n, p in zip((60, 20, 10), priors, strict=True))
    assert float(torch.nn.functional.cross_entropy(logits, labels)) == pytest.approx(expected, rel=1e-5)


def test_a_class_that_is_absent_has_a_finite_prior() -> None:
    data = builders.data()
    network = started(builders.params(), data.pictures(), data.labels, 5)
    assert torch.isfinite(network.head.bias).all()


@pytest.mark.parametrize(
    ("scheme", "deviation"),
    [("uniform", (1 / 3) ** 0.5), ("gaussian", 1.0), ("xavier", (2 / (1 + 64 / 32)) ** 0.5), ("he", 2**0.5)],
)
def test_initialization_has_the_stated_spread(scheme: str, deviation: float) -> None:
    torch.manual_seed(0)
    kernel = torch.empty(64, 32, 3, 3)
    initialize(kernel, scheme)  # type: ignore[arg-type]
    assert float(kernel.std()) == pytest.approx(deviation / (32 * 9) ** 0.5, rel=0.02)


def test_dirac_passes_its_input_on() -> None:
    layer = Convolution(3, 5)
    initialize(layer.weight.data.view(layer.shape), "dirac")
    images = torch.rand(2, 3, 7, 7)
    assert torch.allclose(layer(images)[:, :3], images, atol=1e-6)


def test_a_convolution_is_the_same_as_torchs() -> None:
    torch.manual_seed(0)
    layer = Convolution(3, 5, stride=2, bias=True)
    initialize(layer.weight.data.view(layer.shape), "he")
    images = torch.rand(2, 3, 7, 11)
    expected = torch.nn.functional.conv2d(images, layer.weight.view(5, 3, 3, 3), layer.bias, stride=2, padding=1)
    assert torch.equal(layer(images), expected)


def test_whitening_decorrelates() -> None:
    torch.manual_seed(0)
    mixed = torch.randn(20_000, 6) @ torch.randn(6, 6)
    kernels = whitening(mixed)
    outputs = mixed @ kernels[:6].T
    covariance = outputs.T @ outputs / len(outputs)
    assert torch.allclose(covariance, torch.eye(6), atol=0.02)
    assert torch.equal(kernels[6:], -kernels[:6])


def test_whitening_of_flat_images_is_finite() -> None:
    images = torch.full((20, 3, 16, 16), 7, dtype=torch.uint8)
    network = started(builders.params(), images, torch.tensor([0, 1] * 10), 2)
    assert all(torch.isfinite(value).all() for value in network.state_dict().values())
    assert torch.isfinite(network(images)[0]).all()


def test_frozen_blocks_keep_weights_and_statistics() -> None:
    data = builders.data()
    network = started(builders.params(), data.pictures(), data.labels, 2)
    network.freeze(2)
    before = {name: value.clone() for name, value in network.blocks[:2].state_dict().items()}
    network.train()
    logits, _ = network(data.pictures())
    logits.sum().backward()
    assert all(weight.grad is None for weight in network.blocks[:2].parameters())
    assert all(torch.equal(value, before[name]) for name, value in network.blocks[:2].state_dict().items())
    assert not torch.equal(network.blocks[2].first_norm.running_mean, torch.zeros(16))  # type: ignore[union-attr, arg-type]
