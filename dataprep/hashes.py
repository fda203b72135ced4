"""Hashes of pictures: equal for equal pixels, or close for similar ones."""

import hashlib

import numpy as np
from PIL import Image

HASH_SIDE = 8
DCT_SIDE = 32


def pixel_sha256(image: Image.Image) -> str:
    """Return the SHA-256 of size, transparency (see `pixels.decode`) and RGB bytes, as 64 hexadecimal digits."""
    digest = hashlib.sha256(f"{image.width}x{image.height}:{image.info.get('alpha_sha256', '')}:".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()


def perceptual_hash(gray: Image.Image) -> int:
    """Return the 64-bit pHash of a picture of mode L.

    Bit i is set when the i-th of the 8 x 8 lowest DCT-II coefficients of the 32 x 32 thumbnail
    (row by row, the constant one included) exceeds the median of the 64. A flat picture gives 0.
    Source: Zauner, Implementation and benchmarking of perceptual image hash functions, 2010.
    """
    small = np.asarray(gray.resize((DCT_SIDE, DCT_SIDE), Image.Resampling.LANCZOS), dtype=np.float64)
    low = _DCT @ small @ _DCT.T
    low[np.abs(low) < 1e-6] = 0.0  # rounding must not turn a flat picture into a pattern
    bits = (low > np.median(low)).ravel()
    if not low.ravel()[1:].any():
        return 0
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _dct_matrix() -> np.ndarray:
    frequency = np.arange(HASH_SIDE)[:, None]
    position = np.arange(DCT_SIDE)[None, :]
    basis: np.ndarray = np.cos(np.pi * frequency * (2 * position + 1) / (2 * DCT_SIDE))
    return basis


_DCT = _dct_matrix()
