"""The default network for small images, in the spirit of KellerJordan/cifar10-airbench."""

import torch
from torch import Tensor, nn

from dataprep.networks.layers import Convolution, normalization, whitening
from dataprep.networks.network import Network

PATCHES = 200_000


class Whitening(nn.Module):
    """2x2 convolution, no padding, that decorrelates the pixels: kernels fixed before training, only `bias` learned.

    (N, 3, S, S) -> (N, 24, S - 1, S - 1).
    """

    def __init__(self) -> None:
        super().__init__()
        self.kernel: Tensor
        self.register_buffer("kernel", torch.zeros(24, 3, 2, 2))
        self.bias = nn.Parameter(torch.zeros(24))

    def forward(self, images: Tensor) -> Tensor:
        return nn.functional.gelu(nn.functional.conv2d(images, self.kernel, self.bias))

    def fit(self, images: Tensor) -> None:
        """Set the kernels by standardized float32 images (N, 3, S, S)."""
        patches = images.unfold(2, 2, 1).unfold(3, 2, 1).permute(0, 2, 3, 1, 4, 5).reshape(-1, 12)
        stride = max(1, len(patches) // PATCHES)
        self.kernel.copy_(whitening(patches[::stride]).view(24, 3, 2, 2))


class Group(nn.Module):
    """Two 3x3 convolutions; the side is halved behind the first. (N, I, H, W) -> (N, O, H // 2, W // 2)."""

    def __init__(self, inputs: int, outputs: int, batch_norm: bool) -> None:
        super().__init__()
        self.first = Convolution(inputs, outputs, bias=not batch_norm)
        self.first_norm = normalization(outputs, batch_norm)
        self.second = Convolution(outputs, outputs, bias=not batch_norm)
        self.second_norm = normalization(outputs, batch_norm)

    def forward(self, images: Tensor) -> Tensor:
        pooled = nn.functional.max_pool2d(self.first(images), 2)
        between = nn.functional.gelu(self.first_norm(pooled))
        return nn.functional.gelu(self.second_norm(self.second(between)))


def fast(
    classes: int, side: int, width: int, *, batch_norm: bool, dropout: float = 0.0, input_dropout: float = 0.0
) -> Network:
    """Return a network of a whitening layer and up to three groups of `width`, 2 and 4 times `width` channels.

    Sides below 16 px get as many groups as they can be halved. The embedding is the maximum over the last map.
    """
    groups = max(1, min(3, (side - 1).bit_length() - 1))
    blocks: list[nn.Module] = [Whitening()]
    channels = 24
    for depth in range(groups):
        blocks.append(Group(channels, width * 2**depth, batch_norm))
        channels = width * 2**depth
    return Network(blocks, _maximum, channels, classes, dropout=dropout, input_dropout=input_dropout)


def _maximum(features: Tensor) -> Tensor:
    return features.amax((2, 3))
