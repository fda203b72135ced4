"""The whole course of a training, epoch by epoch."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from dataprep.config import Train
from dataprep.errors import DataprepError
from dataprep.networks import Network
from dataprep.training.batches import Batch, Data, batch_size, epochs, shuffled
from dataprep.training.inference import infer
from dataprep.training.trainer import Trainer

SMALLEST = 16  # px; smaller images are not shrunk


@dataclass(frozen=True)
class Epoch:
    """What one epoch did. losses: per step, nats. side: px of the images it trained on."""

    number: int
    of: int
    losses: list[float]
    side: int


def train(network: Network, data: Data, params: Train, generator: torch.Generator, *, name: str) -> Iterator[Epoch]:
    """Train the network in place, yielding after each epoch.

    At least `train.epochs` epochs and `train.min_steps` steps. The first `train.small_share` of the epochs
    see images shrunk to `train.small_side` of their side (progressive resizing; none below 16 px): they cost
    less, about by the square of the side; the last epoch never sees them. Early stopping, where asked for,
    looks at a slice of the data after each full-size epoch; the best weights are kept.
    Raises DataprepError, naming `name`, epoch and step, when the loss is not finite.
    """
    kept, slice_ = _split(data, params, generator)
    count = epochs(len(kept), params)
    trainer = Trainer(network, params, count * (len(kept) // batch_size(len(kept), params)))
    best = Best(network)
    for number, batches in enumerate(shuffled(kept, params, count, generator)):
        side = side_at((number + 1) / count, data.images.shape[1], params)
        losses = torch.stack([trainer.step(resized(batch, side)) for batch in batches]).tolist()
        _refuse_infinite(losses, number, name)
        yield Epoch(number, count, losses, side)
        # Early stopping compares full-size epochs only: the network is for full-size images.
        if params.early_stopping is not None and side == data.images.shape[1]:
            best.see(_accuracy(network, slice_, params))
            if best.age >= params.early_stopping.patience:
                break
    if params.early_stopping is not None:
        best.restore()


def side_at(gone: float, side: int, params: Train) -> int:
    """Return the side, in px, of the images in the epoch at whose end the share `gone` of the training is over."""
    small = max(SMALLEST, round(params.small_side * side / 4) * 4)
    return small if gone <= params.small_share and gone < 1 and small < side else side


def resized(batch: Batch, side: int) -> Batch:
    """Return the batch with its images (B, 3, S, S) uint8 brought to (B, 3, side, side) by bilinear sampling."""
    images, labels = batch
    if images.shape[-1] == side:
        return batch
    smaller = F.interpolate(images.float(), (side, side), mode="bilinear", align_corners=False)
    return smaller.round().to(torch.uint8), labels


class Best:
    """The weights of the best epoch so far."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._accuracy = -1.0
        self._state: dict[str, Tensor] = {}
        self.age = 0

    def see(self, accuracy: float) -> None:
        """Take note of an epoch's accuracy; `age` is how many epochs ago the best one was."""
        self.age += 1
        if accuracy > self._accuracy:
            self._accuracy, self.age = accuracy, 0
            self._state = {name: value.clone() for name, value in self._network.state_dict().items()}

    def restore(self) -> None:
        if self._state:
            self._network.load_state_dict(self._state)


def _split(data: Data, params: Train, generator: torch.Generator) -> tuple[Data, Data]:
    """Return the data to train on and the slice, drawn at random, that early stopping looks at."""
    # Without early stopping the data are not copied: at full size they are what takes the memory.
    if params.early_stopping is None:
        return data, data
    order = torch.randperm(len(data), generator=generator, device=generator.device)
    aside = max(1, round(params.early_stopping.share * len(data)))
    if len(data) - aside < 2:
        raise DataprepError(
            f"early stopping leaves {max(0, len(data) - aside)} of {len(data)} images to train on",
            where="params.yaml, train.early_stopping",
            remedy="set it to null: there are too few images for a slice",
        )
    return data[order[aside:]], data[order[:aside]]


def _accuracy(network: Network, data: Data, params: Train) -> float:
    logits, _ = infer(network, data.pictures(), params, views=False)
    return float((logits.argmax(1) == data.classes()).float().mean())


def _refuse_infinite(losses: list[float], epoch: int, name: str) -> None:
    wrong = [step for step, loss in enumerate(losses) if not -1e30 < loss < 1e30]
    if wrong:
        step = epoch * len(losses) + wrong[0]
        raise DataprepError(
            f"the training loss is {losses[wrong[0]]} in {name}, epoch {epoch}, step {step}",
            where="params.yaml, train",
            remedy="lower train.learning_rate, or set train.clip_gradient: 1.0",
        )
