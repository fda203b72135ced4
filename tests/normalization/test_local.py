"""LCN against SciPy and OpenCV, and what it promises."""

import cv2
import numpy as np
import pytest
import torch

from dataprep.normalization.local import band, bands_for, local_contrast, local_mean
from tests.normalization import references

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 3, 11, 13), np.uint8)).double() / 255


@pytest.mark.parametrize("joint", [True, False])
@pytest.mark.parametrize(("divisor", "regularizer"), [("jarrett", 0.0), ("floor", 0.0), ("floor", 0.01)])
@pytest.mark.parametrize(("window", "sigma"), [(3, 1.0), (9, 2.0), (31, 4.0)])
def test_equals_scipy_in_float64(window: int, sigma: float, divisor: str, regularizer: float, joint: bool) -> None:
    options = {"divisor": divisor, "regularizer": regularizer, "floor": 0.05, "joint": joint}
    found = local_contrast(IMAGES, window, sigma, **options)  # type: ignore[arg-type]
    single = local_contrast(IMAGES.float(), window, sigma, **options)  # type: ignore[arg-type]
    for image, ours, rounded in zip(IMAGES.numpy(), found.numpy(), single.numpy(), strict=True):
        expected = references.lcn(image, window, sigma, **options)  # type: ignore[arg-type]
        assert np.allclose(ours, expected, atol=1e-10)
        assert np.allclose(rounded, expected, atol=2e-5)


@pytest.mark.parametrize("side", [40, 129, 200])
def test_local_means_equal_opencvs_inside(side: int) -> None:
    planes = np.random.default_rng(1).random((2, side, side + 70)).astype(np.float32)
    line = references.kernel(9, 2.0).sum(0)
    images = torch.from_numpy(planes)[:, None]
    ours = local_mean(images, bands_for(images, 9, 2.0), 9)[:, 0].numpy()
    for plane, found in zip(planes, ours, strict=True):
        expected = cv2.sepFilter2D(plane, -1, line, line)
        assert np.allclose(found[4:-4, 4:-4], expected[4:-4, 4:-4], atol=1e-6)


@pytest.mark.parametrize("side", [130, 300])
def test_tiles_of_large_images_change_nothing(side: int) -> None:
    images = torch.rand(2, 1, side, 150, dtype=torch.float64)
    height, width = bands_for(images, 21, 5.0)
    assert torch.allclose(local_mean(images, (height, width), 21), height @ images @ width.T, atol=1e-12)


def test_flat_bytes_become_zero_in_every_scale() -> None:
    levels = torch.arange(256.0).view(256, 1, 1, 1).expand(256, 3, 32, 28)
    for joint in (True, False):
        assert local_contrast(levels, joint=joint).abs().max() == 0
        assert local_contrast(levels / 255, joint=joint).abs().max() < 1e-2


def test_an_unknown_divisor_is_refused() -> None:
    with pytest.raises(ValueError, match="divisor is 'jarret'; did you mean 'jarrett'"):
        local_contrast(IMAGES, divisor="jarret")  # type: ignore[arg-type]


def test_borders_do_not_darken_and_flat_images_become_zero() -> None:
    levels = torch.arange(256).view(256, 1, 1, 1).expand(256, 3, 16, 16) / 255
    assert local_contrast(levels.double()).abs().max() < 1e-10
    assert local_contrast(levels).abs().max() < 0.01


def test_a_window_larger_than_the_image_is_cut_to_it() -> None:
    assert torch.equal(local_contrast(IMAGES, 61, 4.0), local_contrast(IMAGES, 27, 4.0))


def test_a_step_stays_where_it_is_and_light_across_the_image_goes() -> None:
    lit = torch.linspace(0.2, 0.8, 32).expand(1, 3, 32, 32).clone()
    lit[..., 14:18, 14:18] += 0.1
    found = local_contrast(lit, 9, 2.0)
    assert found[..., 14:18, 14:18].min() > 1.0
    assert found[..., 2:8, 6:26].abs().max() < 0.3


def test_one_pixel_and_huge_values() -> None:
    assert local_contrast(torch.full((1, 3, 1, 1), 0.7)).abs().max() < 1e-3
    huge = local_contrast(IMAGES.float() * 1e15)
    assert torch.allclose(huge.double(), local_contrast(IMAGES), atol=1e-4)


def test_a_pixel_that_is_no_number_spoils_its_own_image_only() -> None:
    broken = IMAGES.float()
    broken[1, 0, 5, 5] = float("nan")
    found, whole = local_contrast(broken), local_contrast(IMAGES.float())
    assert found[1].isnan().any()
    assert torch.equal(found[[0, 2]], whole[[0, 2]])


@pytest.mark.parametrize("shape", [(300, 3, 32, 32), (5, 3, 64, 48), (2, 3, 140, 20)])
@pytest.mark.parametrize("joint", [True, False])
def test_blocks_whole_batches_and_single_images_give_the_same_bits(shape: tuple[int, ...], joint: bool) -> None:
    images = torch.rand(shape, generator=torch.Generator().manual_seed(1))
    found = local_contrast(images, joint=joint)
    assert torch.equal(local_contrast(images.requires_grad_(), joint=joint), found)
    for row in range(0, len(images), 97):
        assert torch.equal(local_contrast(images[row : row + 1], joint=joint), found[row : row + 1])


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float16, 5e-3), (torch.bfloat16, 5e-2)])
def test_half_precision_rounds_what_single_precision_gives(dtype: torch.dtype, tolerance: float) -> None:
    found = local_contrast(IMAGES.to(dtype))
    assert torch.equal(found, local_contrast(IMAGES.to(dtype).float()).to(dtype))
    assert torch.allclose(found.double(), local_contrast(IMAGES), atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("divisor", ["jarrett", "floor"])
def test_gradients_are_finite_and_right(divisor: str) -> None:
    images = IMAGES[:1, :, :4, :4].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: local_contrast(x, 3, 1.0, divisor=divisor), images)  # type: ignore[arg-type]
    flat = torch.zeros(2, 3, 8, 8)
    flat[1, :, 0, 0] = 1.0  # flat but for a corner
    flat.requires_grad_()
    local_contrast(flat, 3, 1.0, divisor=divisor).square().sum().backward()  # type: ignore[arg-type]
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 8}, "window is 8; it must be an odd number of px, so that it has a center"),
        ({"sigma": 0.0}, "sigma is 0.0; it must be above 0 px"),
        ({"floor": 0.0}, "floor is 0.0 and regularizer is 0.0; floor must be above 0"),
    ],
)
def test_wrong_numbers_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        local_contrast(IMAGES, **options)  # type: ignore[arg-type]


def test_rows_of_a_band_sum_to_one() -> None:
    assert np.allclose(band(20, 9, 2.0).sum(1), 1.0)
    assert band(20, 9, 2.0, "zero")[0].sum() < 0.7 < band(20, 9, 2.0, "zero")[10].sum()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_gpu_gives_what_a_cpu_gives(dtype: torch.dtype) -> None:
    images = IMAGES.to(dtype)
    tolerance = {torch.float32: 1e-4, torch.float16: 5e-3, torch.bfloat16: 5e-2}[dtype]
    found = local_contrast(images.cuda()).cpu()
    assert torch.allclose(found.float(), local_contrast(images).float(), atol=tolerance, rtol=tolerance)
