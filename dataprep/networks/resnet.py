"""A small ResNet, for images too large for the fast network."""

import torch
from torch import Tensor, nn

from dataprep.networks.layers import Convolution, normalization
from dataprep.networks.network import Network


class Stem(nn.Module):
    """One convolution; from 64 px on it halves the side, as there is little to see in single pixels then."""

    def __init__(self, outputs: int, stride: int, batch_norm: bool) -> None:
        super().__init__()
        self.first = Convolution(3, outputs, stride=stride, bias=not batch_norm)
        self.first_norm = normalization(outputs, batch_norm)

    def forward(self, images: Tensor) -> Tensor:
        return torch.relu(self.first_norm(self.first(images)))


class Residual(nn.Module):
    """Two 3x3 convolutions around a shortcut (He et al., 2015), halving the side."""

    def __init__(self, inputs: int, outputs: int, batch_norm: bool) -> None:
        super().__init__()
        self.first = Convolution(inputs, outputs, stride=2, bias=not batch_norm)
        self.first_norm = normalization(outputs, batch_norm)
        self.second = Convolution(outputs, outputs, bias=not batch_norm)
        self.second_norm = normalization(outputs, batch_norm)
        self.halve = nn.AvgPool2d(2, ceil_mode=True)
        self.shortcut = Convolution(inputs, outputs, side=1, bias=not batch_norm)
        self.shortcut_norm = normalization(outputs, batch_norm)

    def forward(self, images: Tensor) -> Tensor:
        body = torch.relu(self.first_norm(self.first(images)))
        body = self.second_norm(self.second(body))
        return torch.relu(body + self.shortcut_norm(self.shortcut(self.halve(images))))


def resnet(
    classes: int, side: int, width: int, *, batch_norm: bool, dropout: float = 0.0, input_dropout: float = 0.0
) -> Network:
    """Return a network that halves the side until it is at most 4 to 8 px (at most five times).

    Channels double with each halving up to four times `width`. The embedding is the average and maximum
    of the last map.
    """
    stride = 2 if side >= 64 else 1
    blocks: list[nn.Module] = [Stem(width, stride, batch_norm)]
    channels = width
    for depth in range(max(1, min(4, (side // stride // 4).bit_length() - 1))):
        wider = min(width * 2 ** (depth + 1), width * 4)
        blocks.append(Residual(channels, wider, batch_norm))
        channels = wider
    return Network(blocks, _mean_and_maximum, 2 * channels, classes, dropout=dropout, input_dropout=input_dropout)


def _mean_and_maximum(features: Tensor) -> Tensor:
    return torch.cat([features.mean((2, 3)), features.amax((2, 3))], dim=1)
