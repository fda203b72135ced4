"""The normalizations as modules, and the whole of them as one that takes an image's bytes."""

from typing import Any

import torch
from torch import Tensor, nn

from dataprep.normalization import contrast, local, pylearn2, scaling, whitening
from dataprep.normalization.scaling import Scale


class GlobalContrast(nn.Module):
    """`contrast.global_contrast` with its numbers."""

    def __init__(self, s: float = 1.0, regularizer: float = 0.0, floor: float = 1e-8) -> None:
        super().__init__()
        self.s, self.regularizer, self.floor = s, regularizer, floor

    def forward(self, images: Tensor) -> Tensor:
        return contrast.global_contrast(images, self.s, self.regularizer, self.floor)


class LocalContrast(nn.Module):
    """`local.local_contrast` with its numbers."""

    def __init__(self, window: int = 9, sigma: float = 2.0, **numbers: Any) -> None:
        super().__init__()
        self.window, self.sigma, self.numbers = window, sigma, numbers

    def forward(self, images: Tensor) -> Tensor:
        return local.local_contrast(images, self.window, self.sigma, **self.numbers)


class Standardize(nn.Module):
    """`scaling.standardize`; mean, deviation: (C,) float64 until they are fitted or loaded."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.zeros(channels, dtype=torch.float64))
        self.register_buffer("deviation", torch.ones(channels, dtype=torch.float64))

    def forward(self, images: Tensor) -> Tensor:
        return scaling.standardize(images, self.mean, self.deviation)


class Whiten(nn.Module):
    """`whitening.whiten`; mean: (K,), matrix: (K, K).

    Both are float64, so that rounding does not show how many images came at once.
    """

    def __init__(self, values: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.matrix: Tensor
        self.register_buffer("mean", torch.zeros(values, dtype=torch.float64))
        self.register_buffer("matrix", torch.eye(values, dtype=torch.float64))

    def forward(self, images: Tensor) -> Tensor:
        return whitening.whiten(images, self.mean, self.matrix)


class Pylearn2Gcn(nn.Module):
    """`pylearn2.pylearn2_gcn` with its numbers."""

    def __init__(self, **numbers: Any) -> None:
        super().__init__()
        self.numbers = numbers

    def forward(self, images: Tensor) -> Tensor:
        return pylearn2.pylearn2_gcn(images, **self.numbers)


class LecunLcn(nn.Module):
    """`pylearn2.lecun_lcn` with its numbers."""

    def __init__(self, kernel_size: int = 7, threshold: float = 1e-4) -> None:
        super().__init__()
        self.kernel_size, self.threshold = kernel_size, threshold

    def forward(self, images: Tensor) -> Tensor:
        return pylearn2.lecun_lcn(images, self.kernel_size, self.threshold)


class Normalization(nn.Module):
    """All steps in order, behind the scale. spec: what `fitting.fit` writes as JSON; `build` makes the steps of it."""

    def __init__(self, spec: dict[str, Any]) -> None:
        super().__init__()
        self.spec = spec
        self.shape = (spec["channels"], spec["height"], spec["width"])
        self.scale: Scale = spec["scale"]
        self.steps = nn.ModuleList(step_module(step, self.shape) for step in spec["steps"])

    def forward(self, images: Tensor) -> Tensor:
        """Return (N, C, H, W) float32 of uint8 images of the fitted channels, height and width.

        Raises TypeError or ValueError for others.
        """
        if images.dtype != torch.uint8:
            raise TypeError(f"images are {images.dtype}, not uint8; `from_unit` takes floating point from 0 to 1")
        self._fits(images)
        if torch.compiler.is_compiling():
            # contiguous() leaves no trace where the example is so already, and sums go in the order of memory.
            images = images.clone(memory_format=torch.contiguous_format)
        return self._stepped(scaling.scale(images, self.scale))

    def from_unit(self, images: Tensor) -> Tensor:
        """Return the same for floating-point images whose values are in [0, 1], such as augmented ones."""
        self._fits(images)
        return self._stepped(scaling.from_unit(images.float(), self.scale))

    def _stepped(self, images: Tensor) -> Tensor:
        for step in self.steps:
            images = step(images)
        return images

    def _fits(self, images: Tensor) -> None:
        if images.ndim != 4 or tuple(images.shape[1:]) != self.shape:
            raise ValueError(
                f"images have the shape {tuple(images.shape)}, but this normalization was fitted on (N, "
                f"{', '.join(str(side) for side in self.shape)}); gray images need equal channels, others a resize"
            )


def step_module(step: dict[str, Any], shape: tuple[int, int, int]) -> nn.Module:
    """Return the module of one fitted step, whose `step` names it and whose other entries are its numbers."""
    numbers = {key: value for key, value in step.items() if key != "step"}
    makers: dict[str, Any] = {
        "gcn": GlobalContrast,
        "lcn": LocalContrast,
        "standardize": lambda: Standardize(shape[0]),
        "whiten": lambda: Whiten(shape[0] * shape[1] * shape[2]),
        "pylearn2_gcn": Pylearn2Gcn,
        "lecun_lcn": LecunLcn,
    }
    module: nn.Module = makers[step["step"]](**numbers)
    return module
