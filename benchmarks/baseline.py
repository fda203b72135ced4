"""What one would write without this project: a plain float32 loop around a ResNet of torch's own layers."""

import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BATCH = 128
RATE = 0.1


class BasicBlock(nn.Module):
    """He et al., 2015: two 3x3 convolutions around a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        same = stride == 1 and inputs == outputs
        self.shortcut = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        )

    def forward(self, images: Tensor) -> Tensor:
        body = F.relu(self.first_norm(self.first(images)))
        return F.relu(self.second_norm(self.second(body)) + self.shortcut(images))


def resnet(classes: int, width: int = 16) -> nn.Module:
    """Return the ResNet-14 for 32x32 images of He et al., 2015, section 4.2 (n = 2)."""
    blocks: list[nn.Module] = [nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    channels = width
    for stage in range(3):
        for block in range(2):
            outputs = width * 2**stage
            blocks.append(BasicBlock(channels, outputs, 2 if stage and not block else 1))
            channels = outputs
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


def train_for(cpu_seconds: float, images: Tensor, labels: Tensor, classes: int, seed: int) -> nn.Module:
    """Return a network trained for so long: SGD with momentum 0.9, weight decay 0.0005, cosine schedule over the time.

    images: (N, 3, S, S) uint8. Padding by 4 px, random crops and mirroring, as is usual.
    """
    torch.manual_seed(seed)
    network = resnet(classes)
    optimizer = torch.optim.SGD(network.parameters(), RATE, 0.9, weight_decay=0.0005, nesterov=True)
    start = time.process_time()
    gone = 0.0
    while gone < 1:
        for rows in torch.randperm(len(images)).split(BATCH):
            gone = (time.process_time() - start) / cpu_seconds
            if gone >= 1:
                break
            for group in optimizer.param_groups:
                group["lr"] = RATE * (1 + torch.cos(torch.tensor(gone * torch.pi)).item()) / 2
            loss = F.cross_entropy(network(_augmented(images[rows])), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network


def predict(network: nn.Module, images: Tensor) -> Tensor:
    """Return the predicted classes (N,)."""
    network.eval()
    with torch.no_grad():
        return torch.cat([network(_scaled(batch)).argmax(1) for batch in images.split(500)])


def _scaled(images: Tensor) -> Tensor:
    return (images.float() / 255 - 0.5) / 0.25


def _augmented(images: Tensor) -> Tensor:
    side = images.shape[-1]
    padded = F.pad(_scaled(images), (4, 4, 4, 4))
    offsets = torch.randint(0, 9, (len(images), 2)).tolist()
    crops = [image[:, y : y + side, x : x + side] for image, (y, x) in zip(padded, offsets, strict=True)]
    mirrored = torch.rand(len(images)) < 0.5
    batch = torch.stack(crops)
    return torch.where(mirrored[:, None, None, None], batch.flip(3), batch)
