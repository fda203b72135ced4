from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from dataprep import normalize
from dataprep.augment import augment, augment_all, draw
from dataprep.config import Augment
from tests.frames import digest

NOTHING = Augment(
    copies=1,
    horizontal_flip=0.0,
    vertical_flip=0.0,
    rotation_degrees=0.0,
    crop_scale=(1.0, 1.0),
    stretch=1.0,
    brightness=0.0,
    contrast=0.0,
    saturation=0.0,
    hue=0.0,
)
ALL = NOTHING.model_copy(
    update={"horizontal_flip": 0.5, "rotation_degrees": 20.0, "crop_scale": (0.6, 1.0), "stretch": 1.3}
    | {"brightness": 0.3, "contrast": 0.3, "saturation": 0.3, "hue": 0.1}
)
NAMES = [digest(str(n)) for n in range(6)]
IMAGES = torch.rand(6, 3, 12, 12, generator=torch.Generator().manual_seed(0))


def done(params: Augment, names: list[str] = NAMES, images: torch.Tensor = IMAGES, copy: int = 1, seed: int = 0):  # type: ignore[no-untyped-def]
    return augment(images, draw(names, copy, params, seed))


def test_nothing_asked_for_changes_nothing() -> None:
    assert torch.allclose(done(NOTHING), IMAGES, atol=1e-5)


@pytest.mark.parametrize(("key", "axis"), [("horizontal_flip", 3), ("vertical_flip", 2)])
def test_flips_mirror_exactly(key: str, axis: int) -> None:
    assert torch.allclose(done(NOTHING.model_copy(update={key: 1.0})), IMAGES.flip(axis), atol=1e-5)


def test_crop_zooms_in() -> None:
    image = torch.zeros(1, 3, 20, 20)
    image[:, :, 8:12, 8:12] = 1.0
    bigger = done(NOTHING.model_copy(update={"crop_scale": (0.5, 0.5)}), NAMES[:1], image)
    assert float(bigger.sum()) == pytest.approx(2 * float(image.sum()), rel=0.15)


def test_rotation_turns_around_the_center() -> None:
    image = torch.zeros(40, 3, 21, 21)
    image[:, :, 10, :] = 1.0
    turned = done(NOTHING.model_copy(update={"rotation_degrees": 90.0}), [digest(str(n)) for n in range(40)], image)
    assert torch.allclose(turned[:, :, 10, 10], torch.ones(40, 3), atol=0.05)
    assert turned[:, 0, :, 10].sum(1).max() > 10  # some stand nearly upright, where the bar was one pixel thick
    assert image[:, 0, :, 10].sum(1).max() == 1


def test_one_images_augmentation_does_not_depend_on_the_others() -> None:
    whole = done(ALL)
    part = done(ALL, NAMES[3:4], IMAGES[3:4])
    assert torch.allclose(whole[3:4], part, atol=1e-6)


def test_seed_and_copy_change_the_draw() -> None:
    base = done(ALL)
    assert torch.equal(base, done(ALL))
    assert not torch.allclose(base, done(ALL, copy=2))
    assert not torch.allclose(base, done(ALL, seed=1))


def test_values_stay_in_range() -> None:
    changed = done(ALL)
    assert changed.min() >= 0.0
    assert changed.max() <= 1.0


@pytest.mark.parametrize("scale", ["[0, 1]", "[-1, 1]"])
def test_unchanged_copies_are_normalized_like_their_originals(tmp_path: Path, scale: str) -> None:
    pixels = (IMAGES.permute(0, 2, 3, 1).numpy() * 255).astype(np.uint8)
    ids = pl.Series("image_id", list("abcdef"))
    training = pl.DataFrame({"image_id": ["b", "e"], "sha256": NAMES[:2]})
    fitted = {"scale": scale, "steps": [{"step": "gcn", "s": 1.0, "regularizer": 0.0, "floor": 1e-8}]}
    params = NOTHING.model_copy(update={"copies": 2})
    index = augment_all(ids, pixels, training, fitted, params, 0, tmp_path / "a.npy")
    assert index.rows() == [("b", 1), ("b", 2), ("e", 1), ("e", 2)]
    made = np.load(tmp_path / "a.npy")
    expected = normalize.apply(torch.from_numpy(pixels[[1, 1, 4, 4]]).permute(0, 3, 1, 2), fitted).numpy()
    assert np.allclose(made, expected, atol=1e-3)


def test_no_copies_give_an_empty_array(tmp_path: Path) -> None:
    training = pl.DataFrame({"image_id": ["b"], "sha256": NAMES[:1]})
    fitted = {"scale": "[0, 1]", "steps": []}
    pixels = np.zeros((2, 8, 8, 3), np.uint8)
    params = NOTHING.model_copy(update={"copies": 0})
    index = augment_all(pl.Series("image_id", ["a", "b"]), pixels, training, fitted, params, 0, tmp_path / "a.npy")
    assert index.is_empty()
    assert np.load(tmp_path / "a.npy", mmap_mode="r").shape == (0, 3, 8, 8)
