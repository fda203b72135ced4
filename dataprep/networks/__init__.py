"""The networks that look at the data: which one suits, built, started, saved and read back."""

import torch
from torch import Tensor

from dataprep.config import Train
from dataprep.networks.fast import Whitening, fast
from dataprep.networks.network import Network, start
from dataprep.networks.resnet import resnet

FAST_UP_TO = 48  # px; with `network: auto` larger images get the ResNet
SAMPLE = 2000  # images that the pixel statistics of the first layer are taken from

__all__ = ["Network", "architecture", "build", "started"]


def architecture(params: Train, classes: int, side: int) -> dict[str, object]:
    """Return what `build` needs to make the network anew: plain values that JSON can hold."""
    small = side <= FAST_UP_TO
    kind = params.network if params.network != "auto" else ("fast" if small else "resnet")
    return {
        "network": kind,
        "classes": classes,
        "side": side,
        "width": params.width,
        "batch_norm": params.batch_norm,
        "dropout": params.dropout,
        "input_dropout": params.input_dropout,
    }


def build(arguments: dict[str, object]) -> Network:
    """Return the network that `architecture` describes, its values still to be set."""
    rest = {name: value for name, value in arguments.items() if name != "network"}
    return {"fast": fast, "resnet": resnet}[str(arguments["network"])](**rest)  # type: ignore[arg-type]


def started(params: Train, images: Tensor, labels: Tensor, classes: int) -> Network:
    """Return a network ready to be trained on uint8 images (N, 3, S, S) with labels (N,) int64.

    Pixel statistics, whitening and class priors come from these images; each class counts one
    more than it has, so that one that is absent does not get a prior of 0. Weights are drawn
    from torch's global generator.
    """
    network = build(architecture(params, classes, images.shape[-1])).to(images.device)
    values = images[:: max(1, len(images) // (4 * SAMPLE))].float() / 255
    deviation = values.std((0, 2, 3)).nan_to_num(0.0).clamp_min(1 / 255)
    counts = torch.bincount(labels, minlength=classes).double() + 1
    start(network, params.initialization, (values.mean((0, 2, 3)), deviation), (counts / counts.sum()).float())
    first = network.blocks[0]
    if isinstance(first, Whitening):
        with torch.no_grad():
            first.fit(network.standardized(images[:: max(1, len(images) // SAMPLE)]))
    return network
