"""Amplified noise: planted, and not where contrast is faint but smooth, or noise is strong but usual."""

import numpy as np
import pytest

from dataprep.normalization.amplification import amplification

BOOK = (1.0, 1.0, 0.0, 1e-8)
SIDE = 32


def planted() -> np.ndarray:  # type: ignore[type-arg]
    """30 ordinary images, then a faint noisy one, a faint smooth one, a flat one, and a noisy one of full contrast."""
    numbers = np.random.default_rng(0)
    slope = np.linspace(-1, 1, SIDE)[None, :, None] * np.ones((SIDE, 1, 3))
    noise = numbers.standard_normal((34, SIDE, SIDE, 3))
    images = 128 + 60 * slope + 3 * noise
    images[30] = 128 + 3 * noise[30]
    images[31] = 128 + 6 * slope
    images[32] = 128
    images[33] = 128 + 50 * noise[33]
    return images.round().clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("span", [1.0, 2.0, 255.0])
def test_only_the_faint_noisy_image_is_told_of(span: float) -> None:
    found = amplification(planted(), span, *BOOK[1:])
    assert np.flatnonzero(found.amplified).tolist() == [30]
    assert found.gain[32] == 0.0
    assert np.allclose(found.gain[:32] * found.deviation[:32], 1.0)


def test_a_regularizer_keeps_faint_images_faint() -> None:
    assert not amplification(planted(), 255.0, 1.0, 400.0, 0.0).amplified.any()


def test_the_estimate_of_noise_is_right_beside_edges() -> None:
    numbers = np.random.default_rng(1)
    image = np.full((1, 64, 64, 3), 60.0)
    image[:, :, 20:] = 180.0
    noisy = image + numbers.normal(0, 8, (1, 64, 64, 1))
    found = amplification(noisy.round().astype(np.uint8), 255.0, *BOOK[1:])
    assert float(found.noise[0] / found.gain[0]) == pytest.approx(8.0, rel=0.1)
    assert amplification(image.astype(np.uint8), 255.0, *BOOK[1:]).noise[0] == 0.0


def test_tiny_images_have_no_noise() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 2, 2, 3), np.uint8)
    assert not amplification(pixels, *BOOK).noise.any()
    assert not amplification(pixels[:0], *BOOK).amplified.any()
