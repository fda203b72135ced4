import pytest
import torch

from dataprep.training import course, optimizers
from dataprep.training.fold import prepared
from dataprep.training.inference import infer
from tests.training import builders

RATES = {"muon": 0.2, "sgd": 0.05, "adam": 0.003, "rmsprop": 0.001, "adagrad": 0.02}


@pytest.mark.parametrize("name", optimizers.LEARNING_RATES)
def test_each_optimizer_learns(name: str) -> None:
    torch.manual_seed(0)
    data = builders.data()
    params = builders.params(optimizer=name, learning_rate=RATES[name], min_steps=60)
    network = prepared(data, params, 2)
    list(course.train(network, data, params, torch.Generator().manual_seed(0), name="fold 0"))
    logits, _ = infer(network, data.pictures(), params, views=False)
    assert float((logits.argmax(1) == data.labels).float().mean()) > 0.95


@pytest.mark.parametrize("name", optimizers.LEARNING_RATES)
@pytest.mark.parametrize("frozen", [0, 2])
def test_each_trainable_weight_has_one_optimizer(name: str, frozen: int) -> None:
    data = builders.data()
    network = prepared(data, builders.params(), 2)
    network.freeze(frozen)
    found = optimizers.optimizers(network, builders.params(optimizer=name))
    held = [id(weight) for optimizer in found for group in optimizer.param_groups for weight in group["params"]]
    assert sorted(held) == sorted(id(weight) for weight in network.parameters() if weight.requires_grad)


def test_auto_is_the_stated_rate_and_momentum() -> None:
    network = prepared(builders.data(), builders.params(), 2)
    sgd, muon = optimizers.optimizers(network, builders.params(optimizer="muon"))
    assert (muon.param_groups[0]["lr"], muon.param_groups[0]["momentum"]) == (0.15, 0.6)
    assert isinstance(muon, torch.optim.Muon)
    assert isinstance(sgd, torch.optim.SGD)
    (adam,) = optimizers.optimizers(network, builders.params(optimizer="adam"))
    assert adam.param_groups[0]["lr"] == 0.0003


@pytest.mark.parametrize(
    ("schedule", "middle", "end"), [("constant", 1.0, 1.0), ("linear", 0.5, 0.01), ("cosine", 0.5, 0.0002467)]
)
def test_schedules_are_as_stated(schedule: str, middle: float, end: float) -> None:
    params = builders.params(schedule=schedule)
    values = [optimizers.factor(step, 100, params) for step in range(100)]
    assert values[0] == 1.0
    assert values[50] == pytest.approx(middle)
    assert values[99] == pytest.approx(end, rel=1e-3)


def test_warm_up_rises_and_never_exceeds_the_rate() -> None:
    values = [optimizers.factor(step, 100, builders.params(warmup=0.2)) for step in range(100)]
    assert values.index(max(values)) == 20
    assert values[:20] == sorted(values[:20])
    assert max(values) == 1.0
    assert min(values) > 0


def test_muon_keeps_the_norm_of_each_kernel() -> None:
    network = prepared(builders.data(), builders.params(), 2)
    optimizers.limit(network, builders.params(optimizer="muon"))
    for matrix in network.hidden_matrices():
        assert float(matrix.detach().norm()) == pytest.approx(len(matrix) ** 0.5, rel=1e-5)


def test_max_norm_shrinks_only_what_exceeds_it() -> None:
    network = prepared(builders.data(), builders.params(), 2)
    with torch.no_grad():
        network.head.weight[0] = 3.0
        network.head.weight[1] = 0.001
    before = network.head.weight.detach().clone()
    optimizers.limit(network, builders.params(optimizer="sgd", max_norm=0.5))
    assert float(network.head.weight[0].detach().norm()) == pytest.approx(0.5, rel=1e-4)
    assert torch.equal(network.head.weight[1], before[1])
    assert all(float(m.detach().norm(dim=1).max()) <= 0.5001 for m in network.hidden_matrices())


def test_gradients_are_clipped_together() -> None:
    network = prepared(builders.data(), builders.params(), 2)
    for weight in network.parameters():
        weight.grad = torch.ones_like(weight)
    optimizers.clip(network, builders.params(clip_gradient=1.0))
    total = sum(float(weight.grad.square().sum()) for weight in network.parameters() if weight.grad is not None)
    assert total**0.5 == pytest.approx(1.0, rel=1e-3)
