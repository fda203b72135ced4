"""What a trained network says about images."""

import torch
import torch.nn.functional as F
from torch import Tensor

from dataprep.config import Train
from dataprep.networks import Network
from dataprep.training import precision

BATCH = 500


@torch.no_grad()
def infer(network: Network, images: Tensor, params: Train, *, views: bool) -> tuple[Tensor, Tensor]:
    """Return logits (N, C) and embeddings (N, D), float32, of images (N, 3, S, S) uint8.

    With `views` the logits are averaged over what training varied as well: one half of the weight goes to the
    image, the other half to it shifted by one pixel up-left and down-right (when `train.shift` moves them at
    all); where `train.flip` is set each half is shared with its mirror image. The embedding is the unmoved image's.
    """
    network.eval()
    device = network.mean.device
    dtype = precision.resolve(params.precision, device)
    logits, embeddings = [], []
    with precision.computing(dtype, device):
        for batch in images.split(BATCH):
            inputs = network.standardized(batch)
            first, embedding = network.classify(inputs)
            rest = [(weight, network.classify(view)[0]) for weight, view in _views(inputs, params)] if views else []
            logits.append(first * (1 - sum(weight for weight, _ in rest)) + sum(w * output for w, output in rest))
            embeddings.append(embedding)
    classes, width = network.head.out_features, network.head.in_features
    empty = images.new_empty((0, classes), dtype=torch.float32), images.new_empty((0, width), dtype=torch.float32)
    return torch.cat([empty[0], *logits]), torch.cat([empty[1], *embeddings])


def _views(inputs: Tensor, params: Train) -> list[tuple[float, Tensor]]:
    side = inputs.shape[-1]
    moved = []
    if round(params.shift * side) > 0:
        padded = F.pad(inputs, (1, 1, 1, 1), mode="replicate")
        moved = [padded[:, :, at : at + side, at : at + side] for at in (0, 2)]
    each = 0.25 / (1 + params.flip) if moved else 0.0
    found = [(each, view) for view in moved]
    if params.flip:
        found += [(0.5 - 2 * each, inputs.flip(3)), *((each, view.flip(3)) for view in moved)]
    return [(weight, view.contiguous(memory_format=torch.channels_last)) for weight, view in found]
