"""Scales, what is fitted on the training split, and the stage's own work."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from dataprep.config import Normalize
from dataprep.errors import DataprepError
from dataprep.normalization import scaling
from dataprep.normalization.fitting import fit
from dataprep.normalization.write import normalize_all

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (5, 3, 11, 11), np.uint8))


def params(*steps: dict[str, Any], scale: str = "[0, 1]") -> Normalize:
    return Normalize.model_validate({"scale": scale, "steps": steps, "training_split": "train", "onnx": "auto"})


def normalized(images: torch.Tensor, chosen: Normalize) -> torch.Tensor:
    return fit(lambda: iter([images[:2], images[2:]]), (3, 11, 11), chosen)(images).double()


def test_scales() -> None:
    values = torch.tensor([0, 51, 255], dtype=torch.uint8)
    assert scaling.scale(values, "[0, 1]").tolist() == pytest.approx([0, 0.2, 1])
    assert scaling.scale(values, "[-1, 1]").tolist() == pytest.approx([-1, -0.6, 1])
    assert scaling.scale(values, "[0, 255]").tolist() == [0, 51, 255]


def test_moments_of_large_means_are_exact() -> None:
    values = IMAGES.double() + 1e9
    mean, deviation = scaling.moments(values.split(2))
    assert (mean - 1e9).tolist() == pytest.approx(IMAGES.double().mean((0, 2, 3)).tolist(), abs=1e-5)
    assert deviation.tolist() == pytest.approx(IMAGES.double().std((0, 2, 3), correction=0).tolist(), rel=1e-9)


def test_standardize_is_fitted_on_what_the_steps_before_it_give() -> None:
    done = normalized(IMAGES, params({"step": "gcn", "s": 3.0}, {"step": "standardize"}))
    assert done.mean((0, 2, 3)).tolist() == pytest.approx([0, 0, 0], abs=1e-5)
    assert done.std((0, 2, 3), correction=0).tolist() == pytest.approx([1, 1, 1], abs=1e-5)


def test_a_channel_that_never_changes_becomes_zero() -> None:
    gray = IMAGES.clone()
    gray[:, 1] = 7
    assert normalized(gray, params({"step": "standardize"}))[:, 1].abs().max() < 1e-6


@pytest.mark.parametrize("scale", ["[0, 1]", "[-1, 1]", "[0, 255]"])
def test_the_books_preset_means_bytes_whatever_the_scale(scale: str) -> None:
    faint = (IMAGES / 40).byte()
    done = normalized(faint, params({"step": "gcn", "preset": "small_random_crops"}, scale=scale))
    values = faint.double()
    centered = values - values.mean((1, 2, 3), keepdim=True)
    expected = centered / (10 + centered.square().mean((1, 2, 3), keepdim=True)).sqrt()
    assert torch.allclose(done, expected, atol=1e-5)


def test_a_fitted_s_gives_all_training_pixels_unit_deviation() -> None:
    faint = torch.cat([IMAGES[:2], (IMAGES[2:] / 40).byte()])
    plain = normalized(faint, params({"step": "gcn", "preset": "small_random_crops"}))
    done = normalized(faint, params({"step": "gcn", "preset": "small_random_crops", "s": "fitted"}))
    assert float(plain.std(correction=0)) < 0.95
    assert float(done.std(correction=0)) == pytest.approx(1.0, abs=1e-5)
    flat = torch.zeros(5, 3, 11, 11, dtype=torch.uint8)
    assert normalized(flat, params({"step": "gcn", "s": "fitted"})).abs().max() == 0


def test_only_the_training_split_is_fitted_on(tmp_path: Path) -> None:
    pixels = IMAGES.permute(0, 2, 3, 1).numpy().copy()
    ids = pl.Series("image_id", list("abcde"))
    kept = pl.DataFrame({"image_id": ["b", "c", "d"], "split": ["train", "test", "train"]})
    steps = params({"step": "standardize"})
    first = normalize_all(ids, pixels, kept, steps, tmp_path / "one.npy").state_dict()
    pixels[[0, 2, 4]] = 0
    second = normalize_all(ids, pixels, kept, steps, tmp_path / "two.npy").state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
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
        normalize_all(pl.Series(["a"]), np.zeros((1, 4, 4, 3), np.uint8), kept, params(), tmp_path / "x.npy")
    assert not list(tmp_path.iterdir())


def test_numbers_beyond_single_precision_are_told_of(tmp_path: Path) -> None:
    pixels = np.full((2, 4, 4, 3), 9, np.uint8)
    pixels[1, 0, 0, 0] = 10
    kept = pl.DataFrame({"image_id": ["a", "b"], "split": ["train", "train"]})
    wild = params({"step": "gcn", "s": 1e30, "floor": 1e-30}, {"step": "gcn"})
    with pytest.raises(
        DataprepError, match=r"not finite of b\n.*normalize.steps\n.*raise the floor or the regularizer"
    ):
        normalize_all(pl.Series(["a", "b"]), pixels, kept, wild, tmp_path / "x.npy")
    assert not list(tmp_path.iterdir())
