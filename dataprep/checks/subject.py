"""What the checks look at: the tables, the trained networks, and a sample to train on for a moment."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from dataprep.config import Checks, Train
from dataprep.networks import Network
from dataprep.predict import TEMPERATURE, network_name
from dataprep.schema import class_names
from dataprep.training import weights
from dataprep.training.batches import Batch, Data, shuffled
from dataprep.training.fold import prepared
from dataprep.training.trainer import Trainer

FOLD = 0  # the fold whose networks and images the checks look at


@dataclass(frozen=True)
class Run:
    """A short training. losses: (steps,) nats. ratios: (steps, kernels), norm of a step's update over the weights'."""

    network: Network
    losses: Tensor
    ratios: Tensor


@dataclass(frozen=True)
class Subject:
    """images, folds, predictions, history, watched: as in `schema`. pixels: uint8 (N, S, S, 3), row i of images.

    networks: folder with the trained networks. device: where the checks compute.
    """

    images: pl.DataFrame
    folds: pl.DataFrame
    predictions: pl.DataFrame
    history: pl.DataFrame
    watched: pl.DataFrame
    pixels: NDArray[np.uint8]
    networks: Path
    params: Checks
    train: Train
    seed: int
    device: torch.device

    @cached_property
    def classes(self) -> list[str]:
        return class_names(self.images)

    @cached_property
    def trained(self) -> bool:
        """Whether networks were trained here; the user's own predictions come without."""
        return self.history.height > 0

    @cached_property
    def held_out_rows(self) -> NDArray[np.int64]:
        return self._sample(np.flatnonzero((self.folds["fold"] == FOLD).fill_null(False).to_numpy()))

    @cached_property
    def held_out(self) -> Data:
        """Return a sample of the images that the first fold held out."""
        return self._data(self.held_out_rows)

    @cached_property
    def sample(self) -> Data:
        """Return a sample of the images that the first fold trained on."""
        rows = self.folds["fold"].fill_null(FOLD).to_numpy()
        return self._data(self._sample(np.flatnonzero(rows != FOLD)))

    def short_run(self, data: Data, train: Train, steps: int, batch: int | None = None) -> Run:
        """Train a fresh network for `steps` steps on full-size images, the same way each time."""
        params = train.model_copy(update={"batch": min(batch or train.batch, len(data))})
        torch.manual_seed(self.seed)
        generator = torch.Generator(self.device).manual_seed(self.seed)
        network = prepared(data, params, len(self.classes))
        trainer = Trainer(network, params, steps)
        losses, ratios = [], []
        for given in _endless(data, params, generator, steps):
            before = [weight.detach().clone() for weight in network.hidden_matrices()]
            losses.append(trainer.step(given))
            after = network.hidden_matrices()
            ratios.append(
                torch.tensor(
                    [float((new.detach() - old).norm() / old.norm()) for new, old in zip(after, before, strict=True)]
                )
            )
        return Run(network, torch.stack(losses).cpu(), torch.stack(ratios).cpu())

    @cached_property
    def usual_run(self) -> Run:
        """Return a short training as params.yaml asks for."""
        return self.short_run(self.sample, self.train, self.params.steps, self.params.batch)

    @cached_property
    def final(self) -> list[Network]:
        """Return the networks of the first fold, one per seed, as the stage `predict` left them."""
        names = [network_name(FOLD, seed) for seed in range(self.train.seeds)]
        return [weights.load(self.networks / name).to(self.device) for name in names]

    @cached_property
    def temperature(self) -> float:
        """Return what the logits are divided by for calibrated probabilities."""
        return float(json.loads((self.networks / TEMPERATURE).read_text())["temperature"])

    def _sample(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        if len(rows) <= self.params.images:
            return rows
        return np.sort(np.random.default_rng(self.seed).choice(rows, self.params.images, replace=False))

    def _data(self, rows: NDArray[np.int64]) -> Data:
        position = {name: number for number, name in enumerate(self.classes)}
        labels = torch.tensor([position[name] for name in self.folds["label"].gather(rows)], dtype=torch.int64)
        return Data(torch.from_numpy(self.pixels[rows]).to(self.device), labels.to(self.device))


def _endless(data: Data, params: Train, generator: torch.Generator, steps: int) -> Iterator[Batch]:
    batches = (batch for epoch in shuffled(data, params, steps, generator) for batch in epoch)
    return (batch for batch, _ in zip(batches, range(steps), strict=False))
