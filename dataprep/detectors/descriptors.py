"""Describe square pixels by what survives small edits: coarse color layout and edge directions."""

import numpy as np
import torch
import torch.nn.functional as F

LAYOUT_SIDE = 8
EDGE_CELLS = 4
EDGE_BINS = 8
BATCH = 2048


def describe(pixels: np.ndarray) -> torch.Tensor:
    """Return unit vectors (N, 320) float32 for (N, S, S, 3) uint8 pixels.

    Half of each vector's squared length is the 8 x 8 RGB thumbnail less its mean (so that
    brightness and contrast drop out), half is the histogram of oriented gradients on 4 x 4
    cells with 8 unsigned directions (Dalal and Triggs, 2005), square-rooted, less the mean over
    the data set's own cells. A flat picture gives a zero vector, similar to nothing.
    """
    parts = []
    for start in range(0, len(pixels), BATCH):
        block = torch.from_numpy(np.ascontiguousarray(pixels[start : start + BATCH]))
        images = block.permute(0, 3, 1, 2).float() / 255
        joined = torch.cat([_unit(_layout(images)), _unit(_edges(images.mean(1, keepdim=True)))], dim=1)
        parts.append(_unit(joined))
    return torch.cat(parts)


def _layout(images: torch.Tensor) -> torch.Tensor:
    small = F.adaptive_avg_pool2d(images, LAYOUT_SIDE).flatten(1)
    return small - small.mean(1, keepdim=True)


def _edges(gray: torch.Tensor) -> torch.Tensor:
    padded = F.pad(gray, (1, 1, 1, 1), mode="replicate")
    dx = padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]
    dy = padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]
    length = torch.sqrt(dx**2 + dy**2)
    position = torch.remainder(torch.atan2(dy, dx) / torch.pi, 1.0) * EDGE_BINS
    lower = position.floor()
    upper_share = position - lower
    planes = []
    for direction in range(EDGE_BINS):
        at_lower = (lower.long() % EDGE_BINS == direction).float() * (1 - upper_share)
        at_upper = ((lower.long() + 1) % EDGE_BINS == direction).float() * upper_share
        planes.append(length * (at_lower + at_upper))
    cells = F.adaptive_avg_pool2d(torch.cat(planes, 1), EDGE_CELLS)
    return torch.sqrt(cells).flatten(1)


def _unit(vectors: torch.Tensor) -> torch.Tensor:
    length = vectors.norm(dim=1, keepdim=True)
    return torch.where(length > 1e-6, vectors / length.clamp_min(1e-6), torch.zeros_like(vectors))
