import re
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.augmentation import operations
from dataprep.augmentation.draws import draw, fixed
from dataprep.augmentation.operations import OPERATIONS, Masks, Partners, augment
from dataprep.config import Augment
from tests.augmentation.samples import SINGLE, STRENGTHS, digests, params, pictures
from tests.closure import ROOT

NAMES = digests(40)
IMAGES = pictures(40, 12)
PARTNERS = Partners(mixed=pictures(40, 12, 1), scenes=pictures(40, 12, 2))
MASKS = Masks((pictures(40, 12, 3)[:, :1] * 2).clamp(0, 1), 1.0)
EVERY = params(**dict.fromkeys(OPERATIONS, 0.5))


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("side", [1, 5, 12])
def test_neutral_strengths_change_no_bit(name: str, side: int) -> None:
    images = pictures(3, side)
    masks = Masks(torch.zeros(3, 1, side, side), 1.0)
    draws = fixed(NAMES[:3], name, OPERATIONS[name].neutral, 0)
    assert torch.equal(augment(images, draws, Partners(images, images), masks), images)


def test_every_operation_has_params_with_a_comment_in_the_order_of_application() -> None:
    lines = (ROOT / "params.yaml").read_text().partition("\naugment:")[2].partition("\n\n")[0].splitlines()[2:]
    assert [line.split(":")[0].strip() for line in lines] == list(OPERATIONS)
    assert [name for name in Augment.model_fields if name != "copies"] == list(OPERATIONS)
    assert all("  # " in line for line in lines)


def test_the_number_of_threads_changes_no_bit() -> None:
    images, draws = pictures(4, 224), draw(NAMES[:4], 1, params(**dict.fromkeys(SINGLE, 0.7)), 0)
    before, made = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            made.append(augment(images, draws))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*made)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_does_something_and_stays_in_range(name: str) -> None:
    for strength in {STRENGTHS[name], OPERATIONS[name].limits[0]} - {OPERATIONS[name].neutral}:
        made = augment(IMAGES, fixed(NAMES, name, strength, 0), PARTNERS, MASKS)
        assert (made != IMAGES).flatten(1).any(1).float().mean() > 0.9
        assert made.min() >= 0
        assert made.max() <= 1
        assert made.shape == IMAGES.shape
        assert made.dtype == torch.float32


@pytest.mark.parametrize("side", [7, 32])
def test_an_image_does_not_depend_on_its_batch(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    images, draws = pictures(40, side), draw(NAMES, 1, EVERY, 0)
    others, masks = Partners(pictures(40, side, 1), pictures(40, side, 2)), Masks(pictures(40, side, 3)[:, :1], 1.0)
    whole = augment(images, draws, others, masks)
    monkeypatch.setattr(operations, "BLOCK_BYTES", 1)
    assert torch.equal(augment(images, draws, others, masks), whole)
    rows = torch.tensor([31, 2, 17])
    part = Partners(others.mixed[rows], others.scenes[rows])  # type: ignore[index]
    assert torch.equal(augment(images[rows], draws[rows], part, Masks(masks.opacity[rows], 1.0)), whole[rows])


@settings(max_examples=20)
@given(st.integers(0, 2**31), st.integers(2, 16))
def test_everything_at_once_stays_in_range_and_is_repeatable(seed: int, side: int) -> None:
    images, draws = pictures(6, side, seed % 100), draw(NAMES[:6], 1, EVERY, seed)
    made = augment(images, draws, Partners(images, images.flip(0)), Masks(images[:, :1], 0.5))
    assert made.min() >= 0
    assert made.max() <= 1
    assert torch.equal(made, augment(images, draws, Partners(images, images.flip(0)), Masks(images[:, :1], 0.5)))


def test_the_input_is_left_as_it_was() -> None:
    before = IMAGES.clone()
    augment(IMAGES, draw(NAMES, 1, EVERY, 0), PARTNERS, MASKS)
    assert torch.equal(IMAGES, before)


def test_pictures_of_any_strides_will_do() -> None:
    draws = draw(NAMES, 1, EVERY, 0)
    strided = IMAGES.contiguous(memory_format=torch.channels_last)
    assert torch.equal(augment(strided, draws, PARTNERS, MASKS), augment(IMAGES, draws, PARTNERS, MASKS))


def test_what_is_behind_moves_with_the_object() -> None:
    opacity = torch.zeros(1, 1, 20, 20)
    opacity[:, :, 5:15, 2:8] = 1.0
    image = 0.25 * opacity + 1.0 * (1 - opacity).expand(-1, 3, -1, -1)
    turned = fixed(NAMES[:1], "rotation", 90.0, 0)
    drawn = {"hybrid": torch.ones(1)}
    draws = type(turned)(turned.values | drawn, turned.states)
    made = augment(image, draws, Partners(scenes=torch.zeros(1, 3, 20, 20)), Masks(opacity, 1.0))
    expected = 0.25 * opacity.rot90(-1, (2, 3)).expand(-1, 3, -1, -1)
    assert torch.allclose(made, expected, atol=1e-5)


def test_hybrid_takes_the_place_of_background_and_the_unmasked_are_left_alone() -> None:
    both = draw(NAMES, 1, params(background=0.5, hybrid=0.5), 0)
    whole = torch.arange(40) % 2 == 0
    masks = Masks(torch.where(whole[:, None, None, None], 1.0, MASKS.opacity), 1.0)
    made = augment(IMAGES, both, PARTNERS, masks)
    assert torch.equal(made[whole], IMAGES[whole])
    hybrid = both.active("hybrid")
    alone = augment(IMAGES, both.without("background", torch.ones(40, dtype=torch.bool)), PARTNERS, masks)
    assert torch.equal(made[hybrid], alone[hybrid])
    assert torch.equal(augment(IMAGES, both), IMAGES)


def test_geometry_comes_before_erasing_and_mixing() -> None:
    draws = draw(NAMES, 1, params(vertical_flip=1.0, cutmix=(0.3, 0.3)), 0)
    flipped = draws.without("cutmix", torch.ones(40, dtype=torch.bool))
    assert torch.equal(augment(IMAGES, flipped), IMAGES.flip(2))
    made = augment(IMAGES, draws, PARTNERS)
    assert PARTNERS.mixed is not None
    pasted = (made == PARTNERS.mixed).all(1, keepdim=True).expand_as(made)
    assert torch.equal(made[~pasted], IMAGES.flip(2)[~pasted])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": [torch.zeros(3, 4, 4), torch.zeros(3, 5, 5)]}, "images are a list; it needs one tensor"),
        ({"images": torch.zeros(40, 1, 4, 4)}, "images are (40, 1, 4, 4); it needs (N, 3, S, S): a batch of square"),
        ({"images": torch.zeros(40, 3, 4, 5)}, "images are (40, 3, 4, 5); it needs (N, 3, S, S)"),
        ({"images": torch.zeros(3, 4, 4)}, "images are (3, 4, 4); it needs (N, 3, S, S)"),
        ({"images": torch.zeros(40, 3, 4, 4, dtype=torch.uint8)}, "images are torch.uint8; it needs torch.float32"),
        ({"images": torch.zeros(39, 3, 4, 4)}, "there are 39 images and draws for 40"),
        ({"images": torch.full((40, 3, 12, 12), float("nan"))}, "pixel values go from nan to nan; it needs finite"),
        ({"images": IMAGES * 255}, "it needs finite numbers from 0 to 1"),
        ({"images": IMAGES - 1}, "it needs finite numbers from 0 to 1"),
        ({"partners": None}, "mixup is drawn, which needs other images: give them as partners"),
        ({"partners": Partners(mixed=IMAGES)}, "hybrid is drawn, which needs other images"),
        ({"partners": Partners(IMAGES, IMAGES[:1])}, "partners for hybrid are (1, 3, 12, 12); it needs the images'"),
        ({"masks": Masks(IMAGES, 1.0)}, "masks are (40, 3, 12, 12); it needs (40, 1, 12, 12): one value per pixel"),
    ],
)  # fmt: skip
def test_faults_are_told(change: dict[str, Any], message: str) -> None:
    given_: dict[str, Any] = {"images": IMAGES, "partners": PARTNERS, "masks": MASKS} | change
    with pytest.raises(ValueError, match=re.escape(message)):
        augment(given_["images"], draw(NAMES, 1, EVERY, 0), given_["partners"], given_["masks"])


def test_no_images_give_none() -> None:
    assert augment(torch.zeros(0, 3, 8, 8), draw([], 1, EVERY, 0)).shape == (0, 3, 8, 8)


@pytest.mark.gpu
def test_cuda_gives_the_same_but_for_rounding() -> None:
    draws = draw(NAMES, 1, EVERY, 0)
    there = Partners(PARTNERS.mixed.cuda(), PARTNERS.scenes.cuda())  # type: ignore[union-attr]
    made = augment(IMAGES.cuda(), draws, there, Masks(MASKS.opacity.cuda(), 1.0))
    assert made.is_cuda
    assert torch.allclose(made.cpu(), augment(IMAGES, draws, PARTNERS, MASKS), atol=2e-4)


def test_the_audit_can_ask_for_every_single_operation() -> None:
    for name in SINGLE:
        assert augment(IMAGES, fixed(NAMES, name, STRENGTHS[name], 0)).isfinite().all()
