"""Hashes of pictures: equal for equal pixels, or close for similar ones."""

import numpy as np
import xxhash
from numpy.typing import NDArray

HASH_SIDE = 8
DCT_SIDE = 32


def pixel_hash(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8] | None = None) -> str:
    """Return the 128-bit XXH3 of size, transparency and RGB bytes, as 32 hexadecimal digits.

    pixels: (height, width, 3), C-contiguous. alpha: (height, width) where any pixel is transparent, which tells
    pictures apart that look alike on the background. No defense against forgery: SHA-256 of the file is the identity.
    Source: Collet, xxHash, XXH3.
    """
    height, width, _ = pixels.shape
    digest = xxhash.xxh3_128(f"{width}x{height}:{'' if alpha is None else 'alpha'}:".encode())
    if alpha is not None:
        digest.update(np.ascontiguousarray(alpha).data)
    digest.update(pixels.data)
    return digest.hexdigest()


def perceptual_hashes(thumbnails: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return the 64-bit pHash, (n,), of pictures from their (n, 32, 32) thumbnails of luma.

    Bit i is set when the i-th of the 8 x 8 lowest DCT-II coefficients of the thumbnail
    (row by row, the constant one included) exceeds the median of the 64. A flat picture gives 0.
    Source: Zauner, Implementation and benchmarking of perceptual image hash functions, 2010.
    """
    low = (_DCT @ thumbnails.astype(np.float64) @ _DCT.T).reshape(len(thumbnails), -1)
    low[np.abs(low) < 1e-6] = 0.0  # rounding must not turn a flat picture into a pattern
    bits = low > np.median(low, axis=1, keepdims=True)
    bits[~low[:, 1:].any(axis=1)] = False
    return np.packbits(bits, axis=1).view(">u8").astype(np.uint64)[:, 0]


def _dct_matrix() -> NDArray[np.float64]:
    frequency = np.arange(HASH_SIDE)[:, None]
    position = np.arange(DCT_SIDE)[None, :]
    basis: NDArray[np.float64] = np.cos(np.pi * frequency * (2 * position + 1) / (2 * DCT_SIDE))
    return basis


_DCT = _dct_matrix()
