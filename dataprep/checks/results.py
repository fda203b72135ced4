"""Checks of what the trainings left: their predictions, their course, and the networks themselves."""

import numpy as np
import polars as pl
import torch
from torch import Tensor

from dataprep.checks.outcome import Outcome, above, below, left_out
from dataprep.checks.subject import FOLD, Subject
from dataprep.training.inference import infer

WATCHED_SHARE = 0.25  # of the epochs, the last ones, in which predictions should have settled


def better_than_chance(subject: Subject) -> Outcome:
    """Out-of-fold predictions agree with the labels more often than the largest class would.

    z is the difference over sqrt(q(1-q)/n), with q the share of the largest class among n judged images.
    """
    judged = subject.predictions.filter(pl.col("fold").is_not_null() & pl.col("label").is_not_null())
    if not judged.height:
        return left_out("better_than_chance", "no image was held out by a fold")
    names = np.array(subject.classes, dtype=object)
    agree = float((names[judged["probabilities"].to_numpy().argmax(1)] == judged["label"].to_numpy()).mean())
    largest = judged["label"].value_counts()["count"].max()
    chance = float(largest) / judged.height  # type: ignore[arg-type]
    score = (agree - chance) / max((chance * (1 - chance) / judged.height) ** 0.5, 1 / judged.height)
    return Outcome(
        "better_than_chance",
        above(score, 4.0, 2.0),
        score,
        f"{agree:.1%} of {judged.height:,} labels predicted, the largest class has {chance:.1%}: z = {score:.1f}",
        "better by 4 standard errors passes, by 2 warns",
        "check that images and labels belong together; with very few images no network can learn",
    )


def folds_agree(subject: Subject) -> Outcome:
    """No fold is learned much worse than the others, over its whole held-out set.

    z is the largest distance of a fold's final held-out accuracy from that of all folds, over
    sqrt(p(1-p)/n + s^2): binomial spread, and s = 0.01 for what training itself varies.
    """
    last = subject.history.sort("epoch").group_by("fold", "seed", maintain_order=True).last()
    sizes = subject.folds.drop_nulls("fold").group_by("fold").len()
    final = last.join(sizes, on="fold").sort("fold", "seed")
    accuracies, counts = final["held_out_accuracy"].to_numpy().astype(float), final["len"].to_numpy().astype(float)
    mean = float(np.average(accuracies, weights=counts))
    scores = np.abs(accuracies - mean) / np.sqrt(mean * (1 - mean) / counts + 0.01**2)
    worst = int(scores.argmax())
    return Outcome(
        "folds_agree",
        below(float(scores[worst]), 4.0, 6.0),
        float(scores[worst]),
        f"held-out accuracy from {accuracies.min():.1%} to {accuracies.max():.1%}; "
        f"fold {final['fold'][worst]} is farthest from the mean: z = {scores[worst]:.1f}",
        "every fold within 4 standard errors of the mean passes, within 6 warns",
        "look at that fold's curve and images; lower train.learning_rate if its loss jumps",
    )


def settled(subject: Subject) -> Outcome:
    """Predictions on a fixed batch of held-out images have come to rest by the end of training.

    The value is the mean total variation, sum |p - p'| / 2, between epochs next to each other in the last
    quarter of the training. Source: Karpathy, A recipe for training neural networks, 2019.
    """
    course = subject.watched.sort("epoch", "image_id")
    epochs = course["epoch"].n_unique()
    values = course["probabilities"].to_numpy().reshape(epochs, -1, course["probabilities"].dtype.shape[0])  # type: ignore[attr-defined]
    moved = np.abs(np.diff(values, axis=0)).sum(2).mean(1) / 2
    if not len(moved):
        return left_out("settled", "there was one epoch only")
    late = float(moved[-max(1, round(WATCHED_SHARE * epochs)) :].mean())
    return Outcome(
        "settled",
        below(late, 0.15, 0.3),
        late,
        f"from epoch to epoch {late:.1%} of the probability moved at the end, {float(moved[0]):.1%} at first",
        "at most 15 % in the last quarter of the epochs passes, at most 30 % warns",
        "let the learning rate fall (train.schedule: linear) or lower it",
    )


def predictions_hold(subject: Subject) -> Outcome:
    """The saved networks, shown the images anew, say what the table of predictions says.

    Compared are the probabilities of a sample of the first fold's held-out images; a difference
    means that images were prepared differently for training and for prediction.
    """
    data = subject.held_out
    each = [infer(network, data.pictures(), subject.train, views=subject.train.views)[0] for network in subject.final]
    anew = torch.stack([(logits.double() / subject.temperature).softmax(1) for logits in each]).mean(0).cpu().numpy()
    ids = subject.folds["image_id"].gather(subject.held_out_rows)
    table = pl.DataFrame({"image_id": ids}).join(subject.predictions, on="image_id", how="left", maintain_order="left")
    said = np.array([row if row is not None else [np.nan] * anew.shape[1] for row in table["probabilities"].to_list()])
    off = float(np.abs(anew - said).sum(1).mean() / 2)
    return Outcome(
        "predictions_hold",
        below(off, 0.01, 0.05),
        off,
        f"{off:.2%} of the probability of {len(ids)} images lies elsewhere when fold {FOLD} is predicted anew",
        "a mean total variation of at most 1 % passes, of at most 5 % warns",
        "run `dvc repro --force predict`; if it stays, training and prediction prepare images differently",
    )


def isolated(subject: Subject) -> Outcome:
    """The loss of one image depends on that image alone, so that nothing leaks within a batch.

    Gradients of one image's loss with respect to all inputs of a batch, as at prediction (batch statistics fixed);
    the value is the largest of the other images', as a share of the largest of its own.
    """
    network, data = subject.final[0].eval(), subject.held_out
    inputs = network.standardized(data.pictures()[:8]).detach().requires_grad_()
    chosen = len(inputs) // 2
    logits, _ = network.classify(inputs)
    torch.nn.functional.cross_entropy(logits[chosen], data.labels[chosen]).backward()
    touched = _gradient(inputs).abs().amax((1, 2, 3))
    own = float(touched[chosen])
    others = float(torch.cat([touched[:chosen], touched[chosen + 1 :]]).max()) if len(inputs) > 1 else 0.0
    share = others / own if own > 0 else float("inf")
    return Outcome(
        "isolated",
        below(share, 0.0, 0.0),
        share,
        f"gradient of one image's loss: {own:.1e} at its own pixels, {others:.1e} at the others' of the batch",
        "0 for the others and more than 0 for its own passes",
        "look for a reshape that mixes the batch with another axis",
    )


def _gradient(tensor: Tensor) -> Tensor:
    assert tensor.grad is not None
    return tensor.grad
