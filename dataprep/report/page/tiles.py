"""Small pictures of images: WebP files of a side and a quality that fit into a number of bytes."""

import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl
from PIL import Image

from dataprep import files, pixels
from dataprep.config import Measure
from dataprep.engine import map_batches
from dataprep.originals import Originals

SIDES = (384, 320, 256, 192, 160, 128, 96, 64, 48, 32, 24)  # px, the longer side; nothing is enlarged
QUALITIES = (85, 70, 50)
SAMPLE = 128  # images by which a size is judged
BATCH_ROWS = 64


@dataclass(frozen=True)
class Size:
    """At most `side` px along the longer side, at WebP's `quality`, 0 to 100."""

    side: int
    quality: int


SIZES = tuple(Size(side, quality) for side in SIDES for quality in QUALITIES)


def encode(image: Image.Image, size: Size) -> bytes:
    """Return the RGB image as a lossy WebP file; smaller images keep their size."""
    small = image
    if max(image.size) > size.side:
        small = image.copy()
        small.thumbnail((size.side, size.side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    stream = io.BytesIO()
    small.save(stream, "WEBP", quality=size.quality, method=4)
    return stream.getvalue()


def sample(originals: Originals, readable: Sequence[str], measure: Measure) -> list[Image.Image]:
    """Return SAMPLE of the images by hash of image_id, of at most the largest of SIDES."""
    chosen = sorted(readable, key=lambda name: files.sha256(f"sample:{name}".encode()))[:SAMPLE]
    found = []
    for rows in originals.batches(BATCH_ROWS, set(chosen)):
        for data in rows["bytes"]:
            image = _decoded(data, measure)
            if image is not None:
                image.thumbnail((SIDES[0], SIDES[0]), Image.Resampling.LANCZOS, reducing_gap=3.0)
                found.append(image)
    return found


def expected(images: Sequence[Image.Image], size: Size) -> float:
    """Return the bytes that an image takes at this size: mean plus two standard errors; 0 without images."""
    if not images:
        return 0.0
    sizes = np.array([len(encode(image, size)) for image in images], float)
    return float(sizes.mean() + 2 * sizes.std() / np.sqrt(len(sizes)))


def tiles(originals: Originals, readable: Sequence[str], size: Size, measure: Measure, workers: int) -> Iterator[bytes]:
    """Yield the WebP file of each readable image, in the order of image_id; an empty one where it cannot be decoded."""
    work = partial(_tiles_of, size=size, measure=measure)
    batches = originals.batches(BATCH_ROWS, set(readable))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of decoders, about damaged metadata; see pixels.decode
        for made in map_batches(
            work, batches, workers=workers, rows=len(readable), description="thumbnails", threads=True
        ):
            yield from made


def _tiles_of(rows: pl.DataFrame, size: Size, measure: Measure) -> list[bytes]:
    images = (_decoded(data, measure) for data in rows["bytes"])
    return [b"" if image is None else encode(image, size) for image in images]


def _decoded(data: bytes, measure: Measure) -> Image.Image | None:
    try:
        return pixels.decode(data, measure.max_pixels, measure.background)
    except pixels.Unreadable:
        return None
