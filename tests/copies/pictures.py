"""Made-up pictures for tests of copies."""

import numpy as np
from PIL import Image


def smooth(seed: int, side: int = 32) -> np.ndarray:
    """A smooth random picture, (side, side, 3) uint8."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))


def several(count: int, side: int = 32) -> np.ndarray:
    """(count, side, side, 3) uint8."""
    return np.stack([smooth(seed, side) for seed in range(count)])
