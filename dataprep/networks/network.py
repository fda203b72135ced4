"""What every network here has: pixel statistics in front, blocks, a pooled embedding, an output layer."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from dataprep.errors import DataprepError
from dataprep.networks.layers import Convolution, Initialization, initialize


class Network(nn.Module):
    """(N, 3, S, S) uint8 -> logits (N, C) and embedding (N, D), both float32.

    Pixels are standardized per channel with `mean` and `deviation` (3 each, of 0..1 values), pass
    the `blocks` one by one, and are pooled to the embedding. The output layer starts with zero
    weights and the logarithm of the class priors as bias, so that the first loss is the priors' entropy.
    """

    def __init__(
        self,
        blocks: list[nn.Module],
        pool: Callable[[Tensor], Tensor],
        features: int,
        classes: int,
        *,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.full((1, 3, 1, 1), 0.5))
        self.register_buffer("deviation", torch.full((1, 3, 1, 1), 0.25))
        self.blocks = nn.ModuleList(blocks)
        self.pool = pool
        self.input_dropout = nn.Dropout(input_dropout)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(features, classes)
        self.frozen = 0

    def standardized(self, images: Tensor) -> Tensor:
        """Return uint8 (N, 3, S, S) as the float32 that enters the first block."""
        values = (images.float() / 255 - self.mean) / self.deviation
        return values.contiguous(memory_format=torch.channels_last)

    def classify(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and embedding of standardized float32 (N, 3, S, S)."""
        features = self.input_dropout(inputs)
        for block in self.blocks:
            features = block(features)
        # The output layer computes in float32 whatever the precision of the blocks: margins are read off it.
        with torch.autocast(inputs.device.type, enabled=False):
            embedding = self.pool(features).float()
            return self.head(self.dropout(embedding)), embedding

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return self.classify(self.standardized(images))

    def freeze(self, blocks: int) -> None:
        """Exclude the first `blocks` blocks from training, their batch statistics included.

        Raises DataprepError when there are not so many.
        """
        if blocks > len(self.blocks):
            raise DataprepError(
                f"the network has {len(self.blocks)} blocks, fewer than the {blocks} that are to be frozen",
                where="params.yaml, train.frozen_blocks",
                remedy=f"set it to at most {len(self.blocks)}",
            )
        self.frozen = blocks
        for block in self.blocks[:blocks]:
            block.requires_grad_(False)

    def train(self, mode: bool = True) -> "Network":
        super().train(mode)
        for block in self.blocks[: self.frozen]:
            block.eval()
        return self

    def hidden_matrices(self) -> list[nn.Parameter]:
        """Return the trained kernels of the blocks: what Muon is for."""
        return [layer.weight for layer in self.convolutions() if layer.weight.requires_grad]

    def convolutions(self) -> Iterator[Convolution]:
        """Yield the convolutions in the order of the blocks."""
        return (layer for layer in self.blocks.modules() if isinstance(layer, Convolution))


def start(network: Network, scheme: Initialization, statistics: tuple[Tensor, Tensor], priors: Tensor) -> None:
    """Initialize in place: kernels by `scheme`, pixel mean and deviation (3 each), class priors (C,) summing to 1."""
    with torch.no_grad():
        for layer in network.convolutions():
            initialize(layer.weight.view(layer.shape), scheme)
        network.mean.copy_(statistics[0].view(1, 3, 1, 1))
        network.deviation.copy_(statistics[1].view(1, 3, 1, 1))
        network.head.weight.zero_()
        network.head.bias.copy_(priors.log())
