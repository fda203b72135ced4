"""Where the objects are in images with transparency: their alpha channel, fitted to the square like their pixels."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep import pixels
from dataprep.config import Measure
from dataprep.decoding import decode
from dataprep.engine import map_batches
from dataprep.measure import square
from dataprep.originals import Originals

BATCH_ROWS = 64


@dataclass(frozen=True)
class Cutouts:
    """opacity: (M, S, S) uint8, 255 where the object is. rows: image_id -> row of `opacity`.

    backdrop: gray value, 0 to 1, that transparent pixels were laid over.
    """

    opacity: NDArray[np.uint8]
    rows: dict[str, int]
    backdrop: float


def read_cutouts(originals: Originals, wanted: pl.Series, side: int, params: Measure, workers: int) -> Cutouts:
    """Return the masks of the wanted image_ids whose file has an alpha channel that leaves something out."""
    batches = originals.batches(BATCH_ROWS, set(wanted)) if len(wanted) else iter(())
    work = partial(_masks, side=side, params=params)
    found: dict[str, NDArray[np.uint8]] = {}
    for masks in map_batches(work, batches, workers=workers, rows=len(wanted), description="masks", threads=True):
        found |= masks
    opacity = np.stack(list(found.values())) if found else np.zeros((0, side, side), np.uint8)
    return Cutouts(opacity, {name: row for row, name in enumerate(found)}, params.background / 255)


def _masks(batch: pl.DataFrame, side: int, params: Measure) -> dict[str, NDArray[np.uint8]]:
    masks = {}
    for image_id, data in batch.select("image_id", "bytes").iter_rows():
        mask = mask_of(data, side, params)
        if mask is not None:
            masks[image_id] = mask
    return masks


def mask_of(data: bytes, side: int, params: Measure) -> NDArray[np.uint8] | None:
    """Return the alpha channel of an encoded image, (side, side) uint8; None without one, or where it hides nothing.

    It is fitted like the pixels; the bars of fit `pad` count as transparent, which they look like. A file that
    cannot be decoded has none.
    """
    try:
        alpha = decode(data, params.max_pixels, params.background).alpha
    except pixels.Unreadable:
        return None
    if alpha is None:
        return None
    layers = np.ascontiguousarray(np.repeat(alpha[:, :, None], 3, axis=2))
    fitted = square(layers, side, params.fit, background=0)[:, :, 0]
    return np.ascontiguousarray(fitted) if fitted.min() < 255 else None
