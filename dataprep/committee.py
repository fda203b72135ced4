"""What all networks together say about each image, and networks trained on corrected labels that join them."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from dataprep import files, noise_model
from dataprep.config import Train
from dataprep.noise_model import NoiseModel
from dataprep.training.fold import FoldResult, FoldTask

Floats = NDArray[np.float64]

NOBODY = np.zeros(0, np.int64)
MEMBERS_SHARE = 0.75  # of the weight; benchmarks/README.md has what others do
SHARPER = 1.5  # several networks are surer than the usual one of them
TOO_MUCH = 0.5  # learned by heart, so that a committee would learn its targets by heart as well


def label_noise(tasks: list[FoldTask], results: list[FoldResult]) -> NoiseModel:
    """Return the noise model of the given labels, fitted to the `weighted` mean of `unmarked`."""
    rows, labels = judged_rows(tasks), tasks[0].labels
    return noise_model.fit(weighted(tasks, results, unmarked)[rows], labels[rows])


def joint_logits(
    tasks: list[FoldTask],
    results: list[FoldResult],
    members: list[FoldResult],
    model: NoiseModel,
) -> Floats:
    """Return (N, C) float64, log P(right class | image) by all networks, the given label apart; NaN for rows of none.

    The folds' networks say the `weighted` mean of `unmarked`, the committee's members their mean log probabilities,
    with weights of 1/4 and of 3/4 times the share that the members have not learned by heart (`by_heart`, against
    the folds' held-out agreement). The model's sharpness and biases calibrate the mean. Each network predicts all
    images, those it was trained on as well: what it says of them is about as good, and there are several per image.
    """
    joint = weighted(tasks, results, unmarked)
    if members:
        judged = judged_rows(tasks)
        rows = np.concatenate([judged, tasks[0].other_rows])
        logits = [np.concatenate([member.seen_logits, member.logits]) for member in members]
        said = np.mean([log_softmax(values.astype(np.float64), axis=1) for values in logits], axis=0)
        agreeing = float((_lead(said[: len(judged)], tasks[0].labels[judged]) > 0).mean())
        honest = float(np.mean([_agreement(*pair)[0] for pair in zip(tasks, results, strict=True)]))
        share = MEMBERS_SHARE * (1 - by_heart(honest, agreeing))
        share /= share + 1 - MEMBERS_SHARE
        joint[rows] = (1 - share) * joint[rows] + share * said
    return noise_model.calibrated(model, joint)


def by_heart(honest: float, seen: float) -> float:
    """Return the share of the labels that networks disagree with unseen which they agree with once seen, 0 to 1.

    honest, seen: the shares of given labels that come out on top, of unseen and of seen images.
    """
    return min(1.0, max(0.0, seen - honest) / (1 - honest)) if honest < 1 else 1.0


def judged_rows(tasks: list[FoldTask]) -> NDArray[np.int64]:
    """Return the rows that are in a fold, ascending."""
    return np.unique(np.concatenate([task.held_out_rows for task in tasks]))


def unmarked(task: FoldTask, result: FoldResult) -> Floats:
    """Return (n, C), a network's log probabilities of its held-out, other and training rows, without a trace of labels.

    Of an image that it was trained on a network says the given label more often than of one that it was not. From
    the log probability of the given label of all training rows the least number from 0 is taken away
    with which their share of images whose given label comes out on top is not above that of the held-out rows.
    """
    values = marked(task, result)
    honest, _ = _agreement(task, result)
    first = len(values) - len(task.train_rows)
    given = task.labels[task.train_rows]
    lead = np.sort(_lead(values[first:], given))[::-1]
    allowed = int(honest * len(lead))
    if allowed < len(lead):
        values[np.arange(first, len(values)), given] -= max(0.0, float(lead[allowed]))
    return values


def marked(task: FoldTask, result: FoldResult) -> Floats:
    """Return (n, C), a network's log probabilities of its held-out, other and training rows, as it says them."""
    logits = np.concatenate([result.logits, result.seen_logits]).astype(np.float64)
    return np.asarray(log_softmax(logits, axis=1))


def weighted(
    tasks: list[FoldTask], results: list[FoldResult], said: Callable[[FoldTask, FoldResult], Floats]
) -> Floats:
    """Return (N, C), the mean of what the networks say of each image; NaN for images that none predicted.

    A network that did not see the image has weight 1, one that did 1 - `by_heart`: what is learned by heart is the
    label once more.
    """
    total = np.zeros((len(tasks[0].labels), tasks[0].classes))
    weights = np.zeros((len(total), 1))
    for task, result in zip(tasks, results, strict=True):
        unseen = np.concatenate([task.held_out_rows, task.other_rows])
        rows = np.concatenate([unseen, task.train_rows])
        weight = np.full((len(rows), 1), 1 - by_heart(*_agreement(task, result)))
        weight[: len(unseen)] = 1
        total[rows] += weight * said(task, result)
        weights[rows] += weight
    return np.divide(total, weights, out=np.full(total.shape, np.nan), where=weights > 0)


def _agreement(task: FoldTask, result: FoldResult) -> tuple[float, float]:
    """Return the shares of held-out and of training rows whose given label comes out on top."""
    held_out = _lead(result.logits[: len(task.held_out_rows)].astype(np.float64), task.labels[task.held_out_rows])
    seen = _lead(result.seen_logits.astype(np.float64), task.labels[task.train_rows])
    return float((held_out > 0).mean()), float((seen > 0).mean())


def _lead(values: Floats, labels: NDArray[np.int64]) -> Floats:
    """Return (n,): by how much the given label's value is above the highest other one; inf with one class only."""
    rows = np.arange(len(values))
    others = values.copy()
    others[rows, labels] = -np.inf
    return np.asarray(values[rows, labels] - others.max(1))


def committee_tasks(tasks: list[FoldTask], results: list[FoldResult], model: NoiseModel) -> list[FoldTask]:
    """Return `train.committee` tasks that train on the images of all folds, with corrected labels.

    tasks, results: of all folds. model: their `label_noise`. The target of an image is P(right class | image, given
    label) by the model, from 1.5 times the `weighted` mean of `marked`: a label that networks learn when they see it is
    more often right. Where the model finds the labels right, or the networks too weak to tell, the targets stay near
    the given labels. No member holds anything out: they serve the ranking of label errors and no estimate of accuracy.
    None where the folds' networks have learned more than half by heart (`by_heart`, the mean): so would they.
    Source: Tanaka et al., Joint optimization framework for learning with noisy labels, CVPR 2018.
    """
    first = tasks[0]
    learned = np.mean([by_heart(*_agreement(*pair)) for pair in zip(tasks, results, strict=True)])
    if not first.params.committee or learned > TOO_MUCH:
        return []
    rows = judged_rows(tasks)
    said = weighted(tasks, results, marked)
    targets = np.zeros(said.shape, np.float32)
    targets[rows] = noise_model.posterior(model, SHARPER * said[rows], first.labels[rows])
    path = first.result.with_suffix(".targets.npy")
    with files.replacing(path) as part, part.open("wb") as file:
        np.save(file, targets)
    params = _params(first.params)
    digest = hashlib.sha256(files.file_sha256(path).encode() + params.model_dump_json(exclude={"workers"}).encode())
    for task in tasks:
        digest.update(task.result.name.encode())
    return [
        replace(
            first,
            # Folds count from 0, so that these numbers, and with them the seeds, are free.
            fold=tasks[-1].fold + 1,
            seed=number,
            train_rows=rows,
            held_out_rows=NOBODY,
            params=params,
            targets=path,
            network=first.result.parent / f"{digest.hexdigest()}-{number}.network",
            result=first.result.parent / f"{digest.hexdigest()}-{number}.result",
        )
        for number in range(params.seeds)
    ]


def _params(params: Train) -> Train:
    return params.model_copy(
        update={
            "seeds": params.committee,
            "epochs": params.committee_epochs,
            # Starting weights fit one width only.
            "width": params.committee_width if params.weights is None else params.width,
            "label_smoothing": params.committee_smoothing,
        }
    )
