"""Out-of-fold probabilities and embeddings for every readable image."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import polars as pl
import torch
from tqdm import tqdm

from dataprep import device as devices
from dataprep.config import Train
from dataprep.errors import DataprepError
from dataprep.folds import UNREADABLE
from dataprep.schema import HISTORY, PREDICTIONS, check, class_names
from dataprep.training import FoldResult, FoldTask, train_fold


def predict_out_of_fold(
    images: pl.DataFrame, folds: pl.DataFrame, pixels: Path, params: Train, *, seed: int, device: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Train a network per fold; return PREDICTIONS and HISTORY.

    An image in a fold is predicted by the one network that did not see it; a readable image
    in no fold gets the mean probabilities of all networks and the embedding of the first.
    pixels: .npy file (N, S, S, 3) uint8, row i for the i-th image by image_id.
    """
    where = devices.resolve(device)
    classes = class_names(images)
    position = {name: number for number, name in enumerate(classes)}
    labels = np.array([position.get(name, -1) for name in folds["label"]], dtype=np.int64)
    fold = folds["fold"].fill_null(-1).to_numpy()
    readable = (folds["reason"].fill_null("") != UNREADABLE).to_numpy()
    others = np.flatnonzero((fold < 0) & readable)
    tasks = [
        FoldTask(
            fold=number,
            pixels=pixels,
            labels=labels,
            train_rows=np.flatnonzero((fold >= 0) & (fold != number)),
            held_out_rows=np.flatnonzero(fold == number),
            other_rows=others,
            classes=len(classes),
            params=params,
            seed=seed,
            device=str(where),
        )
        for number in range(int(fold.max()) + 1)
    ]
    results = list(tqdm(_run(tasks, params.workers), total=len(tasks), desc="train", unit="fold", position=len(tasks)))
    return _predictions(folds, tasks, results), _history(results)


def _run(tasks: list[FoldTask], workers: int) -> Iterator[FoldResult]:
    if tasks[0].device != "cpu":
        # cuBLAS asks for this before its results repeat.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
        yield from map(train_fold, tasks)
        return
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(min(workers, len(tasks)), mp_context=context, initializer=_one_thread) as pool:
            yield from pool.map(train_fold, tasks)
    except BrokenProcessPool as error:
        raise DataprepError(
            "a training process was killed, most likely for want of memory",
            where="params.yaml, train",
            remedy="set train.workers: 1, or lower measure.size, train.width or train.batch",
        ) from error


def _one_thread() -> None:
    # Two OpenMP threads beside another busy process wait for each other; one gives the same bytes everywhere.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


def _predictions(folds: pl.DataFrame, tasks: list[FoldTask], results: list[FoldResult]) -> pl.DataFrame:
    others = tasks[0].other_rows
    rows = np.concatenate([task.held_out_rows for task in tasks] + [others])
    held_out = [len(task.held_out_rows) for task in tasks]
    mean = np.mean([r.probabilities[n:] for r, n in zip(results, held_out, strict=True)], axis=0)
    probabilities = np.concatenate(
        [r.probabilities[:n] for r, n in zip(results, held_out, strict=True)] + [mean.astype(np.float32)]
    )
    embeddings = np.concatenate(
        [r.embeddings[:n] for r, n in zip(results, held_out, strict=True)] + [results[0].embeddings[held_out[0] :]]
    )
    frame = (
        folds[rows]
        .select("image_id", "label", "fold")
        .with_columns(
            pl.Series("probabilities", probabilities, dtype=pl.Array(pl.Float32, probabilities.shape[1])),
            pl.Series("embedding", embeddings, dtype=pl.Array(pl.Float32, embeddings.shape[1])),
        )
    )
    return check(frame, PREDICTIONS, "predict")


def _history(results: list[FoldResult]) -> pl.DataFrame:
    rows = [
        (result.fold, epoch, loss, accuracy)
        for result in results
        for epoch, (loss, accuracy) in enumerate(zip(result.train_loss, result.held_out_accuracy, strict=True))
    ]
    return pl.DataFrame(rows, schema=HISTORY.columns, orient="row")
