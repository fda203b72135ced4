"""Train one fold's network and predict the images it did not see."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from torch import Tensor
from tqdm import tqdm

from dataprep import files
from dataprep.config import Train
from dataprep.errors import DataprepError
from dataprep.networks import Network, architecture, started
from dataprep.training import course, weights
from dataprep.training.batches import Data
from dataprep.training.inference import infer

PIECE = 2000  # held-out images resized at once: as float32 they take four times the memory
APART = {"workers"} | {name for name in Train.model_fields if name.startswith("committee")}  # of no effect on a fold
WATCHED = 16  # held-out images whose predictions are kept for every epoch


@dataclass(frozen=True)
class FoldTask:
    """All that a worker process needs. Rows are positions in `pixels`.

    pixels: .npy file (N, S, S, 3) uint8. labels: (N,) int64, -1 where there is none.
    network, result: files to write; `result` is there when the task is done.
    """

    fold: int
    seed: int  # counts from 0: which of `train.seeds` networks of the fold
    pixels: Path
    labels: NDArray[np.int64]
    train_rows: NDArray[np.int64]
    held_out_rows: NDArray[np.int64]  # may be none
    other_rows: NDArray[np.int64]  # in no fold, predicted by every fold's network
    classes: int
    params: Train
    base_seed: int
    device: str
    network: Path
    result: Path
    targets: Path | None = None  # .npy file (N, C) float32 to train on instead of labels, rows sum to 1


@dataclass(frozen=True)
class FoldResult:
    """Predictions for held_out_rows followed by other_rows, and the course of training."""

    logits: NDArray[np.float32]  # (n, C)
    seen_logits: NDArray[np.float32]  # (m, C), of train_rows; with views only of a committee
    embeddings: NDArray[np.float32]  # (n, D)
    train_loss: NDArray[np.float32]  # (epochs,), mean per epoch, nats
    held_out_loss: NDArray[np.float32]  # (epochs,), cross-entropy over the whole held-out fold, nats
    held_out_accuracy: NDArray[np.float32]  # (epochs,), share of the whole held-out fold
    watched: NDArray[np.float32]  # (epochs, W, C), probabilities of the held-out images in watched_rows


def train_fold(task: FoldTask) -> None:
    """Train on `train_rows`, predict all rows, write `network` and then `result`, each whole or not at all.

    Same task, same device, same bytes. A task whose result is there already is not run again.
    Raises DataprepError, naming fold and step, when the loss is not finite, or when the starting weights don't fit.
    """
    if finished(task):
        return
    number = _number(task)
    torch.manual_seed(number)
    device = torch.device(task.device)
    array = np.load(task.pixels, mmap_mode="r")
    held_out = _data(array, task, task.held_out_rows, device)
    data = _data(array, task, task.train_rows, device)
    network = prepared(data, task.params, task.classes)
    soft = task.targets is not None
    if task.targets is not None:
        targets = np.load(task.targets, mmap_mode="r")[task.train_rows]
        data = replace(data, labels=torch.from_numpy(targets).to(device))
    history = _train(network, data, held_out, task, torch.Generator(device).manual_seed(number))
    others = torch.from_numpy(array[task.other_rows]).to(device).permute(0, 3, 1, 2)
    parts = [infer(network, images, task.params, views=task.params.views) for images in (held_out.pictures(), others)]
    result = {
        "logits": torch.cat([logits for logits, _ in parts]),
        # Views of all images of all folds' networks would take as long as two epochs.
        "seen_logits": infer(network, data.pictures(), task.params, views=task.params.views and soft)[0],
        "embeddings": torch.cat([embeddings for _, embeddings in parts]),
        **history,
    }
    with files.replacing(task.network) as part:
        weights.save(network, architecture(task.params, task.classes, array.shape[1]), part)
    with files.replacing(task.result) as part:
        save_file({name: value.float().cpu().contiguous().numpy() for name, value in result.items()}, part)


def prepared(data: Data, params: Train, classes: int) -> Network:
    """Return a network ready to be trained on `data`, from `train.weights` where given."""
    network = started(params, data.pictures(), data.labels, classes)
    if params.weights is not None:
        weights.begin_from(network, Path(params.weights))
        network.freeze(params.frozen_blocks)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def finished(task: FoldTask) -> bool:
    """Return whether the task's files are there and whole."""
    return task.network.is_file() and task.result.is_file() and read_result(task.result) is not None


def watched_rows(rows: int) -> NDArray[np.int64]:
    """Return which of the held-out rows are watched: up to WATCHED, evenly spaced, so that all classes may occur."""
    return np.unique(np.linspace(0, rows - 1, min(rows, WATCHED)).round().astype(np.int64))


def read_result(path: Path) -> FoldResult | None:
    """Return what `train_fold` wrote; None when the file is damaged, as after a crash of the machine."""
    try:
        return FoldResult(**load_file(path))
    except (SafetensorError, TypeError):
        return None


def result_of(task: FoldTask) -> FoldResult:
    """Return what `train_fold` wrote for the task. Raises DataprepError when it is damaged."""
    result = read_result(task.result)
    if result is None:
        raise DataprepError(
            "the result of a training is damaged", where=str(task.result), remedy="run `dvc repro` again"
        )
    return result


def key(task: FoldTask, pixels_sha256: str, code_sha256: str) -> str:
    """Return 64 hexadecimal digits that change with anything that the result of a fold's task depends on."""
    ingredients = {
        "fold": task.fold,
        "seed": task.seed,
        "base_seed": task.base_seed,
        "classes": task.classes,
        "params": task.params.model_dump(exclude=APART),
        "weights": weights.file_sha256(Path(task.params.weights)) if task.params.weights else None,
        "device": task.device,
        "torch": torch.__version__,
        "pixels": pixels_sha256,
        "code": code_sha256,
    }
    digest = hashlib.sha256(json.dumps(ingredients, sort_keys=True).encode())
    for rows in (task.labels, task.train_rows, task.held_out_rows, task.other_rows):
        digest.update(len(rows).to_bytes(8, "little") + rows.tobytes())
    return digest.hexdigest()


def _number(task: FoldTask) -> int:
    return (task.base_seed * 1000 + task.fold) * 1000 + task.seed


def _data(array: NDArray[np.uint8], task: FoldTask, rows: NDArray[np.int64], device: torch.device) -> Data:
    return Data(torch.from_numpy(array[rows]).to(device), torch.from_numpy(task.labels[rows]).to(device))


def _train(
    network: Network, data: Data, held_out: Data, task: FoldTask, generator: torch.Generator
) -> dict[str, Tensor]:
    name = f"committee, network {task.seed}" if task.targets else f"fold {task.fold}"
    name += f", seed {task.seed}" if task.params.seeds > 1 and not task.targets else ""
    losses, held_out_losses, accuracies, watched = [], [], [], []
    seen = torch.from_numpy(watched_rows(len(held_out))).to(held_out.labels.device)
    bar: tqdm = tqdm(desc=name, unit="epoch", position=task.fold, leave=False)
    for epoch in course.train(network, data, task.params, generator, name=name):
        logits = _judged(network, held_out, epoch.side, task.params)
        losses.append(sum(epoch.losses) / len(epoch.losses))
        held_out_losses.append(torch.nn.functional.cross_entropy(logits, held_out.labels))
        accuracies.append((logits.argmax(1) == held_out.labels).float().mean())
        watched.append(logits[seen].softmax(1))
        bar.total = epoch.of
        bar.update()
        judged = f", held_out={float(accuracies[-1]):.1%}" if len(held_out) else ""
        bar.set_postfix_str(f"loss={losses[-1]:.3f}{judged}")
    bar.close()
    return {
        "train_loss": torch.tensor(losses),
        "held_out_loss": torch.stack(held_out_losses),
        "held_out_accuracy": torch.stack(accuracies),
        "watched": torch.stack(watched),
    }


def _judged(network: Network, held_out: Data, side: int, params: Train) -> Tensor:
    """Return the logits of the held-out images at the side that the network has just been trained at."""
    pieces = zip(held_out.pictures().split(PIECE), held_out.labels.split(PIECE), strict=True)
    return torch.cat([infer(network, course.resized(piece, side)[0], params, views=False)[0] for piece in pieces])
