"""Checks that train for a moment: does it start right, learn from the images, and do so the same way twice."""

import math

import torch
import torch.nn.functional as F

from dataprep.checks.outcome import FAILS, PASSES, Outcome, above, below, left_out
from dataprep.checks.subject import Subject
from dataprep.config import Train
from dataprep.training import weights
from dataprep.training.batches import Data
from dataprep.training.fold import prepared
from dataprep.training.inference import infer

OVERFIT_IMAGES = 32
OVERFIT_STEPS = 200
REPEATED_STEPS = 5


def initial_loss(subject: Subject) -> Outcome:
    """The loss before the first step is the entropy of the class priors: the network knows nothing yet.

    Expected is -sum f log p, with the priors p that the output bias is set to and the shares f of the sample's
    labels; -log(1/C) when the classes are balanced. Starting weights are left aside: they know
    something. Source: Karpathy, A recipe for training neural networks, 2019.
    """
    torch.manual_seed(subject.seed)
    data = subject.sample
    bare = subject.train.model_copy(update={"weights": None, "frozen_blocks": 0})
    network = prepared(data, bare, len(subject.classes)).train()
    with torch.no_grad():
        logits, _ = network(data.pictures()[: subject.params.batch])
    labels = data.labels[: subject.params.batch]
    counts = torch.bincount(data.labels, minlength=len(subject.classes)).double() + 1
    expected = float(F.cross_entropy((counts / counts.sum()).log().expand(len(labels), -1).float(), labels))
    loss = float(F.cross_entropy(logits, labels))
    off = abs(loss - expected) / expected
    return Outcome(
        "initial_loss",
        below(off, 0.05, 0.2),
        off,
        f"loss before the first step {loss:.3f} nats, the priors' entropy {expected:.3f}",
        "within 5 % of the entropy passes, within 20 % warns",
        "set the output bias to the log priors and the output weights to small values",
    )


def overfits_batch(subject: Subject) -> Outcome:
    """A few images are learned by heart: else the optimizer, the loss or the labels are not connected.

    Up to 32 different images, `train` without smoothing, dropout, weight decay and augmentation, 200 steps;
    judged is the loss in the last step.
    """
    data = _different(subject.sample, OVERFIT_IMAGES)
    if len(data) < 2:
        return left_out("overfits_batch", "all images are alike")
    bare = {
        "label_smoothing": 0.0,
        "dropout": 0.0,
        "input_dropout": 0.0,
        "weight_decay": 0.0,
        "flip": False,
        "shift": 0.0,
    }
    run = subject.short_run(data, subject.train.model_copy(update=bare), OVERFIT_STEPS, len(data))
    loss = float(run.losses[-1])
    return Outcome(
        "overfits_batch",
        below(loss, 0.02, 0.2),
        loss,
        f"loss on {len(data)} images after {OVERFIT_STEPS} steps: {loss:.4f} nats",
        "at most 0.02 nats passes, at most 0.2 warns",
        "look at train.learning_rate and train.optimizer; check that images and labels belong together",
    )


def input_independent(subject: Subject) -> Outcome:
    """Networks that see the images do better on held-out ones than networks that see nothing.

    Two short trainings, one with all pixels 0; z is their difference in held-out accuracy over its
    standard error, sqrt((p(1-p) + q(1-q)) / n).
    """
    blank = Data(torch.zeros_like(subject.sample.images), subject.sample.labels)
    without = subject.short_run(blank, subject.train, subject.params.steps, subject.params.batch)
    held_out = subject.held_out
    seeing = _accuracy(subject.usual_run.network, held_out, subject.train)
    blind = _accuracy(without.network, Data(torch.zeros_like(held_out.images), held_out.labels), subject.train)
    spread = ((seeing * (1 - seeing) + blind * (1 - blind)) / len(held_out)) ** 0.5
    score = (seeing - blind) / max(spread, 1 / len(held_out))
    return Outcome(
        "input_independent",
        above(score, 3.0, 1.0),
        score,
        f"held-out accuracy after {subject.params.steps} steps {seeing:.1%}, "
        f"with pixels zeroed {blind:.1%}: z = {score:.1f}",
        "better by 3 standard errors passes, by 1 warns",
        "check that images and labels belong together, and look at the images as they enter the network",
    )


def capacity(subject: Subject) -> Outcome:
    """Twice the width learns the training images better; else something other than capacity is in the way.

    Both start from scratch, whatever `train.weights` says. Compared is the excess of the mean loss in the
    last fifth of two short trainings over the least that label smoothing allows. Where the usual width is
    within a tenth of its way from the start to that, more cannot show.
    """
    bare = subject.train.model_copy(update={"weights": None, "frozen_blocks": 0})
    wide = bare.model_copy(update={"width": 2 * bare.width})
    run, double = (
        subject.usual_run
        if params == subject.train
        else subject.short_run(subject.sample, params, subject.params.steps, subject.params.batch)
        for params in (bare, wide)
    )
    last = max(1, subject.params.steps // 5)
    floor = _least_loss(subject.train.label_smoothing, len(subject.classes))
    usual, wider = (float(found.losses[-last:].mean()) - floor for found in (run, double))
    learned = usual <= 0.1 * (float(run.losses[0]) - floor)
    ratio = wider / max(usual, 1e-6)
    return Outcome(
        "capacity",
        PASSES if ratio < 1 or learned else FAILS,
        ratio,
        f"training loss above the least possible: {usual:.3f} nats, with twice the width {wider:.3f}",
        "lower with twice the width passes, and so does a loss that is down by nine tenths anyway",
        "lower train.learning_rate, or raise checks.steps if both have hardly begun to learn",
    )


def _least_loss(smoothing: float, classes: int) -> float:
    """Return the entropy of a smoothed label, nats: no prediction has a lower loss."""
    rest = smoothing / classes
    shares = [1 - smoothing + rest, *[rest] * (classes - 1)]
    return -sum(share * math.log(share) for share in shares if share > 0)


def repeatable(subject: Subject) -> Outcome:
    """Two trainings with one seed end with the same bytes."""
    steps = min(REPEATED_STEPS, subject.params.steps)
    first, second = (
        subject.short_run(subject.sample, subject.train, steps, subject.params.batch).network for _ in range(2)
    )
    same = weights.state_bytes(first) == weights.state_bytes(second)
    return Outcome(
        "repeatable",
        PASSES if same else FAILS,
        float(same),
        f"two trainings of {steps} steps with one seed gave {'equal' if same else 'different'} weights",
        "equal bytes pass",
        "find what draws random numbers outside the seeded generators, or computes in no fixed order",
    )


def _accuracy(network: torch.nn.Module, data: Data, train: Train) -> float:
    logits, _ = infer(network, data.pictures(), train, views=False)  # type: ignore[arg-type]
    return float((logits.argmax(1) == data.labels).float().mean())


def _different(data: Data, most: int) -> Data:
    seen: dict[bytes, int] = {}
    # In random order: rows are sorted by name, and names often begin with the class.
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0)).tolist()
    for row in order:
        seen.setdefault(data.images[row].cpu().numpy().tobytes(), row)
        if len(seen) == most:
            break
    return data[torch.tensor(list(seen.values()), device=data.labels.device)]
