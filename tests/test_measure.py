import math

import numpy as np
import polars as pl
import pytest
from PIL import Image, ImageFilter
from scipy import fft

from dataprep import config, hashes, measure
from tests.frames import images
from tests.test_pixels import encoded

PARAMS = config.Measure(size=16, fit="stretch", max_pixels=1_000_000, background=255)


def noise(side: int = 64, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8))


def scene(side: int = 256) -> Image.Image:
    """Sharp edges at several scales on a plain background."""
    image = Image.new("L", (side, side), 230)
    for number in range(6):
        at, size = side * number // 7, side // (number + 3)
        image.paste(40 * number, (at, at, at + size, at + size // 2))
    return image.convert("RGB")


@pytest.mark.parametrize(("color", "expected"), [("black", 0.0), ("white", 1.0)])
def test_black_is_zero_and_white_is_one(color: str, expected: float) -> None:
    found = measure.measure(Image.new("RGB", (20, 10), color))
    assert found["brightness"] == found["brightness_p1"] == found["brightness_p99"] == expected
    assert found["contrast"] == found["entropy"] == found["noise"] == 0.0
    assert found["sharpness"] == 1.0  # a plain picture has no edge that could be blurred
    assert found["aspect_ratio"] == 2.0
    assert found["pixel_count"] == 200


def test_statistics_equal_plain_loops() -> None:
    luma = np.asarray(noise().convert("L")).astype(np.float64).ravel()
    found = measure.measure(noise())
    mean = sum(luma) / len(luma) / 255
    assert found["brightness"] == pytest.approx(mean)
    assert found["contrast"] == pytest.approx(math.sqrt(sum((v / 255 - mean) ** 2 for v in luma) / len(luma)))
    shares = [sum(luma == level) / len(luma) for level in set(luma)]
    assert found["entropy"] == pytest.approx(-sum(s * math.log2(s) for s in shares))
    assert found["brightness_p1"] == pytest.approx(np.percentile(luma, 1, method="inverted_cdf") / 255)
    assert found["brightness_p99"] == pytest.approx(np.percentile(luma, 99, method="inverted_cdf") / 255)


def test_half_and_half_has_one_bit_of_entropy() -> None:
    image = Image.new("RGB", (4, 4), "white")
    image.paste("black", (0, 0, 4, 2))
    assert measure.measure(image)["entropy"] == pytest.approx(1.0)
    assert measure.measure(image)["contrast"] == pytest.approx(0.5)


def test_noise_tells_white_noise_from_a_gradient() -> None:
    gradient = Image.linear_gradient("L").convert("RGB")
    assert measure.measure(noise())["noise"] == pytest.approx(1.0, abs=0.05)
    assert measure.measure(gradient)["noise"] < 0.01


def test_sharpness_falls_with_blur_and_not_with_size() -> None:
    values = [measure.measure(scene().filter(ImageFilter.GaussianBlur(radius)))["sharpness"] for radius in (0, 1, 2, 4)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 2 * values[-1]
    large = scene().resize((1024, 1024), Image.Resampling.NEAREST)
    assert measure.measure(large)["sharpness"] == pytest.approx(values[0], abs=0.05)


def test_one_pixel_images_are_measured() -> None:
    for size in ((1, 1), (1, 9), (9, 1)):
        found = measure.measure(Image.new("RGB", size, "gray"))
        assert all(math.isfinite(value) for value in found.values() if isinstance(value, float))


def test_perceptual_hash_equals_its_definition() -> None:
    gray = scene().convert("L")
    small = np.asarray(gray.resize((32, 32), Image.Resampling.LANCZOS), dtype=np.float64)
    low = fft.dct(fft.dct(small, axis=0), axis=1)[:8, :8]
    # The orthogonal scaling of SciPy differs from the plain sum by a factor common to all coefficients.
    bits = (low > np.median(low)).ravel()
    expected = sum(int(bit) << (63 - place) for place, bit in enumerate(bits))
    assert hashes.perceptual_hash(gray) == expected


def test_perceptual_hash_survives_resizing_and_flat_is_zero() -> None:
    gray = scene().convert("L")
    other = hashes.perceptual_hash(gray.resize((100, 100)))
    assert (hashes.perceptual_hash(gray) ^ other).bit_count() <= 6
    assert hashes.perceptual_hash(Image.new("L", (50, 50), 77)) == 0


def test_pixel_hash_ignores_the_file_format_and_sees_one_pixel() -> None:
    image = noise(8)
    same = hashes.pixel_sha256(image)
    assert hashes.pixel_sha256(Image.fromarray(np.asarray(image))) == same
    image.putpixel((3, 3), (1, 2, 3))
    assert hashes.pixel_sha256(image) != same
    flat = [Image.new("RGB", size) for size in ((2, 8), (8, 2))]
    assert hashes.pixel_sha256(flat[0]) != hashes.pixel_sha256(flat[1])


def test_a_batch_gives_a_row_per_image_and_black_pixels_where_unreadable() -> None:
    batch = pl.DataFrame({"image_id": ["a", "b"], "bytes": [encoded(noise()), b"junk"], "fault": None})
    frame, block = measure.measure_batch(batch, 16, PARAMS)
    assert frame["unreadable"].to_list() == [None, "no image format that Pillow knows"]
    assert block.shape == (2, 16, 16, 3)
    assert block[0].any()
    assert not block[1].any()


@pytest.mark.parametrize(("side", "expected"), [(8, 16), (28, 32), (32, 32), (33, 32), (500, 64)])
def test_automatic_size_follows_the_median_within_bounds(side: int, expected: int) -> None:
    table = images([{"image_id": str(n), "width": side, "height": side * 2} for n in range(3)])
    assert measure.side_for(table, "auto") == expected
    assert measure.side_for(table, 24) == 24


def test_automatic_size_without_a_readable_image() -> None:
    assert measure.side_for(images([{"image_id": "x", "width": None, "height": None}]), "auto") == 16
