"""GCN against a plain loop, SciPy, and what it promises."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dataprep.normalization.contrast import global_contrast
from dataprep.normalization.scaling import scale
from tests.normalization import references

BYTES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (5, 3, 11, 13), np.uint8))
IMAGES = BYTES.double() / 255


@pytest.mark.parametrize(
    ("s", "regularizer", "floor"), [(1.0, 0.0, 1e-8), (2.5, 10.0, 0.0), (1.0, 0.0, 100.0), (1.0, 0.01, 0.0)]
)
@pytest.mark.parametrize("span", [1.0, 255.0])
def test_equals_a_plain_loop(s: float, regularizer: float, floor: float, span: float) -> None:
    images = IMAGES * span
    found = global_contrast(images, s, regularizer, floor)
    for image, ours in zip(images.numpy(), found, strict=True):
        expected = references.gcn(image, s, regularizer, floor)
        assert ours.flatten().tolist() == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_equals_scipys_standard_scores() -> None:
    found = global_contrast(IMAGES.float()).numpy()
    for image, ours in zip(IMAGES.numpy(), found, strict=True):
        assert np.allclose(ours, stats.zscore(image, axis=None), atol=2e-6)


def test_a_regularizer_meant_for_bytes_is_divided_by_the_square_of_their_range() -> None:
    of_bytes = global_contrast(BYTES.double(), regularizer=10.0, floor=0.0)
    assert torch.allclose(global_contrast(IMAGES, regularizer=10.0 / 255**2, floor=0.0), of_bytes, atol=1e-12)
    wrong = global_contrast(IMAGES, regularizer=10.0, floor=0.0)
    assert wrong.std() < 0.1 < 0.9 < of_bytes.std()


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 50), st.floats(-100, 100))
def test_forgets_contrast_and_brightness(gain: float, offset: float) -> None:
    changed = global_contrast(IMAGES * gain + offset)
    assert torch.allclose(changed, global_contrast(IMAGES), atol=1e-9)
    assert torch.allclose(changed.std((1, 2, 3), correction=0), torch.ones(5, dtype=torch.float64))


def test_flat_images_of_every_level_become_zero() -> None:
    levels = torch.arange(256, dtype=torch.uint8).view(256, 1, 1, 1).expand(256, 3, 32, 32)
    for name in ("[0, 1]", "[-1, 1]", "[0, 255]"):
        assert global_contrast(scale(levels, name)).abs().max() == 0  # type: ignore[arg-type]
    assert global_contrast(levels[:3].float(), floor=1e-100).abs().max() == 0


@pytest.mark.parametrize("offset", [0.0, 0.7, 1000.0])
def test_faint_contrast_is_normalized_as_exactly_as_its_values_allow(offset: float) -> None:
    images = (offset + IMAGES.float() * 1e-3 * max(1.0, offset)).contiguous()
    expected = global_contrast(images.double())
    assert torch.allclose(global_contrast(images).double(), expected, atol=2e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_pixel_that_differs_by_one_step_is_contrast(dtype: torch.dtype) -> None:
    images = torch.full((1, 3, 32, 32), 0.7, dtype=dtype)
    images[0, 0, 0, 0] *= 1 + torch.finfo(dtype).eps
    found = global_contrast(images, floor=1e-30)
    assert float(found.std(correction=0)) == pytest.approx(1.0, rel=1e-3)
    assert float(found[0, 0, 0, 0]) == pytest.approx(3071**0.5, rel=1e-3)


def test_one_pixel_tiny_and_huge_values() -> None:
    assert global_contrast(torch.full((2, 1, 1, 1), 0.7)).tolist() == [[[[0.0]]], [[[0.0]]]]
    for size in (1e-15, 1e15):
        found = global_contrast(IMAGES.float() * size, floor=1e-30)
        assert torch.allclose(found.double(), global_contrast(IMAGES), atol=1e-5)


def test_a_pixel_that_is_no_number_spoils_its_own_image_only() -> None:
    images = IMAGES.float()
    broken = images.clone()
    broken[1, 0, 3, 3], broken[2, 0, 0, 0] = float("nan"), float("inf")
    found, whole = global_contrast(broken), global_contrast(images)
    assert found[1].isnan().all()
    assert not found[2].isfinite().any()
    assert torch.equal(found[[0, 3, 4]], whole[[0, 3, 4]])


@pytest.mark.parametrize("shape", [(1, 3, 32, 32), (700, 3, 32, 32), (3, 1, 64, 48), (2, 5, 7, 1), (0, 3, 4, 4)])
def test_blocks_whole_batches_and_single_images_give_the_same_bits(shape: tuple[int, ...]) -> None:
    images = torch.rand(shape, generator=torch.Generator().manual_seed(1))
    images[::3] = 0.5 + images[::3] * 1e-4
    found = global_contrast(images)
    assert found.shape == images.shape
    assert torch.equal(global_contrast(images.requires_grad_()), found)
    for row in range(0, len(images), 97):
        assert torch.equal(global_contrast(images[row : row + 1]), found[row : row + 1])


def test_writes_to_a_given_tensor() -> None:
    images = IMAGES.float()
    for dtype in (torch.float32, torch.bfloat16):
        out = torch.empty(images.shape, dtype=dtype)
        assert global_contrast(images.to(dtype), out=out) is out
        assert torch.equal(out, global_contrast(images.to(dtype)))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float16, 4e-3), (torch.bfloat16, 3e-2)])
def test_half_precision_rounds_what_single_precision_gives(dtype: torch.dtype, tolerance: float) -> None:
    found = global_contrast(IMAGES.to(dtype))
    assert found.dtype == dtype
    assert torch.equal(found, global_contrast(IMAGES.to(dtype).float()).to(dtype))
    assert torch.allclose(found.double(), global_contrast(IMAGES), atol=tolerance, rtol=tolerance)


def test_gradients_are_finite_and_right() -> None:
    images = IMAGES[:2, :, :3, :3].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: global_contrast(x, 2.0, 0.1, 0.0), images)
    flat = torch.cat([torch.full((1, 3, 4, 4), 0.7), torch.zeros(1, 3, 4, 4)]).requires_grad_()
    global_contrast(flat).square().sum().backward()
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


def test_channels_last_images_and_results_are_taken() -> None:
    images = IMAGES.float().contiguous(memory_format=torch.channels_last)
    expected = global_contrast(IMAGES.float())
    assert torch.equal(global_contrast(images), expected)
    for out in (torch.empty_like(images), torch.zeros(5, 3, 11, 26)[..., ::2]):
        assert torch.equal(global_contrast(images, out=out), expected)
        assert torch.equal(out, expected)
    with pytest.raises(ValueError, match=r"out has the shape \(5, 11, 13, 3\), but the images have \(5, 3, 11, 13\)"):
        global_contrast(images, out=torch.zeros(5, 11, 13, 3))


def test_squares_that_overflow_are_told_by_nan() -> None:
    images = IMAGES.float()
    images[1] *= 1e20
    found = global_contrast(images)
    assert found[1].isnan().all()
    assert found[[0, 2, 3, 4]].isfinite().all()


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (BYTES, r"images are torch.uint8, not floating point; bring them to a scale first: images / 255"),
        (IMAGES[0], r"images have the shape \(3, 11, 13\), not \(N, C, H, W\)"),
        (torch.zeros(1, 3, 0, 4), r"images have the shape \(1, 3, 0, 4\), not .* at least one pixel"),
        ([torch.zeros(3, 4, 4), torch.zeros(3, 5, 5)], r"images are a list, not a tensor; images of one size can be"),
    ],
)
def test_what_is_no_batch_is_refused(images: torch.Tensor, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        global_contrast(images)


def test_dividing_by_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"regularizer is 0\.0 and floor is 0\.0; both must be 0 or more"):
        global_contrast(IMAGES, 1.0, 0.0, 0.0)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_gpu_gives_what_a_cpu_gives(dtype: torch.dtype) -> None:
    images = IMAGES.to(dtype)
    tolerance = {torch.float32: 1e-5, torch.float16: 2e-3, torch.bfloat16: 2e-2}[dtype]
    found = global_contrast(images.cuda()).cpu()
    assert torch.allclose(found.float(), global_contrast(images).float(), atol=tolerance, rtol=tolerance)
