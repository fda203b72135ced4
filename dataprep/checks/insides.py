"""Checks of what goes on inside: the tensors that enter, the first layer, activations, gradients, updates."""

import torch
from torch import Tensor

from dataprep.checks.outcome import FAILS, PASSES, WARNS, Outcome, below, left_out
from dataprep.checks.subject import Subject
from dataprep.networks import Network
from dataprep.networks.fast import Whitening
from dataprep.training.batches import moved

SHOWN = 16
BINS = 60
LOOKED_AT = 256  # images whose activations are counted


def inputs(subject: Subject) -> Outcome:
    """The tensors that enter the network, after augmentation and standardization, are finite and of unit scale."""
    data = subject.sample
    rows = _spread(len(data), LOOKED_AT, subject.device)
    generator = torch.Generator(subject.device).manual_seed(subject.seed)
    mirrored = torch.zeros(len(rows), dtype=torch.bool, device=subject.device)
    mirrored[1::2] = subject.train.flip
    network = subject.final[0]
    entering = network.standardized(moved(data.images, rows, mirrored, subject.train.shift, generator))
    finite = bool(entering.isfinite().all())
    shown = _spread(len(rows), SHOWN, subject.device)
    mean = float(entering.mean((0, 2, 3)).abs().max())
    deviations = entering.std((0, 2, 3))
    low, high = float(deviations.min()), float(deviations.max())
    sound = mean <= 0.5 and low >= 0.5 and high <= 2
    bearable = finite and mean <= 3 and low >= 0.1 and high <= 10
    status = PASSES if finite and sound else WARNS if bearable else FAILS
    return Outcome(
        "inputs",
        status,
        low,
        f"channel means within {mean:.2f} of 0, deviations {low:.2f} to {high:.2f}"
        + ("" if finite else ", some values not finite"),
        "means within 0.5 of 0 and deviations of 0.5 to 2 pass, within 3 and of 0.1 to 10 warn",
        "look at the picture of the inputs; check measure and the images themselves",
        {"inputs": entering[shown].contiguous(), "input_labels": data.labels[rows[shown]].float()},
    )


def filters(subject: Subject) -> Outcome:
    """No kernel of the first layer is dead or a repeat of another one."""
    kernels = _first_kernels(subject.final[0])
    flat = kernels.flatten(1)
    norms = flat.norm(dim=1)
    dead = ~(norms > 0.001 * norms.median())
    unit = flat / norms.clamp_min(1e-12)[:, None]
    alike = torch.triu(unit @ unit.T, 1) > 0.999
    idle = float((dead | alike.any(0)).float().mean())
    return Outcome(
        "filters",
        below(idle, 0.0, 0.1),
        idle,
        f"{idle:.0%} of {len(kernels)} first-layer kernels are dead or repeat another",
        "none passes, up to 10 % warns",
        "lower train.learning_rate, or try another train.initialization",
        {"filters": kernels},
    )


def activations(subject: Subject) -> Outcome:
    """Hardly a unit is dead: constant over all images and places.

    Dead is a channel whose deviation is below 0.001 of the median of its block's channels.
    """
    network = subject.final[0].eval()
    rows = _spread(len(subject.held_out), LOOKED_AT, subject.device)
    features = network.standardized(subject.held_out.pictures()[rows])
    dead, total, histograms = 0, 0, []
    with torch.no_grad():
        for block in network.blocks:
            features = block(features)
            deviations = features.std((0, 2, 3))
            # Written so that a channel of NaN counts as dead.
            dead += int((~(deviations > 0.001 * deviations.median())).sum())
            total += len(deviations)
            histograms.append(_histogram(features, -1.0, 6.0))
    share = dead / total
    return Outcome(
        "activations",
        below(share, 0.05, 0.2),
        share,
        f"{dead} of {total} channels are dead",
        "at most 5 % passes, at most 20 % warns",
        "lower train.learning_rate; with train.batch_norm: false try train.initialization: he",
        {"activations": torch.stack(histograms)},
    )


def updates(subject: Subject) -> Outcome:
    """Each step changes the weights a little: not by nothing and not by more than there is.

    The value is the median over steps and kernels of |update| / |weights|. About 0.001 is usual for SGD and Adam
    (Karpathy); Muon's rate is that share itself, 0.15 at first, falling to 0.
    """
    run = subject.usual_run
    if not run.ratios.numel():
        return left_out("updates", "no kernel is trained: all blocks are frozen")
    median = float(run.ratios.median())
    ok = 1e-4 <= median <= 0.3
    near = 1e-5 <= median <= 1.0
    gradients = [_gradient_histogram(weight) for weight in run.network.hidden_matrices()]
    return Outcome(
        "updates",
        PASSES if ok else WARNS if near else FAILS,
        median,
        f"a step changes the kernels by {median:.1e} of their size (median)",
        "0.0001 to 0.3 passes, 0.00001 to 1 warns",
        "raise train.learning_rate if it is too little, lower it if too much",
        {"ratios": run.ratios, "gradients": torch.stack(gradients)},
    )


def _spread(count: int, most: int, device: torch.device) -> Tensor:
    """Return up to `most` of the rows 0..count-1, evenly spaced, int64.

    Rows are sorted by name, and names often begin with the class, so the first ones would be of one class.
    """
    return torch.linspace(0, count - 1, min(most, count), device=device).round().long()


def _first_kernels(network: Network) -> Tensor:
    first = network.blocks[0]
    if isinstance(first, Whitening):
        return first.kernel.detach().cpu()
    layer = next(network.convolutions())
    return layer.weight.detach().view(layer.shape).cpu()


def _histogram(values: Tensor, low: float, high: float) -> Tensor:
    counts = torch.histc(values.float().clamp(low, high).cpu(), BINS, low, high)
    return counts / counts.sum().clamp_min(1)


def _gradient_histogram(weight: Tensor) -> Tensor:
    gradient = weight.grad if weight.grad is not None else torch.zeros_like(weight)
    return _histogram(gradient.abs().clamp_min(1e-12).log10(), -8.0, 1.0)
