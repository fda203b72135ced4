"""The layers that all networks here are built of."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Initialization = Literal["uniform", "gaussian", "xavier", "he", "dirac"]


class Convolution(nn.Module):
    """A 2-D convolution whose kernel is kept as the matrix (outputs, inputs * side^2).

    (N, inputs, H, W) -> (N, outputs, H', W'); `bias` (outputs,) is there when there is no batch
    normalization behind it. As a matrix the kernel suits `torch.optim.Muon`, which takes no other shape.
    """

    def __init__(self, inputs: int, outputs: int, side: int = 3, stride: int = 1, *, bias: bool = False) -> None:
        super().__init__()
        self.shape = (outputs, inputs, side, side)
        self.stride = stride
        self.weight = nn.Parameter(torch.empty(outputs, inputs * side * side))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def forward(self, images: Tensor) -> Tensor:
        kernel = self.weight.view(self.shape)
        return F.conv2d(images, kernel, self.bias, self.stride, padding=self.shape[-1] // 2)


def initialize(weight: Tensor, scheme: Initialization) -> None:
    """Fill a kernel (outputs, inputs, side, side) in place, drawing from torch's global generator.

    uniform: U(-b, b) with b = 1 / sqrt(n); gaussian: N(0, 1 / n); xavier: U(-b, b) with
    b = sqrt(6 / (n + m)) (Glorot and Bengio, 2010); he: N(0, 2 / n) (He et al., 2015); with n inputs
    and m outputs per unit. dirac: the first `inputs` outputs pass their input on unchanged, the
    others are uniform as above (Zagoruyko and Komodakis, 2017; KellerJordan/cifar10-airbench).
    """
    fan_in = weight[0].numel()
    with torch.no_grad():
        if scheme == "gaussian":
            nn.init.normal_(weight, 0.0, fan_in**-0.5)
        elif scheme == "xavier":
            nn.init.xavier_uniform_(weight)
        elif scheme == "he":
            nn.init.kaiming_normal_(weight)
        else:
            nn.init.uniform_(weight, -(fan_in**-0.5), fan_in**-0.5)
            if scheme == "dirac":
                nn.init.dirac_(weight[: weight.shape[1]])


def normalization(channels: int, batch_norm: bool) -> nn.Module:
    """Return batch normalization with a learned shift and scale, or nothing."""
    return nn.BatchNorm2d(channels, momentum=0.4) if batch_norm else nn.Identity()


def whitening(patches: Tensor) -> Tensor:
    """Return kernels (2 D, D) that decorrelate patches (N, D), each with its negative.

    The eigenvectors of the patches' covariance, each divided by sqrt(eigenvalue + 0.0005), so that
    every output has about unit variance (KellerJordan/cifar10-airbench, after David Page).
    """
    values = patches.double()
    covariance = values.T @ values / max(1, len(values))
    eigenvalues, vectors = torch.linalg.eigh(covariance.cpu())
    scaled = (vectors / torch.sqrt(eigenvalues.clamp_min(0) + 5e-4)).T
    # An eigenvector's sign is arbitrary; fixing it gives the same kernels on every machine.
    largest = scaled.gather(1, scaled.abs().argmax(1, keepdim=True))
    scaled = scaled * torch.where(largest < 0, -1.0, 1.0)
    return torch.cat([scaled, -scaled]).float()
