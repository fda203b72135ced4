"""Descriptors: mirrored pictures, light, flat pictures, and the filters behind them."""

import numpy as np
import pytest
import torch

from dataprep.copies.descriptors import FILTERS, describe, fit_filters, parts, responses
from tests.copies.pictures import several, smooth


def test_a_mirrored_picture_keeps_the_even_part_and_changes_the_sign_of_the_odd_one() -> None:
    pictures = several(40)
    found = describe(np.concatenate([pictures, pictures[:, :, ::-1]]))
    torch.testing.assert_close(found.even[:40], found.even[40:], atol=1e-5, rtol=0)
    torch.testing.assert_close(found.odd[:40], -found.odd[40:], atol=1e-5, rtol=0)
    assert found.odd.abs().max() > 0.05


def test_vectors_have_unit_length_and_light_drops_out() -> None:
    pictures = several(50)
    dimmer = (pictures[:10] * 0.5 + 40).round().astype(np.uint8)
    found = describe(np.concatenate([pictures, dimmer]))
    length = found.even.square().sum(1) + found.odd.square().sum(1)
    torch.testing.assert_close(length, torch.ones(60), atol=1e-5, rtol=0)
    similar = (found.even[:10] * found.even[50:]).sum(1) + (found.odd[:10] * found.odd[50:]).sum(1)
    assert similar.min() > 0.99
    assert len(found) == 60


@pytest.mark.parametrize("side", [16, 32, 64])
def test_flat_pictures_have_zeros_at_any_size(side: int) -> None:
    flat = np.stack([np.full((side, side, 3), level, np.uint8) for level in (0, 7, 128, 255)])
    found = describe(np.concatenate([flat, several(10, side)]))
    assert not found.even[:4].any()
    assert not found.odd[:4].any()
    assert found.even[4:].any(1).all()


def test_a_set_of_flat_pictures_alone_is_no_fault() -> None:
    found = describe(np.zeros((5, 32, 32, 3), np.uint8))
    assert not found.even.any()
    assert torch.isfinite(found.odd).all()


def test_filters_are_orthogonal_components_that_mirror_into_themselves() -> None:
    filters, antisymmetric = fit_filters(several(30))
    assert filters.shape == (FILTERS, 3, 5, 5)
    sign = torch.where(antisymmetric, -1.0, 1.0)[:, None, None, None]
    torch.testing.assert_close(filters.flip(3) * sign, filters, atol=1e-4, rtol=1e-4)
    flat = filters.flatten(1)
    products = (flat / flat.norm(dim=1, keepdim=True)) @ (flat / flat.norm(dim=1, keepdim=True)).T
    torch.testing.assert_close(products, torch.eye(FILTERS), atol=1e-4, rtol=0)
    assert antisymmetric.any()
    assert not antisymmetric.all()


def test_responses_equal_a_plain_loop() -> None:
    image = torch.tensor(smooth(3)).permute(2, 0, 1)[None].double() / 255
    filters, _ = fit_filters(several(20))
    few = filters[:3].double()
    maps = np.zeros((3, 28, 28))
    for k in range(3):
        for y in range(28):
            for x in range(28):
                maps[k, y, x] = float((image[0, :, y : y + 5, x : x + 5] * few[k]).sum())
    maps -= maps.mean((1, 2), keepdims=True)
    cells = [
        np.maximum(sign * maps[k, 7 * y : 7 * y + 7, 7 * x : 7 * x + 7], 0).mean()
        for sign in (1, -1)
        for k in range(3)
        for y in range(4)
        for x in range(4)
    ]
    wanted = np.sqrt(cells) / np.linalg.norm(np.sqrt(cells))
    np.testing.assert_allclose(responses(image, few)[0].numpy(), wanted, atol=1e-6)


def test_parts_hold_all_of_the_features() -> None:
    features = torch.rand(4, 2 * 5 * 16)
    even, odd = parts(features, torch.tensor([True, False, True, False, False]))
    torch.testing.assert_close(even.square().sum(1) + odd.square().sum(1), features.square().sum(1))


def test_same_pixels_same_bytes() -> None:
    one, other = describe(several(30)), describe(several(30))
    assert torch.equal(one.even, other.even)
    assert torch.equal(one.odd, other.odd)
