"""Optimizers, learning-rate schedules and limits on the weights, by name."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from dataprep.config import Train
from dataprep.networks import Network

# With `auto`: Muon's momentum as in KellerJordan/cifar10-airbench and its rate lower, as noisy labels want; SGD's as
# usual with batch normalization; the others torch's own, except Adam's 3e-4.
LEARNING_RATES = {"muon": 0.15, "sgd": 0.1, "adam": 0.0003, "rmsprop": 0.001, "adagrad": 0.01}
MOMENTA = {"muon": 0.6, "sgd": 0.9, "adam": 0.9, "rmsprop": 0.0, "adagrad": 0.0}

# Muon is for the kernels. Shifts and scales, and the output layer, take SGD steps with these shares of its rate.
NORM_SHARE = 0.35
HEAD_SHARE = 0.055


def optimizers(network: Network, params: Train) -> list[Optimizer]:
    """Return the optimizers that together train all trainable parameters of the network.

    muon: `torch.optim.Muon` (Jordan et al., 2024) for the kernels, SGD with Nesterov momentum for the rest.
    sgd: Nesterov momentum. adam, rmsprop, adagrad: torch's, with `momentum` as beta1, momentum, and unused.
    `weight_decay` is torch's for each: added to the gradient, decoupled with Muon.
    """
    rate = LEARNING_RATES[params.optimizer] if params.learning_rate == "auto" else params.learning_rate
    momentum = MOMENTA[params.optimizer] if params.momentum == "auto" else params.momentum
    decay = params.weight_decay
    trained = [weight for weight in network.parameters() if weight.requires_grad]
    if params.optimizer == "muon":
        return _muon(network, rate, momentum, decay)
    make: dict[str, Callable[[], Optimizer]] = {
        "sgd": lambda: torch.optim.SGD(trained, rate, momentum, weight_decay=decay, nesterov=momentum > 0),
        "adam": lambda: torch.optim.Adam(trained, rate, (momentum, 0.999), weight_decay=decay),
        "rmsprop": lambda: torch.optim.RMSprop(trained, rate, momentum=momentum, weight_decay=decay),
        "adagrad": lambda: torch.optim.Adagrad(trained, rate, weight_decay=decay),
    }
    return [make[params.optimizer]()]


def _muon(network: Network, rate: float, momentum: float, decay: float) -> list[Optimizer]:
    matrices = network.hidden_matrices()
    head = list(network.head.parameters())
    known = {id(weight) for weight in [*matrices, *head]}
    others = [weight for weight in network.parameters() if weight.requires_grad and id(weight) not in known]
    groups = [{"params": head, "lr": rate * HEAD_SHARE}]
    if others:
        groups.append({"params": others, "lr": rate * NORM_SHARE})
    found: list[Optimizer] = [torch.optim.SGD(groups, rate, 0.85, weight_decay=decay, nesterov=True)]
    if matrices:
        found.append(torch.optim.Muon(matrices, rate, decay, momentum, nesterov=True, ns_steps=3))
    return found


def schedules(found: list[Optimizer], params: Train, steps: int) -> list[LRScheduler]:
    """Return a schedule per optimizer, to be advanced once per step, `steps` times in all."""
    return [LambdaLR(optimizer, lambda step: factor(step, steps, params)) for optimizer in found]


def factor(step: int, steps: int, params: Train) -> float:
    """Return the share of the learning rate at `step` of `steps`.

    It rises linearly over the first `train.warmup` share of the steps. Then constant: 1; linear: falls
    to 0 at the end; cosine: (1 + cos(pi t)) / 2 with t the share of the remaining steps gone by.
    """
    rise = params.warmup * steps
    if step < rise:
        return (step + 1) / (rise + 1)
    gone = (step - rise) / max(1.0, steps - rise)
    return {"constant": 1.0, "linear": 1.0 - gone, "cosine": (1 + math.cos(math.pi * gone)) / 2}[params.schedule]


@torch.no_grad()
def limit(network: Network, params: Train) -> None:
    """Hold the weights in bounds after a step.

    With Muon each kernel matrix keeps the Frobenius norm sqrt(outputs): its updates have a fixed size, so
    only then does the learning rate say how far a step goes. With `train.max_norm` the weights into a
    unit are shrunk to that Euclidean norm where they exceed it (Srebro and Shraibman, 2005).
    """
    if params.optimizer == "muon":
        for matrix in network.hidden_matrices():
            matrix.mul_(len(matrix) ** 0.5 / matrix.norm().clamp_min(1e-12))
    if params.max_norm is not None:
        for weights in [*network.hidden_matrices(), network.head.weight]:
            weights.copy_(torch.renorm(weights, 2, 0, params.max_norm))


def clip(network: nn.Module, params: Train) -> None:
    """Scale all gradients down together where their common Euclidean norm exceeds `train.clip_gradient`."""
    if params.clip_gradient is not None:
        weights: list[Tensor] = list(network.parameters())
        nn.utils.clip_grad_norm_(weights, params.clip_gradient)
