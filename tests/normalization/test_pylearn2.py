"""pylearn2's forms against references written from its code, and that they differ from the book's as stated."""

import numpy as np
import pytest
import torch

from dataprep.normalization.contrast import global_contrast
from dataprep.normalization.local import local_contrast
from dataprep.normalization.pylearn2 import lecun_lcn, pylearn2_gcn
from tests.normalization import references

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 3, 11, 13), np.uint8)).double()


@pytest.mark.parametrize("subtract_mean", [True, False])
@pytest.mark.parametrize("use_std", [True, False])
@pytest.mark.parametrize(("scale", "sqrt_bias", "min_divisor"), [(1.0, 0.0, 1e-8), (55.0, 10.0, 1e-8), (1.0, 0.0, 1e6)])
def test_gcn_equals_a_plain_loop(
    subtract_mean: bool, use_std: bool, scale: float, sqrt_bias: float, min_divisor: float
) -> None:
    options = (scale, subtract_mean, use_std, sqrt_bias, min_divisor)
    for image, ours in zip(IMAGES.numpy(), pylearn2_gcn(IMAGES, *options), strict=True):
        expected = references.pylearn2_gcn(image, *options)
        assert ours.flatten().tolist() == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_gcn_divides_by_the_norm_and_not_by_the_deviation() -> None:
    values = IMAGES[0].numel()
    assert torch.allclose(pylearn2_gcn(IMAGES) * values**0.5, global_contrast(IMAGES), atol=1e-9)
    unbiased = pylearn2_gcn(IMAGES, use_std=True)
    assert torch.allclose(unbiased.std((1, 2, 3)), torch.ones(3, dtype=torch.float64))


def test_flat_images_are_divided_by_one() -> None:
    flat = torch.full((1, 3, 4, 4), 7.0)
    assert torch.equal(pylearn2_gcn(flat), torch.zeros_like(flat))
    assert torch.equal(pylearn2_gcn(flat, subtract_mean=False, use_std=True), flat)


@pytest.mark.parametrize("window", [3, 7, 9])
@pytest.mark.parametrize("threshold", [1e-4, 100.0])
def test_lcn_equals_scipy(window: int, threshold: float) -> None:
    for image, ours in zip(IMAGES.numpy(), lecun_lcn(IMAGES, window, threshold).numpy(), strict=True):
        assert np.allclose(ours, references.lecun_lcn(image, window, threshold), atol=1e-10)


def test_lcn_darkens_borders_where_the_papers_does_not() -> None:
    flat = torch.full((1, 1, 20, 20), 0.5, dtype=torch.float64)
    assert lecun_lcn(flat, 7)[0, 0, 0, 0] > 0.5
    assert local_contrast(flat, 7).abs().max() < 1e-10


def test_gradients_are_finite() -> None:
    images = torch.cat([torch.zeros(1, 3, 8, 8), IMAGES[:1, :, :8, :8].float()]).requires_grad_()
    (pylearn2_gcn(images).sum() + lecun_lcn(images).square().sum()).backward()
    assert images.grad is not None
    assert images.grad.isfinite().all()
