"""Where global contrast normalization amplifies noise: in images of little contrast, of which noise is a large part."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

HIGH_GAIN = 2.0  # times the data set's median gain
HIGH_NOISE = 0.25  # of the deviation that GCN gives
BATCH = 1024
# It takes away constants, slopes and edges along an axis; of white noise of deviation 1 it leaves deviation 6.
LAPLACE_DIFFERENCE = ((1.0, -2.0, 1.0), (-2.0, 4.0, -2.0), (1.0, -2.0, 1.0))
NORM = 6.0
NORMAL_MEDIAN = 0.6745  # of the absolute value of a standard normal variable


@dataclass(frozen=True)
class Amplification:
    """(N,) each: deviation of an image's scaled pixels, gain, noise after GCN, and whether that is too much."""

    deviation: NDArray[np.float64]
    gain: NDArray[np.float64]
    noise: NDArray[np.float64]
    amplified: NDArray[np.bool_]


def amplification(pixels: NDArray[np.uint8], span: float, s: float, regularizer: float, floor: float) -> Amplification:
    """Return how much GCN amplifies each image, and its noise.

    pixels: (N, S, S, 3) uint8. span: how wide the range 0 to 255 is in the values that GCN's numbers are meant for.
    gain = s / max(floor, sqrt(regularizer + deviation^2)); 0 for a flat image. The noise of an image is
    median(|L * x|) / (6 * 0.6745) of its mean over the channels x, with the mask L of Immerkaer, Fast noise variance
    estimation (1996), and the median for his mean, so that edges don't count. After GCN it is gain times as large.
    An image counts as amplified noise where its gain is at least twice the median gain of the images that are not flat,
    and its noise afterwards at least a quarter of s.
    """
    deviation, noise = np.zeros(len(pixels)), np.zeros(len(pixels))
    for start in range(0, len(pixels), BATCH):
        block = torch.from_numpy(np.ascontiguousarray(pixels[start : start + BATCH])).permute(0, 3, 1, 2)
        images = block.double() * (span / 255)
        rows = slice(start, start + len(images))
        deviation[rows] = images.std((1, 2, 3), correction=0).numpy()
        noise[rows] = _noise(images).numpy()
    textured = deviation > 0
    divisor = np.maximum(floor, np.sqrt(regularizer + deviation**2))
    gain = np.divide(s, divisor, out=np.zeros_like(divisor), where=textured)
    usual = np.median(gain[textured]) if textured.any() else 0.0
    amplified = textured & (gain >= HIGH_GAIN * usual) & (gain * noise >= HIGH_NOISE * s)
    return Amplification(deviation, gain, gain * noise, amplified)


def _noise(images: Tensor) -> Tensor:
    if min(images.shape[2:]) < 3:
        return torch.zeros(len(images), dtype=images.dtype)
    mask = torch.tensor(LAPLACE_DIFFERENCE, dtype=images.dtype)[None, None]
    return F.conv2d(images.mean(1, keepdim=True), mask).flatten(1).abs().median(1).values / (NORM * NORMAL_MEDIAN)
