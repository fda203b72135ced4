import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dataprep import pixels

LIMIT = 10_000_000


def encoded(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def decoded(data: bytes, background: int = 255) -> np.ndarray:
    return np.asarray(pixels.decode(data, LIMIT, background))


def test_rgb_comes_through_unchanged() -> None:
    values = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    assert np.array_equal(decoded(encoded(Image.fromarray(values))), values)


@pytest.mark.parametrize(
    ("mode", "color"), [("1", 1), ("L", 90), ("P", 3), ("CMYK", (0, 0, 0, 0)), ("YCbCr", (9, 128, 128))]
)
def test_every_mode_becomes_rgb(mode: str, color: object) -> None:
    image = Image.new(mode, (4, 3), color)
    format = "PNG" if mode in {"1", "L", "P"} else "TIFF"
    assert decoded(encoded(image, format)).shape == (3, 4, 3)


@pytest.mark.parametrize("background", [0, 255])
def test_transparent_pixels_show_the_background(background: int) -> None:
    image = Image.new("RGBA", (2, 1), (200, 10, 10, 0))
    image.putpixel((1, 0), (200, 10, 10, 255))
    assert decoded(encoded(image), background).tolist() == [[[background] * 3, [200, 10, 10]]]


def test_palette_with_a_transparent_entry_shows_the_background() -> None:
    image = Image.new("P", (2, 1), 0)
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    assert decoded(encoded(image, transparency=0)).tolist() == [[[255] * 3, [40, 50, 60]]]


def test_sixteen_bits_keep_the_high_byte() -> None:
    values = np.array([[0, 255, 256, 65535]], np.uint16)
    assert decoded(encoded(Image.fromarray(values)))[0, :, 0].tolist() == [0, 0, 1, 255]


def test_sixteen_bits_that_hold_eight_keep_the_low_byte() -> None:
    assert decoded(encoded(Image.fromarray(np.array([[0, 7, 255]], np.uint16))))[0, :, 0].tolist() == [0, 7, 255]


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_damaged_metadata_does_not_make_a_picture_unreadable(format: str) -> None:
    data = encoded(Image.new("RGB", (6, 2), "red"), format, exif=b"Exif\0\0garbagegarbage")
    header = pixels.header(data)
    assert header is not None
    assert (header.width, header.height) == (6, 2)
    assert decoded(data).shape == (2, 6, 3)


def test_a_png_is_not_decoded_for_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(Image.new("RGB", (6, 2)))

    def load(self: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", load)
    assert pixels.header(data) == pixels.Header("PNG", 6, 2, 3)


def test_floats_are_scaled_from_their_own_range() -> None:
    values = np.array([[-1.0, 0.0, 1.0]], np.float32)
    assert decoded(encoded(Image.fromarray(values), "TIFF"))[0, :, 0].tolist() == [0, 128, 255]


def test_constant_floats_are_black() -> None:
    assert not decoded(encoded(Image.fromarray(np.full((2, 2), 7.0, np.float32)), "TIFF")).any()


def test_nan_is_unreadable() -> None:
    data = encoded(Image.fromarray(np.array([[np.nan, 1.0]], np.float32)), "TIFF")
    with pytest.raises(pixels.Unreadable, match="NaN or infinity among the pixels"):
        pixels.decode(data, LIMIT, 255)


def test_exif_orientation_is_applied_to_pixels_and_header() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    data = encoded(Image.new("RGB", (6, 2)), "JPEG", exif=exif)
    header = pixels.header(data)
    assert header is not None
    assert (header.width, header.height, header.format, header.channels) == (2, 6, "JPEG", 3)
    assert decoded(data).shape == (6, 2, 3)


def test_the_first_frame_of_an_animation_is_taken() -> None:
    frames = [Image.new("RGB", (3, 3), color) for color in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decoded(data)[0, 0].tolist() == [255, 0, 0]


def png_claiming(width: int, height: int) -> bytes:
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT" + zlib.compress(b""))
    framed = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "the file is empty"),
        (b"hello, this is text", "no image format that Pillow knows"),
        (encoded(Image.effect_noise((64, 64), 80))[:900], "damaged: .*truncated"),
        (png_claiming(60_000, 60_000), "60000 x 60000 px is more than measure.max_pixels, 10000000"),
    ],
)
def test_unreadable_says_why(data: bytes, cause: str) -> None:
    with pytest.raises(pixels.Unreadable, match=cause):
        pixels.decode(data, LIMIT, 255)


@given(
    st.binary(max_size=300),
    st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"]),
    st.integers(0, 200),
)
def test_damaged_bytes_never_raise_anything_else(noise: bytes, format: str, at: int) -> None:
    whole = encoded(Image.new("RGB", (9, 9), "green"), format)
    data = whole[:at] + noise + whole[at + len(noise) :]
    pixels.header(data)
    try:
        image = pixels.decode(data, LIMIT, 255)
    except pixels.Unreadable as error:
        assert str(error)
    else:
        assert image.mode == "RGB"


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_square_has_the_asked_for_side(fit: str) -> None:
    assert pixels.square(Image.new("RGB", (40, 10), "red"), 16, fit, 0).shape == (16, 16, 3)


def test_crop_keeps_the_center_and_pad_adds_bars() -> None:
    image = Image.new("RGB", (30, 10), "red")
    image.paste("blue", (10, 0, 20, 10))
    assert (pixels.square(image, 10, "crop", 0) == [0, 0, 255]).all()
    padded = pixels.square(image, 30, "pad", 7)
    assert (padded[0] == 7).all()
    assert (padded[15, 0] == [255, 0, 0]).all()
