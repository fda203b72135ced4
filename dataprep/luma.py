"""Statistics of brightness: of luma's histogram, and of its limits."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

LEVELS = 256
COUNTED_PIXELS = 2**14
BACKGROUND_WIDTH = 5  # levels; a plain background with the noise of JPEG compression

Luma = NDArray[np.uint8]
Statistics = dict[str, NDArray[Any]]


def luma_of(pixels: NDArray[np.uint8]) -> Luma:
    """Return (n, height, width) luma, 0 to 255, of (n, height, width, 3) RGB: ITU-R 601-2, as OpenCV rounds it."""
    count, height, width, _ = pixels.shape
    gray = np.asarray(cv2.cvtColor(pixels.reshape(-1, width, 3), cv2.COLOR_RGB2GRAY), np.uint8)
    return gray.reshape(count, height, width)


def luma_counts(luma: Luma) -> Statistics:
    """Return what `brightness_statistics` needs of (n, height, width) pictures, one row per picture.

    histogram: (n, 256), number of pixels; of large pictures of every k-th row, at least COUNTED_PIXELS of them, which
    tells the same. border: (n, 2), shares of the pixels along the border at 0 and at 255.
    """
    border = np.concatenate([luma[:, 0], luma[:, -1], luma[:, :, 0], luma[:, :, -1]], axis=1)
    limits = [np.count_nonzero(border == level, axis=1) for level in (0, LEVELS - 1)]
    every = max(min(luma[0].size // COUNTED_PIXELS, luma.shape[1] // 4), 1)
    counts = _histograms(luma[:, every // 2 :: every] if every < luma.shape[1] else luma)
    return {"histogram": counts.astype(np.float64), "border": np.stack(limits, axis=1) / border.shape[1]}


def _histograms(luma: Luma) -> NDArray[Any]:
    if len(luma) == 1:  # by far the faster for large pictures
        return np.asarray(cv2.calcHist([luma[0]], [0], None, [LEVELS], [0, LEVELS])).reshape(1, LEVELS)
    offsets = LEVELS * np.arange(len(luma))[:, None]
    places = luma.reshape(len(luma), -1) + offsets
    return np.bincount(places.ravel(), minlength=LEVELS * len(luma)).reshape(len(luma), LEVELS)


def brightness_statistics(counts: Statistics) -> Statistics:
    """Return float64 (n,) per statistic from n rows of `luma_counts`.

    brightness, its 1st and 99th percentile (inverse of the cumulative distribution), contrast (standard deviation):
        luma / 255. entropy: bits of the histogram.
    background: largest share of pixels within a window of BACKGROUND_WIDTH levels.
    clipped_black, clipped_white: the shares of pixels at 0 and at 255, less the share along the picture's border: a
        plain black or white background surrounds its object; overexposure is inside as well.
    """
    share = counts["histogram"] / counts["histogram"].sum(axis=1, keepdims=True)
    level = np.arange(LEVELS) / (LEVELS - 1)
    mean = (share * level).sum(axis=1)
    cumulative = np.cumsum(share, axis=1)
    bits = np.log2(np.maximum(share, 1e-300))
    before = np.pad(cumulative, ((0, 0), (BACKGROUND_WIDTH, 0)))[:, :LEVELS]
    clipped = np.maximum(share[:, [0, -1]] - counts["border"], 0.0)
    return {
        "brightness": mean,
        "brightness_p1": level[(cumulative < 0.01).sum(axis=1)],
        "brightness_p99": level[(cumulative < 0.99 - 1e-12).sum(axis=1)],
        "contrast": np.sqrt((share * (level - mean[:, None]) ** 2).sum(axis=1)),
        "entropy": np.abs((share * bits).sum(axis=1)),
        "background": np.minimum((cumulative - before).max(axis=1), 1.0),
        "clipped_black": clipped[:, 0],
        "clipped_white": clipped[:, 1],
    }
