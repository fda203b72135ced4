"""The convolutional network that looks at the data."""

import torch
from torch import Tensor, nn


class Residual(nn.Module):
    """Two 3x3 convolutions around a shortcut (He et al., 2015), halving the side when `stride` is 2."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(stride, ceil_mode=True),
            nn.Conv2d(inputs, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, images: Tensor) -> Tensor:
        return torch.relu(self.body(images) + self.shortcut(images))


class Network(nn.Module):
    """A small ResNet. (N, 3, S, S) uint8 -> logits (N, C) and embedding (N, D), both float32.

    Pixels are standardized per channel with `mean` and `deviation` (3 each, of 0..1 values). The side
    is halved until it is at most 4 to 8 px (at most four times); channels double with each halving
    up to four times `width`. The embedding is the global average and maximum of the last block.
    """

    def __init__(self, classes: int, side: int, width: int, mean: Tensor, deviation: Tensor) -> None:
        super().__init__()
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", mean.view(1, 3, 1, 1))
        self.register_buffer("deviation", deviation.view(1, 3, 1, 1))
        blocks: list[nn.Module] = [
            nn.Conv2d(3, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(True),
        ]
        channels = width
        for depth in range(max(1, min(4, (side // 4).bit_length() - 1))):
            wider = min(width * 2 ** (depth + 1), width * 4)
            blocks.append(Residual(channels, wider, stride=2))
            channels = wider
        self.features = nn.Sequential(*blocks)
        self.head = nn.Linear(2 * channels, classes)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features((images.float() / 255 - self.mean) / self.deviation)
        embedding = torch.cat([features.mean((2, 3)), features.amax((2, 3))], dim=1)
        return self.head(embedding), embedding
