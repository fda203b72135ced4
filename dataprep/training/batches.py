"""Batches of images that lie on the device as uint8, moved about on the device."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from dataprep.config import Train

Batch = tuple[Tensor, Tensor]  # images (B, 3, S, S) uint8, labels (B,) int64 or (B, C) float32


@dataclass(frozen=True)
class Data:
    """Labeled images on one device. images: (N, S, S, 3) uint8, channels last in memory.

    labels: (N,) int64, or (N, C) float32, how probable each class is.
    """

    images: Tensor
    labels: Tensor

    def pictures(self) -> Tensor:
        """Return the images as (N, 3, S, S), a view."""
        return self.images.permute(0, 3, 1, 2)

    def classes(self) -> Tensor:
        """Return the labels as (N,) int64, the most probable one where several are possible."""
        return self.labels if self.labels.ndim == 1 else self.labels.argmax(1)

    def __getitem__(self, rows: Tensor) -> "Data":
        return Data(self.images[rows], self.labels[rows])

    def __len__(self) -> int:
        return len(self.labels)


def batch_size(images: int, params: Train) -> int:
    """Return the images per step: `train.batch`, or all there are when that is fewer."""
    return min(params.batch, images)


def epochs(images: int, params: Train) -> int:
    """Return how many epochs make at least `train.epochs` and at least `train.min_steps` steps."""
    per_epoch = images // batch_size(images, params)
    return max(params.epochs, -(-params.min_steps // per_epoch))


def shuffled(data: Data, params: Train, count: int, generator: torch.Generator) -> Iterator[Iterator[Batch]]:
    """Yield, for each of `count` epochs, its batches.

    A last batch smaller than the rest would unsettle batch normalization, so it is left to the next shuffle.
    """
    size = batch_size(len(data), params)
    # Alternating flip: a fair coin decides which images are mirrored in even epochs; the others are in odd ones.
    coin = torch.rand(len(data), generator=generator, device=generator.device) < 0.5
    for epoch in range(count):
        order = torch.randperm(len(data), generator=generator, device=generator.device)
        mirrored = (coin ^ bool(epoch % 2)) if params.flip else torch.zeros_like(coin)
        yield _epoch(data, order[: len(data) // size * size].split(size), mirrored, params.shift, generator)


def _epoch(
    data: Data, chosen: tuple[Tensor, ...], mirrored: Tensor, shift: float, generator: torch.Generator
) -> Iterator[Batch]:
    for rows in chosen:
        yield moved(data.images, rows, mirrored[rows], shift, generator), data.labels[rows]


def moved(images: Tensor, rows: Tensor, mirrored: Tensor, shift: float, generator: torch.Generator) -> Tensor:
    """Return images[rows] (N, S, S, 3) uint8 as (B, 3, S, S), those of `mirrored` flipped left to right, all shifted.

    Shifts are whole pixels, uniform in +-round(shift * S) along each axis, edges repeated.
    """
    side = images.shape[1]
    reach = round(shift * side)
    line = torch.arange(side, device=images.device)[None]
    offset = torch.randint(-reach, reach + 1, (2, len(rows), 1), generator=generator, device=images.device)
    down, across = (line + offset).clamp(0, side - 1)
    across = torch.where(mirrored[:, None], side - 1 - across, across)
    return images[rows[:, None, None], down[:, :, None], across[:, None, :]].permute(0, 3, 1, 2)
