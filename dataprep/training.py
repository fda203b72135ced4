"""Train one fold's network and predict the images it did not see."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from dataprep.config import Train
from dataprep.errors import DataprepError
from dataprep.networks import Network

PREDICT_BATCH = 1024


@dataclass(frozen=True)
class FoldTask:
    """All that a worker process needs. Rows are positions in `pixels`.

    pixels: .npy file (N, S, S, 3) uint8. labels: (N,) int64, -1 where there is none.
    """

    fold: int
    pixels: Path
    labels: np.ndarray
    train_rows: np.ndarray
    held_out_rows: np.ndarray
    other_rows: np.ndarray  # in no fold, predicted by every fold's network
    classes: int
    params: Train
    seed: int
    device: str


@dataclass(frozen=True)
class FoldResult:
    """Predictions for held_out_rows followed by other_rows, and the course of training."""

    fold: int
    probabilities: np.ndarray  # (n, C) float32
    embeddings: np.ndarray  # (n, D) float32
    train_loss: list[float]  # mean per epoch
    held_out_accuracy: list[float]  # share, after each epoch


def train_fold(task: FoldTask) -> FoldResult:
    """Train on `train_rows` with SGD (Nesterov momentum, one-cycle schedule) and predict the rest.

    Same task, same device, same bytes. Raises DataprepError, naming fold and step, when the loss is not finite.
    """
    torch.manual_seed(task.seed * 1000 + task.fold)
    device = torch.device(task.device)
    array = np.load(task.pixels, mmap_mode="r")
    images = _load(array, task.train_rows, device)
    labels = torch.from_numpy(task.labels[task.train_rows]).to(device)
    held_out = _load(array, task.held_out_rows, device)
    truth = torch.from_numpy(task.labels[task.held_out_rows]).to(device)
    network = _network(images, task).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    losses, accuracies = [], []
    for loss in _epochs(network, images, labels, task):
        losses.append(loss)
        probabilities, embeddings = predict(network, held_out)
        accuracies.append(float((probabilities.argmax(1) == truth).float().mean()))
    others = predict(network, _load(array, task.other_rows, device))
    return FoldResult(
        task.fold,
        torch.cat([probabilities, others[0]]).cpu().numpy(),
        torch.cat([embeddings, others[1]]).cpu().numpy(),
        losses,
        accuracies,
    )


def predict(network: Network, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return probabilities (N, C), rows summing to 1, and embeddings (N, D) of uint8 images (N, 3, S, S)."""
    network.eval()
    probabilities, embeddings = [], []
    with torch.no_grad():
        for start in range(0, max(len(images), 1), PREDICT_BATCH):
            logits, embedding = network(images[start : start + PREDICT_BATCH])
            probabilities.append(logits.softmax(1))
            embeddings.append(embedding)
    return torch.cat(probabilities), torch.cat(embeddings)


def augmented(images: Tensor, flip: bool, shift: float, generator: torch.Generator) -> Tensor:
    """Return the uint8 batch (N, 3, S, S), each image mirrored with chance 1/2 if `flip`, and shifted.

    Shifts are whole pixels, uniform in +-round(shift * S) along each axis, edges repeated.
    """
    count, _, side, _ = images.shape
    reach = round(shift * side)
    if flip:
        mirrored = torch.rand(count, generator=generator, device=images.device) < 0.5
        images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
    if reach:
        offset = torch.randint(-reach, reach + 1, (2, count, 1), generator=generator, device=images.device)
        line = torch.arange(side, device=images.device)[None]
        rows, columns = (line + offset).clamp(0, side - 1)
        batch = torch.arange(count, device=images.device)[:, None, None]
        images = images.permute(0, 2, 3, 1)[batch, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    return images


def _load(array: np.ndarray, rows: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(array[rows]).to(device).permute(0, 3, 1, 2)


def _network(images: Tensor, task: FoldTask) -> Network:
    values = images.float().div(255)
    mean, deviation = values.mean((0, 2, 3)), values.std((0, 2, 3))
    return Network(task.classes, images.shape[-1], task.params.width, mean, deviation.clamp_min(1 / 255))


def _epochs(network: Network, images: Tensor, labels: Tensor, task: FoldTask) -> Iterator[float]:
    """Train epoch by epoch, yielding each one's mean loss."""
    params = task.params
    per_epoch = max(1, len(images) // params.batch)
    epochs = max(params.epochs, math.ceil(params.min_steps / per_epoch))
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=params.learning_rate,
        momentum=params.momentum,
        weight_decay=params.weight_decay,
        nesterov=params.momentum > 0,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, params.learning_rate, total_steps=epochs * per_epoch, pct_start=0.25
    )
    generator = torch.Generator(images.device).manual_seed(task.seed * 1000 + task.fold)
    bar = tqdm(range(epochs), desc=f"fold {task.fold}", unit="epoch", position=task.fold, leave=False)
    for epoch in bar:
        network.train()
        order = torch.randperm(len(images), generator=generator, device=images.device)
        total = torch.zeros((), device=images.device)
        # A last batch smaller than the rest would unsettle batch normalization, so it is left to the next shuffle.
        for batch in order[: per_epoch * params.batch].chunk(per_epoch):
            logits, _ = network(augmented(images[batch], params.flip, params.shift, generator))
            loss = F.cross_entropy(logits, labels[batch], label_smoothing=params.label_smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.detach()
        mean = float(total) / per_epoch
        if not math.isfinite(mean):
            raise DataprepError(
                f"the training loss is {mean} in fold {task.fold}, epoch {epoch}, step {(epoch + 1) * per_epoch}",
                where="params.yaml, train",
                remedy="lower train.learning_rate",
            )
        bar.set_postfix(loss=f"{mean:.3f}")
        yield mean
