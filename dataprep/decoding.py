"""The pictures that `pixels.decode` gives, sooner: plain files go to libjpeg-turbo and libpng directly."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from dataprep import pixels
from dataprep.plain_files import plain_jpeg_size, plain_png_size

Pixels = NDArray[np.uint8]

OPAQUE = 0xFF000000  # least value of four bytes, lowest first, of which the last, alpha, is 255
VISIBLE = 16  # levels of 255; a lesser difference is hardly seen


@dataclass(frozen=True)
class Picture:
    """pixels: (height, width, 3) uint8, C-contiguous, upright, over the background.

    alpha: (height, width) uint8 where any pixel is transparent, else None. hidden: share of the pixels that look
    different (by more than VISIBLE levels) when alpha is dropped, 0 to 1. orientation: EXIF's, as stored, 1 to 8.
    """

    pixels: Pixels
    alpha: Pixels | None = None
    hidden: float = 0.0
    orientation: int = 1


def decode(data: bytes, max_pixels: int, background: int) -> Picture:
    """Return the picture with exactly the pixels of `pixels.decode`. Raises pixels.Unreadable as that does.

    Plain files (see `plain_files`) are decoded by simplejpeg or OpenCV where these agree with Pillow on
    this machine (see `_agrees`); whatever they find fault with goes to Pillow, which knows the reason.
    """
    for size_of, read in ((plain_jpeg_size, _jpeg), (plain_png_size, _png)):
        size = size_of(data)
        if size is not None and size[0] * size[1] <= max_pixels and _agrees(read):
            layers = read(data)
            if layers is not None and layers.shape[1::-1] == size:
                return Picture(layers) if layers.shape[2] == 3 else _over(layers, background)
    with pixels.loaded(data, max_pixels) as (image, orientation):
        flat = np.ascontiguousarray(pixels.to_rgb(image, background))
        alpha = _alpha(image) if image.has_transparency_data else None
        if alpha is None:
            return Picture(flat, orientation=orientation)
        dropped = np.asarray(image.convert("RGBA").convert("RGB"))
        return Picture(flat, alpha, _hidden(flat, dropped), orientation)


def _jpeg(data: bytes) -> Pixels | None:
    """Return (height, width, 3) RGB, or None for a file with any fault."""
    try:
        return np.asarray(simplejpeg.decode_jpeg(data, colorspace="RGB", strict=True), np.uint8)
    except (ValueError, RuntimeError, MemoryError):
        return None


def _png(data: bytes) -> Pixels | None:
    """Return (height, width, 3 or 4) RGB or, where any pixel is transparent, RGBA; None for a file with any fault."""
    try:
        layers = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if layers is None or layers.dtype != np.uint8:
        return None
    if layers.ndim == 2:
        return np.asarray(cv2.cvtColor(layers, cv2.COLOR_GRAY2RGB), np.uint8)
    if layers.shape[2] == 3:
        return np.asarray(cv2.cvtColor(layers, cv2.COLOR_BGR2RGB), np.uint8)
    opaque = layers.view(np.dtype("<u4")).min() >= OPAQUE
    return np.asarray(cv2.cvtColor(layers, cv2.COLOR_BGRA2RGB if opaque else cv2.COLOR_BGRA2RGBA), np.uint8)


def _over(layers: Pixels, background: int) -> Picture:
    flat = np.ascontiguousarray(pixels.to_rgb(Image.fromarray(layers), background))
    return Picture(flat, layers[:, :, 3], _hidden(flat, layers[:, :, :3]))


def _alpha(image: Image.Image) -> Pixels | None:
    alpha = np.asarray(image.convert("RGBA").getchannel("A"))
    return alpha if alpha.min() < 255 else None


def _hidden(shown: Pixels, dropped: Pixels) -> float:
    return float((cv2.absdiff(shown, np.ascontiguousarray(dropped)) > VISIBLE).any(axis=2).mean())


@cache
def _agrees(read: Callable[[bytes], Pixels | None]) -> bool:
    """Return whether a decoder gives Pillow's pixels of a picture in each kind of plain file.

    JPEG: gray, 4:4:4, 4:2:2, 4:2:0, and progressive. PNG: gray, RGB and RGBA.
    """
    ramp = np.arange(40 * 56 * 4, dtype=np.uint32).reshape(40, 56, 4)
    layers = Image.fromarray(((ramp * 2654435761 >> 7) % 97 + ramp // 56 % 160).astype(np.uint8))
    color = layers.convert("RGB")
    kinds: list[tuple[Image.Image, dict[str, int]]] = [(color, {}), (color.convert("L"), {})]
    if read is _jpeg:
        kinds += [(color, {"subsampling": number, "progressive": late}) for number in (0, 1, 2) for late in (0, 1)]
    else:
        kinds += [(layers, {})]
    for image, options in kinds:
        stream = io.BytesIO()
        image.save(stream, "JPEG" if read is _jpeg else "PNG", **options)
        with Image.open(io.BytesIO(stream.getvalue())) as opened:
            theirs = np.asarray(opened if opened.mode == "RGBA" else opened.convert("RGB"))
        ours = read(stream.getvalue())
        if ours is None or not np.array_equal(ours, theirs):
            return False
    return True
