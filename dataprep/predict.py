"""Out-of-fold probabilities and embeddings for every readable image."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax

from dataprep import device as devices
from dataprep import files
from dataprep.committee import committee_tasks, joint_logits, label_noise
from dataprep.config import Train
from dataprep.folds import UNREADABLE
from dataprep.schema import HISTORY, PREDICTIONS, WATCHED, check, class_names
from dataprep.training.fold import FoldResult, FoldTask, key, result_of, watched_rows
from dataprep.training.workers import run

TEMPERATURE = "temperature.json"  # beside the networks
CODE = ("networks", "training")  # the packages that a finished fold depends on


def fold_tasks(
    images: pl.DataFrame, folds: pl.DataFrame, pixels: Path, params: Train, *, seed: int, device: str, scratch: Path
) -> list[FoldTask]:
    """Return a task per fold and `train.seeds`, in that order, with its files in `scratch`.

    pixels: .npy file (N, S, S, 3) uint8, row i for the i-th image by image_id.
    """
    classes = class_names(images)
    position = {name: number for number, name in enumerate(classes)}
    labels = np.array([position.get(name, -1) for name in folds["label"]], dtype=np.int64)
    fold = folds["fold"].fill_null(-1).to_numpy()
    readable = (folds["reason"].fill_null("") != UNREADABLE).to_numpy()
    pixels_sha256, code_sha256 = files.file_sha256(pixels), _code_sha256()
    found = []
    for number in range(int(fold.max()) + 1):
        for network in range(params.seeds):
            task = FoldTask(
                fold=number,
                seed=network,
                pixels=pixels,
                labels=labels,
                train_rows=np.flatnonzero((fold >= 0) & (fold != number)),
                held_out_rows=np.flatnonzero(fold == number),
                other_rows=np.flatnonzero((fold < 0) & readable),
                classes=len(classes),
                params=params,
                base_seed=seed,
                device=str(devices.resolve(device)),
                network=scratch,
                result=scratch,
            )
            name = scratch / key(task, pixels_sha256, code_sha256)
            found.append(replace(task, network=name.with_suffix(".network"), result=name.with_suffix(".result")))
    return found


def predict_out_of_fold(folds: pl.DataFrame, tasks: list[FoldTask]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Train a network per task, and the committee; return PREDICTIONS, HISTORY and WATCHED.

    An image in a fold is predicted by the networks that did not see it, their probabilities averaged
    over the seeds and calibrated by `temperature`; a readable image in no fold gets the mean
    probabilities of all of them and the embedding of the first. The joint logits are those of
    `committee.joint_logits`. Tasks that an interrupted run has finished are not run again.
    """
    run(tasks)
    results = [result_of(task) for task in tasks]
    model = label_noise(tasks, results)
    committee = committee_tasks(tasks, results, model)
    if committee:
        run(committee)
    joint = joint_logits(tasks, results, [result_of(task) for task in committee], model)
    warmth = temperature(tasks, results)
    return (
        _predictions(folds, tasks, results, joint, warmth),
        _history(tasks, results),
        _watched(folds, tasks[0], results[0], warmth),
    )


def temperature(tasks: list[FoldTask], results: list[FoldResult]) -> float:
    """Return the number that the logits are divided by before the softmax, so that probabilities are calibrated.

    It minimizes the log loss of the given labels over all held-out images, within 0.01 to 100; label smoothing
    alone would leave every prediction timid. Source: Guo et al., On calibration of modern neural networks, 2017.
    """
    logits = np.concatenate([r.logits[: len(t.held_out_rows)] for t, r in zip(tasks, results, strict=True)])
    labels = np.concatenate([task.labels[task.held_out_rows] for task in tasks])
    values = logits.astype(np.float64)

    def loss(exponent: float) -> float:
        scaled = values / 10**exponent
        return float((logsumexp(scaled, axis=1) - scaled[np.arange(len(labels)), labels]).mean())

    # Rounded, so that the last bits of an optimizer's path don't show.
    return float(np.round(10 ** minimize_scalar(loss, bounds=(-2, 2), method="bounded").x, 3))


def keep_networks(tasks: list[FoldTask], folder: Path) -> None:
    """Copy the trained networks to fold-<fold>-seed-<seed>.safetensors in `folder`, whole or not at all.

    Beside them lies temperature.json: {"temperature": number}.
    """
    with files.replacing_folder(folder) as part:
        if tasks:
            files.write_json(
                part / TEMPERATURE, {"temperature": temperature(tasks, [result_of(task) for task in tasks])}
            )
        for task in tasks:
            shutil.copyfile(task.network, part / network_name(task.fold, task.seed))


def network_name(fold: int, seed: int) -> str:
    """Return the file name of a network."""
    return f"fold-{fold}-seed-{seed}.safetensors"


def _code_sha256() -> str:
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(path for package in CODE for path in (here / package).glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _predictions(
    folds: pl.DataFrame, tasks: list[FoldTask], results: list[FoldResult], joint: NDArray[np.float64], warmth: float
) -> pl.DataFrame:
    seeds = tasks[0].params.seeds
    firsts = tasks[::seeds]
    rows = np.concatenate([task.held_out_rows for task in firsts] + [tasks[0].other_rows])
    held_out = [len(task.held_out_rows) for task in tasks]
    each = [softmax(result.logits.astype(np.float64) / warmth, axis=1) for result in results]
    own = [
        np.mean([each[i][: held_out[i]] for i in range(at, at + seeds)], axis=0) for at in range(0, len(tasks), seeds)
    ]
    mean = np.mean([found[n:] for found, n in zip(each, held_out, strict=True)], axis=0)
    probabilities = np.concatenate([*own, mean])
    embeddings = np.concatenate(
        [result.embeddings[:n] for result, n in zip(results[::seeds], held_out[::seeds], strict=True)]
        + [results[0].embeddings[held_out[0] :]]
    )
    frame = (
        folds[rows]
        .select("image_id", "label", "fold")
        .with_columns(
            pl.Series("probabilities", probabilities.astype(np.float32), pl.Array(pl.Float32, probabilities.shape[1])),
            pl.Series("joint_logits", joint[rows].astype(np.float32), pl.Array(pl.Float32, joint.shape[1])),
            pl.Series("embedding", embeddings, dtype=pl.Array(pl.Float32, embeddings.shape[1])),
        )
    )
    return check(frame, PREDICTIONS, "predict")


def _history(tasks: list[FoldTask], results: list[FoldResult]) -> pl.DataFrame:
    frames = [
        pl.DataFrame(
            {
                "fold": task.fold,
                "seed": task.seed,
                "epoch": pl.Series(range(len(result.train_loss)), dtype=pl.Int32),
                "train_loss": result.train_loss,
                "held_out_loss": result.held_out_loss,
                "held_out_accuracy": result.held_out_accuracy,
            },
            schema=HISTORY.columns,
        )
        for task, result in zip(tasks, results, strict=True)
    ]
    return check(pl.concat(frames), HISTORY, "predict")


def _watched(folds: pl.DataFrame, task: FoldTask, result: FoldResult, warmth: float) -> pl.DataFrame:
    """Return what the task's network predicts for a few held-out images after each epoch, calibrated."""
    # Softmax probabilities to the power 1 / t, made to sum to 1 again, are those at the temperature t.
    watched = result.watched.astype(np.float64) ** (1 / warmth)
    watched = (watched / watched.sum(2, keepdims=True)).astype(np.float32)
    ids = folds["image_id"].gather(task.held_out_rows[watched_rows(len(task.held_out_rows))])
    rows = [
        (image_id, epoch, watched[epoch, number])
        for epoch in range(len(watched))
        for number, image_id in enumerate(ids)
    ]
    dtype = pl.Array(pl.Float32, watched.shape[2])
    schema = WATCHED.columns | {"probabilities": dtype}
    return check(pl.DataFrame(rows, schema=schema, orient="row"), WATCHED, "predict")


def empty_history() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return HISTORY and WATCHED without a row, for predictions that no training here has made."""
    return pl.DataFrame(schema=HISTORY.columns), pl.DataFrame(
        schema=WATCHED.columns | {"probabilities": pl.Array(pl.Float32, 1)}
    )


def scores(predictions: pl.DataFrame, images: pl.DataFrame) -> dict[str, float]:
    """Return how well the out-of-fold probabilities fit the given labels, of the images that a fold held out.

    out_of_fold_accuracy: share whose most probable class is the given one. out_of_fold_log_loss: mean
    of -log of the given class's probability, nats. Empty when no image was held out.
    """
    position = {name: number for number, name in enumerate(class_names(images))}
    judged = predictions.filter(pl.col("fold").is_not_null() & pl.col("label").is_not_null())
    if not judged.height:
        return {}
    probabilities = judged["probabilities"].to_numpy().astype(np.float64)
    labels = np.array([position[name] for name in judged["label"]])
    given = probabilities[np.arange(len(labels)), labels]
    return {
        "out_of_fold_accuracy": round(float((probabilities.argmax(1) == labels).mean()), 6),
        "out_of_fold_log_loss": round(float(-np.log(given.clip(1e-12)).mean()), 6),
    }
