"""Turn an image file's bytes into 8-bit RGB by one stated rule, whatever its format and mode."""

import io
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

# The limit is ours (measure.max_pixels), checked before decoding and reported with its reason.
Image.MAX_IMAGE_PIXELS = None

TRANSPOSING = {5, 6, 7, 8}  # EXIF orientations that swap width and height
TURNED = {2, 3, 4} | TRANSPOSING


TRUNCATED = "truncated"  # in the reason of Unreadable when the file ends early

NO_MEMORY = "too large for this machine's memory"


class Unreadable(Exception):
    """The image cannot be decoded; the message says why."""


@dataclass(frozen=True)
class Header:
    """What a file says of itself, without decoding it. Sizes are in px, as displayed."""

    format: str
    width: int
    height: int
    channels: int


def header(data: bytes) -> Header | None:
    """Return the header of the encoded image, or None when there is none to read."""
    try:
        with _opened(data) as image:
            width, height = image.size
            if _orientation(image) in TRANSPOSING:
                width, height = height, width
            return Header(image.format or "", width, height, len(image.getbands()))
    except Unreadable:
        return None


def decode(data: bytes, max_pixels: int, background: int) -> Image.Image:
    """Return the picture as a PIL image of mode RGB.

    - EXIF orientation is applied; of an animation the first frame is taken.
    - Palette, gray, CMYK, YCbCr, LAB and HSV are converted by Pillow without a color profile.
    - Transparent pixels are laid over the gray value `background` (0 to 255).
    - Integers of 0 to 65,535 keep their high byte, or the low one when none exceeds 255; other integers and
      floats are scaled linearly from their own minimum and maximum to 0..255 (a constant image becomes 0).

    Raises Unreadable for an empty, truncated, corrupt or unknown file, one with more than
    `max_pixels` pixels, and one with NaN or infinity in it.
    """
    with loaded(data, max_pixels) as (image, _):
        return to_rgb(image, background)


@contextmanager
def loaded(data: bytes, max_pixels: int) -> Iterator[tuple[Image.Image, int]]:
    """Yield the picture, upright and in its file's own mode, and the EXIF orientation (1 to 8) that it was stored in.

    Raises Unreadable as `decode` does; errors of the block count as the file's.
    """
    with _opened(data) as image:
        check_size(*image.size, max_pixels)
        image.load()
        yield _upright(image)


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raise Unreadable when the picture has more than `max_pixels` pixels."""
    if width * height > max_pixels:
        raise Unreadable(f"{width} x {height} px is more than measure.max_pixels, {max_pixels}")


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 when there is none or it is damaged, without decoding the picture."""
    try:
        if image.format == "PNG":  # whose getexif() decodes all pixels in search of a late chunk
            exif = Image.Exif()
            exif.load(image.info.get("exif", b""))
        else:
            exif = image.getexif()
        return int(exif.get(ExifTags.Base.Orientation, 1))
    except Exception:  # damaged metadata does not make a picture unreadable
        return 1


def _upright(image: Image.Image) -> tuple[Image.Image, int]:
    try:
        stored = int(image.getexif().get(ExifTags.Base.Orientation, 1))
        if stored in TURNED:
            return ImageOps.exif_transpose(image), stored
    except Exception:  # as above
        return image, 1
    return image, 1


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    if not data:
        raise Unreadable("the file is empty (0 bytes)")
    with _quiet():
        try:
            with Image.open(io.BytesIO(data)) as image:
                yield image
        except Unreadable:
            raise
        except UnidentifiedImageError as error:
            raise Unreadable("no image format that Pillow knows") from error
        except MemoryError as error:
            raise Unreadable(NO_MEMORY) from error
        except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error) as error:
            raise Unreadable(_damage(str(error))) from error
        except Exception as error:  # Pillow's plugins raise almost anything on damaged bytes
            raise Unreadable(_damage(f"{type(error).__name__}: {error}")) from error


def _damage(words: str) -> str:
    return f"damaged: the file is truncated: {words}" if TRUNCATED in words.lower() else f"damaged: {words}"


@contextmanager
def _quiet() -> Iterator[None]:
    # Damaged metadata does not make a picture unreadable. The filters are the whole process's: a thread that put
    # them back would do so for all others, so whoever starts threads silences them.
    own = threading.current_thread() is threading.main_thread()
    with warnings.catch_warnings() if own else nullcontext():
        if own:
            warnings.simplefilter("ignore")
        yield


def to_rgb(image: Image.Image, background: int) -> Image.Image:
    """Return the picture of any mode as one of mode RGB by the rule of `decode`; `image` itself when it is RGB."""
    if image.mode.startswith("I;16"):
        return _from_gray(_wide_integers(np.asarray(image).astype(np.int32)))
    if image.mode == "I":
        return _from_gray(_wide_integers(np.asarray(image)))
    if image.mode == "F":
        return _from_gray(_linear(np.asarray(image, dtype=np.float64)))
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        canvas = Image.new("RGBA", layered.size, (background, background, background, 255))
        return Image.alpha_composite(canvas, layered).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _from_gray(values: np.ndarray) -> Image.Image:
    return Image.fromarray(values.astype(np.uint8)).convert("RGB")


def _wide_integers(values: np.ndarray) -> np.ndarray:
    # Some decoders give 16-bit files as 32-bit integers; scaling those by their own range
    # would make a dark 16-bit photograph bright.
    if values.min() >= 0 and values.max() <= 65535:
        return values >> 8 if values.max() > 255 else values
    return _linear(values.astype(np.float64))


def _linear(values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all():
        raise Unreadable("NaN or infinity among the pixels")
    low, high = values.min(), values.max()
    span = high - low
    return np.zeros_like(values) if span == 0 else np.rint((values - low) / span * 255)


def square(image: Image.Image, side: int, fit: str, background: int) -> np.ndarray:
    """Return the picture as (side, side, 3) uint8.

    fit `stretch` ignores the aspect ratio, `crop` keeps the center, `pad` adds bars of the
    gray value `background`. Lanczos when enlarging or shrinking, with antialiasing.
    """
    size = (side, side)
    if fit == "crop":
        image = ImageOps.fit(image, size, Image.Resampling.LANCZOS)
    elif fit == "pad":
        gray = (background, background, background)
        image = ImageOps.pad(image, size, Image.Resampling.LANCZOS, color=gray)
    elif image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.asarray(image, dtype=np.uint8)
