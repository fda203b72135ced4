"""Edits: the same by the same seed, of the stated kind and range, at 32 px and at 1000 px."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from benchmarks.edits import BORDER, CROP, EDITS, NOISE, RESIZE, SHIFT, edited

SIZES = [(32, 32), (1000, 700)]
KEEPS_SIZE = [name for name in EDITS if name not in ("resize", "crop")]


def picture(size: tuple[int, int]) -> Image.Image:
    """Return smooth colored waves, nowhere black or white."""
    y, x = np.mgrid[: size[1], : size[0]].astype(np.float64)
    waves = [np.sin(x / size[0] * a + y / size[1] * b) for a, b in ((9, 2), (3, 7), (1, 5))]
    return Image.fromarray((128 + 60 * np.stack(waves, axis=2)).astype(np.uint8))


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and one.tobytes() == other.tobytes()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", EDITS)
def test_an_edit_changes_the_picture_by_its_seed_alone(name: str, size: tuple[int, int]) -> None:
    image = picture(size)
    before = image.copy()
    one, again = (EDITS[name](image, np.random.default_rng(3)) for _ in range(2))
    assert same(image, before)
    assert same(one, again)
    assert not same(one, image)
    assert one.mode == "RGB"
    assert one.size == size or name not in KEEPS_SIZE


@pytest.mark.parametrize("seed", range(5))
def test_sizes_stay_in_range(seed: int) -> None:
    image = picture((1000, 700))
    resized = EDITS["resize"](image, np.random.default_rng(seed))
    assert RESIZE[0] - 0.01 <= resized.width / 1000 <= RESIZE[1] + 0.01
    assert resized.width / resized.height == pytest.approx(1000 / 700, rel=0.01)
    cropped = EDITS["crop"](image, np.random.default_rng(seed))
    assert 1000 * (1 - 2 * CROP) <= cropped.width <= 1000
    assert 700 * (1 - 2 * CROP) <= cropped.height <= 700


@pytest.mark.parametrize("seed", range(5))
def test_shift_moves_and_repeats_the_edge(seed: int) -> None:
    image = np.asarray(picture((48, 32)))
    moved = np.asarray(EDITS["shift"](Image.fromarray(image), np.random.default_rng(seed)))
    reach = {"x": int(48 * SHIFT), "y": int(32 * SHIFT)}
    matches = [
        (x, y)
        for x in range(-reach["x"], reach["x"] + 1)
        for y in range(-reach["y"], reach["y"] + 1)
        if all(
            (moved[row, column] == image[min(max(row - y, 0), 31), min(max(column - x, 0), 47)]).all()
            for row in range(32)
            for column in range(48)
        )
    ]
    assert len(matches) == 1
    assert matches != [(0, 0)]


def test_what_single_edits_do() -> None:
    image = picture((200, 160))
    pixels = np.asarray(image).astype(np.float64)
    made = {name: np.asarray(edit(image, np.random.default_rng(1))).astype(np.float64) for name, edit in EDITS.items()}
    assert (made["flip"] == pixels[:, ::-1]).all()
    assert (made["gray"] == np.asarray(ImageOps.grayscale(image))[:, :, None]).all()
    assert np.ptp(made["brightness"] / pixels) < 0.06
    assert abs(made["brightness"].mean() / pixels.mean() - 1) > 0.1
    assert abs(made["contrast"].std() / pixels.std() - 1) > 0.1
    assert NOISE[0] - 0.2 <= (made["noise"] - pixels).std() <= NOISE[1] + 0.2
    assert np.abs(np.diff(made["blur"], axis=1)).mean() < np.abs(np.diff(pixels, axis=1)).mean()
    assert 0 < (made["text"] != pixels).any(axis=2).mean() < 0.4
    width = round(BORDER[1] * 160)
    assert (made["border"] == pixels)[width:-width, width:-width].all()
    assert np.ptp(made["border"][0]) == 0
    for name, correlation in {"re-encode": 0.98, "rotate": 0.8}.items():
        assert np.corrcoef(made[name].ravel(), pixels.ravel())[0, 1] > correlation


def test_copies_know_their_source_and_all_edits_are_as_frequent() -> None:
    images = [(f"image{number}", picture((32, 32))) for number in range(2 * len(EDITS))]
    copies = list(edited(images, seed=5))
    assert [copy.source for copy in copies] == [source for source, _ in images]
    assert sorted(copy.edit for copy in copies[: len(EDITS)]) == sorted(EDITS)
    assert sorted(copy.edit for copy in copies) == sorted([*EDITS] * 2)
    again, other = list(edited(images, seed=5)), list(edited(images, seed=6))
    assert all(a.edit == b.edit and same(a.image, b.image) for a, b in zip(copies, again, strict=True))
    assert [copy.edit for copy in copies] != [copy.edit for copy in other]
    assert {copy.edit for copy in edited(images, seed=5, edits=("flip", "crop"))} == {"flip", "crop"}
    with pytest.raises(KeyError, match="melt"):
        list(edited(images[:1], seed=5, edits=("melt",)))
