import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from dataprep import config, normalize
from dataprep.errors import DataprepError

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (5, 3, 11, 13), np.uint8))


def params(*steps: dict[str, object], scale: str = "[0, 1]") -> config.Normalize:
    return config.Normalize.model_validate({"scale": scale, "steps": steps, "training_split": "train"})


def test_scales() -> None:
    values = torch.tensor([0, 51, 255], dtype=torch.uint8)
    assert normalize.scale(values, "[0, 1]").tolist() == pytest.approx([0, 0.2, 1])
    assert normalize.scale(values, "[-1, 1]").tolist() == pytest.approx([-1, -0.6, 1])


@pytest.mark.parametrize(("s", "regularizer", "floor"), [(1.0, 0.0, 1e-8), (2.5, 10.0, 0.0), (1.0, 0.0, 100.0)])
def test_global_contrast_equals_a_plain_loop(s: float, regularizer: float, floor: float) -> None:
    images = IMAGES.double()
    found = normalize.global_contrast(images, s, regularizer, floor)
    for image, ours in zip(images, found, strict=True):
        values = image.flatten().tolist()
        mean = math.fsum(values) / len(values)
        deviation = math.sqrt(regularizer + math.fsum((v - mean) ** 2 for v in values) / len(values))
        expected = [s * (v - mean) / max(floor, deviation) for v in values]
        assert ours.flatten().tolist() == pytest.approx(expected, rel=1e-12, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 50), st.floats(-100, 100))
def test_global_contrast_without_regularizer_forgets_contrast_and_brightness(gain: float, offset: float) -> None:
    images = IMAGES.double()
    changed = normalize.global_contrast(images * gain + offset)
    assert torch.allclose(changed, normalize.global_contrast(images), atol=1e-9)
    assert torch.allclose(changed.std((1, 2, 3), correction=0), torch.ones(5, dtype=torch.float64))


def test_flat_images_become_zero() -> None:
    levels = torch.arange(256, dtype=torch.uint8).view(256, 1, 1, 1).expand(256, 3, 32, 32)
    flat = normalize.scale(levels, "[0, 1]")
    assert normalize.global_contrast(flat).abs().max() < 1e-5
    assert normalize.local_contrast(flat).abs().max() < 0.01


@pytest.mark.parametrize("joint", [True, False])
@pytest.mark.parametrize(("window", "sigma"), [(3, 1.0), (9, 2.0), (31, 4.0)])
def test_local_contrast_equals_scipy_in_float64(window: int, sigma: float, joint: bool) -> None:
    images = IMAGES.double() / 255
    found = normalize.local_contrast(images, window, sigma, regularizer=0.01, floor=0.05, joint=joint)
    offsets = np.arange(window) - window // 2
    line = np.exp(-(offsets**2) / (2 * sigma**2))
    kernel = np.outer(line, line)

    def blur(plane: np.ndarray) -> np.ndarray:
        inside = ndimage.convolve(np.ones_like(plane), kernel, mode="constant")
        return ndimage.convolve(plane, kernel, mode="constant") / inside

    for image, ours in zip(images.numpy(), found.numpy(), strict=True):
        if joint:
            centered = image - blur(image.mean(0))
            energy = np.broadcast_to(blur((centered**2).mean(0)), image.shape)
        else:
            centered = image - np.stack([blur(plane) for plane in image])
            energy = np.stack([blur(plane**2) for plane in centered])
        expected = centered / np.maximum(0.05, np.sqrt(0.01 + energy))
        assert np.allclose(ours, expected, atol=1e-10)


def test_borders_do_not_darken() -> None:
    ramp = torch.full((1, 1, 20, 20), 0.7, dtype=torch.float64)
    assert normalize.local_contrast(ramp).abs().max() < 1e-8


def test_standardize_is_fitted_on_what_the_steps_before_it_give() -> None:
    steps = params({"step": "gcn", "s": 3.0}, {"step": "standardize"})
    fitted = normalize.fit(lambda: iter([IMAGES[:2], IMAGES[2:]]), steps)
    done = normalize.apply(IMAGES, fitted).double()
    assert done.mean((0, 2, 3)).tolist() == pytest.approx([0, 0, 0], abs=1e-5)
    assert done.std((0, 2, 3), correction=0).tolist() == pytest.approx([1, 1, 1], abs=1e-5)


def test_only_the_training_split_is_fitted_on(tmp_path: Path) -> None:
    pixels = IMAGES[..., :11].permute(0, 2, 3, 1).numpy().copy()
    ids = pl.Series("image_id", list("abcde"))
    kept = pl.DataFrame({"image_id": ["b", "c", "d"], "split": ["train", "test", "train"]})
    steps = params({"step": "standardize"})
    first = normalize.normalize_all(ids, pixels, kept, steps, tmp_path / "one.npy")
    pixels[[0, 2, 4]] = 0
    assert normalize.normalize_all(ids, pixels, kept, steps, tmp_path / "two.npy") == first
    one, two = np.load(tmp_path / "one.npy"), np.load(tmp_path / "two.npy")
    assert one.shape == (3, 3, 11, 11)
    assert np.array_equal(one[[0, 2]], two[[0, 2]])
    assert not np.array_equal(one[1], two[1])


def test_no_training_image_left(tmp_path: Path) -> None:
    kept = pl.DataFrame({"image_id": ["a"], "split": ["test"]})
    with pytest.raises(
        DataprepError,
        match=r"no image that clean kept is in the training split 'train'.*\n.*\n.*splits: test",
    ):
        normalize.normalize_all(pl.Series(["a"]), np.zeros((1, 4, 4, 3), np.uint8), kept, params(), tmp_path / "x.npy")
    assert not list(tmp_path.iterdir())
