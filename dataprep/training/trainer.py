"""One training step: forward, backward, update. On a GPU the first two are one captured CUDA graph."""

import torch
import torch.nn.functional as F
from torch import Tensor

from dataprep.config import Train
from dataprep.networks import Network
from dataprep.training import optimizers, precision
from dataprep.training.batches import Batch

WARM_UP = 3  # passes before a capture, so that cuDNN has chosen its algorithms and memory is allotted


class Trainer:
    """Updates a network batch by batch, `steps` times in all."""

    def __init__(self, network: Network, params: Train, steps: int) -> None:
        self.network = network
        self._params = params
        self._device = network.mean.device
        self._dtype = precision.resolve(params.precision, self._device)
        self._optimizers = optimizers.optimizers(network, params)
        self._schedules = optimizers.schedules(self._optimizers, params, steps)
        self._captured: dict[tuple[int, ...], Captured] = {}

    def step(self, batch: Batch) -> Tensor:
        """Take one step on images (B, 3, S, S) uint8 and labels (B,) or (B, C); return the loss before it, nats.

        The images may be smaller than those that the network was built for.
        """
        self.network.train()
        images, labels = batch
        loss = self._gradients(images, labels)
        optimizers.clip(self.network, self._params)
        for optimizer, schedule in zip(self._optimizers, self._schedules, strict=True):
            optimizer.step()
            schedule.step()
        optimizers.limit(self.network, self._params)
        return loss

    def _gradients(self, images: Tensor, labels: Tensor) -> Tensor:
        if self._device.type == "cuda":
            shape = tuple(images.shape)
            if shape not in self._captured:
                self._captured[shape] = Captured(self, images, labels)
            return self._captured[shape].replay(images, labels)
        self.network.zero_grad()
        return self.backward(images, labels)

    def backward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Add the gradients of this batch's loss to the weights'; return the loss."""
        with precision.computing(self._dtype, self._device):
            logits, _ = self.network(images)
        loss = F.cross_entropy(logits, labels, label_smoothing=self._params.label_smoothing)
        loss.backward()
        return loss.detach()


class Captured:
    """Forward and backward pass for one shape of batch, recorded once and replayed: hundreds of launches become one."""

    def __init__(self, trainer: Trainer, images: Tensor, labels: Tensor) -> None:
        self._images, self._labels = images.clone(), labels.clone()
        network = trainer.network
        state = {name: value.clone() for name, value in network.state_dict().items()}
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP):
                network.zero_grad(set_to_none=False)
                trainer.backward(self._images, self._labels)
        torch.cuda.current_stream().wait_stream(stream)
        # The warm-up moved the batch statistics; in place, as the graph is bound to these addresses.
        with torch.no_grad():
            for name, value in network.state_dict().items():
                value.copy_(state[name])
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            network.zero_grad(set_to_none=False)
            self._loss = trainer.backward(self._images, self._labels)

    def replay(self, images: Tensor, labels: Tensor) -> Tensor:
        self._images.copy_(images)
        self._labels.copy_(labels)
        self._graph.replay()
        return self._loss.clone()
