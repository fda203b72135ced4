import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.augmentation.draws import Draws, draw, fixed
from dataprep.augmentation.geometry import GEOMETRIC, prepared, source_maps
from dataprep.augmentation.geometry import warp as warp_prepared
from tests.augmentation.samples import digests, params, pictures

WIDE = {
    "horizontal_flip": 0.5,
    "vertical_flip": 0.5,
    "scale": (0.5, 2.0),
    "stretch": (0.5, 2.0),
    "shift": (-0.5, 0.5),
    "crop": (0.2, 1.0),
}
TILTED = {"shear": (-50, 50), "rotation": (-180, 180)}


def warp(images: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    return warp_prepared(images, prepared(maps, images.shape[-1], images.device))


def matrix_by_steps(draws: Draws, row: int, side: int) -> np.ndarray:
    """Return the 3 x 3 map from output to source px about the center, each step a matrix of its own."""
    value = {name: float(draws.values[name][row]) for name in GEOMETRIC}

    def linear(a: float, b: float, c: float, d: float) -> np.ndarray:
        return np.array([[a, b, 0], [c, d, 0], [0, 0, 1.0]])

    def moved(x: float, y: float) -> np.ndarray:
        return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])

    lean, angle = math.tan(math.radians(value["shear"])), math.radians(value["rotation"])
    direction = math.pi * float(draws.sides("shift", 1)[row])
    left, top = ((float(u) - 0.5) * side for u in draws.sides("crop", 2)[row])
    window = math.sqrt(value["crop"])
    forward = [
        linear(-1 if value["horizontal_flip"] else 1, 0, 0, -1 if value["vertical_flip"] else 1),
        linear(value["scale"], 0, 0, value["scale"]),
        linear(math.sqrt(value["stretch"]), 0, 0, 1 / math.sqrt(value["stretch"])),
        linear(1, lean, 0, 1) if float(draws.sides("shear", 1)[row]) < 0.5 else linear(1, 0, lean, 1),
        linear(math.cos(angle), -math.sin(angle), math.sin(angle), math.cos(angle)),
        moved(value["shift"] * side * math.cos(direction), value["shift"] * side * math.sin(direction)),
        moved(-left * (1 - window), -top * (1 - window)),
        linear(1 / window, 0, 0, 1 / window),
    ]
    whole = np.eye(3)
    for step in forward:
        whole = step @ whole
    return np.linalg.inv(whole)


def bilinear(image: np.ndarray, x: float, y: float) -> np.ndarray:
    """Return the color at (x, y) px of (3, S, S), the picture repeated in mirror images beyond its edges."""
    side = image.shape[-1]

    def pixel(column: int, row: int) -> np.ndarray:
        inside = [n % (2 * side) if n % (2 * side) < side else 2 * side - 1 - n % (2 * side) for n in (column, row)]
        return image[:, inside[1], inside[0]]

    left, top = math.floor(x), math.floor(y)
    across, down = x - left, y - top
    upper = (1 - across) * pixel(left, top) + across * pixel(left + 1, top)
    lower = (1 - across) * pixel(left, top + 1) + across * pixel(left + 1, top + 1)
    return (1 - down) * upper + down * lower


def by_loops(images: np.ndarray, maps: list[np.ndarray]) -> np.ndarray:
    center, made = (images.shape[-1] - 1) / 2, np.zeros_like(images)
    for number, image in enumerate(images):
        for row in range(image.shape[1]):
            for column in range(image.shape[2]):
                x, y, _ = maps[number] @ [column - center, row - center, 1.0]
                made[number, :, row, column] = bilinear(image, x + center, y + center)
    return made


@pytest.mark.parametrize("side", [7, 8])
@pytest.mark.parametrize("chosen", [WIDE, WIDE | TILTED, TILTED], ids=["upright", "all", "tilted"])
def test_warps_equal_plain_loops_over_one_matrix_after_the_other(side: int, chosen: dict[str, object]) -> None:
    draws, images = draw(digests(6), 1, params(**chosen), 0), pictures(6, side)
    maps = [matrix_by_steps(draws, row, side) for row in range(6)]
    assert np.allclose(source_maps(draws, side).numpy(), np.stack(maps)[:, :2], atol=1e-9)
    expected = by_loops(images.double().numpy(), maps)
    assert np.abs(warp(images, source_maps(draws, side)).numpy() - expected).max() < 2e-5


def test_both_ways_agree() -> None:
    images, draws = pictures(20, 16), draw(digests(20), 1, params(**WIDE), 0)
    upright = source_maps(draws, 16)
    hardly_tilted = upright.clone()
    hardly_tilted[:, 0, 1] = 1e-12
    assert torch.allclose(warp(images, upright), warp(images, hardly_tilted), atol=1e-5)


def test_upright_and_tilted_images_in_one_batch_are_as_alone() -> None:
    images, draws = pictures(20, 9), draw(digests(20), 1, params(**WIDE | {"rotation": 0.5}), 0)
    maps = source_maps(draws, 9)
    assert 0 < int((maps[:, 0, 1] != 0).sum()) < 20
    whole = warp(images, maps)
    for row in range(20):
        assert torch.equal(whole[row : row + 1], warp(images[row : row + 1], maps[row : row + 1]))


@pytest.mark.parametrize(("name", "axes"), [("horizontal_flip", [3]), ("vertical_flip", [2])])
@pytest.mark.parametrize("side", [1, 2, 5, 32])
def test_flips_are_exact(name: str, axes: list[int], side: int) -> None:
    images = pictures(4, side)
    assert torch.equal(warp(images, source_maps(fixed(digests(4), name, 1.0, 0), side)), images.flip(axes))


def turned(degrees: float) -> torch.Tensor:
    image = torch.zeros(1, 3, 11, 11)
    image[:, :, 5, 5:] = 1.0  # a hand that points to three o'clock
    return warp(image, source_maps(fixed(digests(1), "rotation", degrees, 0), 11))[0, 0]


def test_rotation_is_clockwise_in_degrees() -> None:
    assert torch.allclose(turned(90)[5:, 5], torch.ones(6), atol=1e-5)
    assert torch.allclose(turned(-90)[:6, 5], torch.ones(6), atol=1e-5)
    assert torch.allclose(turned(180)[5, :6], torch.ones(6), atol=1e-5)


def test_scale_and_stretch_change_sizes_as_they_say() -> None:
    image = torch.zeros(1, 3, 40, 40)
    image[:, :, 15:25, 15:25] = 1.0

    def size(name: str, value: float) -> tuple[float, float]:
        made = warp(image, source_maps(fixed(digests(1), name, value, 0), 40))[0, 0]
        return float(made.amax(0).sum()), float(made.amax(1).sum())

    assert size("scale", 2.0) == pytest.approx((20, 20), abs=0.6)
    assert size("stretch", 2.25) == pytest.approx((15, 10 / 1.5), abs=0.6)


def test_shift_moves_by_its_share_in_any_direction() -> None:
    draws = fixed(digests(300), "shift", 0.1, 0)
    moved = source_maps(draws, 20)[:, :, 2]
    assert torch.allclose(moved.norm(dim=1), torch.full((300,), 2.0, dtype=torch.float64))
    back = source_maps(fixed(digests(300), "shift", -0.1, 0), 20)[:, :, 2]
    assert torch.allclose(back, -moved)
    assert torch.cat([moved, back]).mean(0).abs().max() < 1e-9
    assert moved[:, 0].std() > 1.2


def test_crops_stay_inside_and_reach_everywhere() -> None:
    maps = source_maps(draw(digests(500), 1, params(crop=(0.25, 0.25)), 0), 16)
    centers = maps[:, :, 2] / 16
    assert centers.abs().max() <= 0.25
    assert centers.amax() > 0.24
    assert centers.amin() < -0.24


@settings(max_examples=30)
@given(st.integers(0, 1000), st.integers(2, 20))
def test_values_stay_between_the_least_and_the_largest(seed: int, side: int) -> None:
    images = pictures(3, side, seed) * 0.5 + 0.25
    made = warp(images, source_maps(draw(digests(3), 1, params(**WIDE | TILTED), seed), side))
    assert made.min() >= images.min() - 1e-6
    assert made.max() <= images.max() + 1e-6


def test_a_flat_picture_stays_flat() -> None:
    flat = torch.full((8, 3, 10, 10), 0.3)
    made = warp(flat, source_maps(draw(digests(8), 1, params(**WIDE | TILTED), 0), 10))
    assert torch.allclose(made, flat, atol=1e-6)
