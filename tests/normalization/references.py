"""The formulas in plain loops and SciPy, float64, written from the book and the papers."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float64]


def gcn(image: Array, s: float, regularizer: float, floor: float) -> list[float]:
    values = image.flatten().tolist()
    mean = math.fsum(values) / len(values)
    deviation = math.sqrt(regularizer + math.fsum((v - mean) ** 2 for v in values) / len(values))
    return [s * (v - mean) / max(floor, deviation) for v in values]


def pylearn2_gcn(
    image: Array, scale: float, subtract_mean: bool, use_std: bool, sqrt_bias: float, min_divisor: float
) -> list[float]:
    values = image.flatten().tolist()
    mean = math.fsum(values) / len(values)
    kept = [v - mean for v in values] if subtract_mean else values
    if use_std:
        square = math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1)
    else:
        square = math.fsum(v**2 for v in kept)
    divisor = math.sqrt(sqrt_bias + square) / scale
    return [v / (1.0 if divisor < min_divisor else divisor) for v in kept]


def kernel(window: int, sigma: float) -> Array:
    offsets = np.arange(window) - window // 2
    line = np.exp(-(offsets**2) / (2 * sigma**2))
    plane: Array = np.outer(line, line)
    return plane / plane.sum()


def blur(plane: Array, weights: Array) -> Array:
    inside: Array = ndimage.convolve(np.ones_like(plane), weights, mode="constant")
    found: Array = ndimage.convolve(plane, weights, mode="constant") / inside
    return found


def lcn(image: Array, window: int, sigma: float, divisor: str, regularizer: float, floor: float, joint: bool) -> Array:
    """image: (C, H, W)."""
    weights = kernel(window, sigma)
    if joint:
        centered = image - blur(image.mean(0), weights)
        energy = np.broadcast_to(blur((centered**2).mean(0), weights), image.shape)
    else:
        centered = image - np.stack([blur(plane, weights) for plane in image])
        energy = np.stack([blur(plane**2, weights) for plane in centered])
    if divisor == "floor":
        return centered / np.maximum(floor, np.sqrt(regularizer + energy))
    deviation = np.sqrt(energy)
    mean = deviation.mean((1, 2), keepdims=True)
    return centered / np.maximum(floor, np.maximum(mean, deviation))


def lecun_lcn(image: Array, window: int, threshold: float) -> Array:
    """image: (C, H, W). Zeros around, and the deviation is of the image itself."""
    weights = kernel(window, 2.0)
    done = []
    for plane in image:
        centered = plane - ndimage.convolve(plane, weights, mode="constant")
        deviation = np.sqrt(ndimage.convolve(plane**2, weights, mode="constant"))
        done.append(centered / np.maximum(threshold, np.maximum(deviation.mean(), deviation)))
    return np.stack(done)
