"""Decoding sooner gives exactly what `pixels.decode` gives, or goes to it."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dataprep import decoding, pixels, plain_files
from tests.test_pixels import encoded

LIMIT = 1_000_000

OPTIONS: list[tuple[str, str, dict[str, Any]]] = [
    *(("JPEG", "RGB", {"quality": q, "subsampling": s}) for q in (10, 75, 100) for s in (0, 1, 2)),
    ("JPEG", "RGB", {"progressive": True}),
    ("JPEG", "RGB", {"optimize": True, "restart_marker_blocks": 2}),
    ("JPEG", "RGB", {"keep_rgb": True}),
    ("JPEG", "RGB", {"comment": b"a comment", "icc_profile": b"no real profile"}),
    ("JPEG", "RGB", {"exif": b"Exif\0\0garbage"}),
    ("JPEG", "L", {"quality": 80}),
    ("JPEG", "CMYK", {"quality": 90}),
    *(("PNG", mode, {"compress_level": level}) for mode in ("L", "RGB", "RGBA", "LA", "P", "1") for level in (0, 6)),
    ("PNG", "RGB", {"transparency": (1, 2, 3)}),
    ("PNG", "RGB", {"dpi": (96, 96), "icc_profile": b"no real profile"}),
    ("GIF", "P", {}),
    ("WEBP", "RGBA", {"lossless": True}),
    ("WEBP", "RGB", {}),
    ("BMP", "RGB", {}),
    ("TIFF", "CMYK", {}),
]


def picture(width: int, height: int, seed: int, mode: str) -> Image.Image:
    """Smooth color with noise, and alpha that is 255, 0 or between."""
    random = np.random.default_rng(seed)
    small = random.integers(0, 256, (3, 3, 4), np.uint8)
    layers = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)).astype(np.int64)
    layers = layers + random.integers(-9, 10, layers.shape)
    layers[:, :, 3] = np.where(layers[:, :, 3] > 90, 255, layers[:, :, 3]) if seed % 2 else 255
    return Image.fromarray(layers.clip(0, 255).astype(np.uint8)).convert(mode)


def outcome(data: bytes, background: int = 255) -> Any:
    try:
        return np.asarray(pixels.decode(data, LIMIT, background))
    except pixels.Unreadable as error:
        return str(error)


def same(data: bytes, background: int = 255) -> bool:
    expected = outcome(data, background)
    try:
        found = decoding.decode(data, LIMIT, background).pixels
    except pixels.Unreadable as error:
        return isinstance(expected, str) and str(error) == expected
    assert found.dtype == np.uint8
    assert found.flags.c_contiguous
    return not isinstance(expected, str) and np.array_equal(found, expected)


@given(
    st.sampled_from(OPTIONS), st.integers(1, 70), st.integers(1, 70), st.integers(0, 99), st.sampled_from([0, 128, 255])
)
def test_every_kind_of_file_gives_the_same_pixels(
    kind: tuple[str, str, dict[str, Any]], width: int, height: int, seed: int, background: int
) -> None:
    format, mode, options = kind
    assert same(encoded(picture(width, height, seed, mode), format, **options), background)


@given(
    st.sampled_from(OPTIONS),
    st.integers(0, 20),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=4),
    st.one_of(st.just(1.0), st.floats(0, 1)),
    st.binary(max_size=3),
)
def test_damaged_files_give_the_same_pixels_or_the_same_reason(
    kind: tuple[str, str, dict[str, Any]], seed: int, changes: list[tuple[float, int]], share: float, more: bytes
) -> None:
    format, mode, options = kind
    data = bytearray(encoded(picture(40, 30, seed, mode), format, **options))
    for place, value in changes:
        data[min(int(place * len(data)), len(data) - 1)] = value
    assert same(bytes(data[: int(share * len(data))]) + more)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_exif_orientation_is_applied(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    for format in ("JPEG", "PNG", "WEBP"):
        data = encoded(picture(9, 5, 1, "RGB"), format, exif=exif)
        assert same(data)
        assert decoding.decode(data, LIMIT, 255).orientation == orientation


def png(data: bytes) -> bytes:
    """A PNG file of 30 x 20 RGB with this compressed stream."""
    header = struct.pack(">IIBBBBB", 30, 20, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", data), (b"IEND", b"")]
    framed = (struct.pack(">I", len(b)) + t + b + struct.pack(">I", zlib.crc32(t + b)) for t, b in chunks)
    return plain_files.PNG + b"".join(framed)


def test_png_streams_with_every_fault_go_to_pillow() -> None:
    raw = b"".join(b"\0" + bytes(np.arange(90, dtype=np.uint8) + row) for row in range(20))
    whole = zlib.compress(raw)
    wrong_filter = bytearray(raw)
    wrong_filter[5 * 91] = 9
    streams = [
        whole,
        b"",
        whole[:-4],
        whole[:-1] + bytes([whole[-1] ^ 1]),
        whole + b"more",
        zlib.compress(raw[:-200]),
        zlib.compress(raw + b"more" * 50),
        zlib.compress(bytes(wrong_filter)),
    ]
    assert all(same(png(stream)) for stream in streams)


def test_plain_files_do_not_need_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [encoded(picture(30, 20, 1, "RGB"), format) for format in ("JPEG", "PNG")]
    for data in files:
        decoding.decode(data, LIMIT, 255)  # the check of both decoders, once

    def unwanted(*_: object) -> None:
        raise AssertionError("Pillow was asked")

    monkeypatch.setattr("PIL.Image.open", unwanted)
    assert [decoding.decode(data, LIMIT, 255).pixels.shape for data in files] == [(20, 30, 3)] * 2


def test_a_decoder_that_disagrees_with_pillow_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    real = decoding._jpeg
    assert decoding._agrees(real)

    def wrong(data: bytes) -> Any:
        found = real(data)
        return None if found is None else found ^ 1

    monkeypatch.setattr(decoding, "_jpeg", wrong)
    assert not decoding._agrees(wrong)
    assert same(encoded(picture(30, 20, 1, "RGB"), "JPEG"))


def test_the_limit_holds_for_plain_files_as_well() -> None:
    for format in ("JPEG", "PNG"):
        with pytest.raises(pixels.Unreadable, match=r"20 x 10 px is more than measure\.max_pixels, 100"):
            decoding.decode(encoded(Image.new("RGB", (20, 10)), format), 100, 255)


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_plain_file_tells_its_size(format: str) -> None:
    data = encoded(Image.new("RGB", (31, 7)), format)
    size_of = plain_files.plain_jpeg_size if format == "JPEG" else plain_files.plain_png_size
    assert size_of(data) == (31, 7)
    assert all(size_of(data[:length]) in (None, (31, 7)) for length in range(len(data)))
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (31, 7)
