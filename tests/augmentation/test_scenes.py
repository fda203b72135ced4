import math

import pytest
import torch

from dataprep.augmentation.draws import draw, fixed
from dataprep.augmentation.scenes import backdrops, light, pattern, pattern_numbers, put_behind, texture
from tests.augmentation.samples import digests, params, pictures

NAMES = digests(60)


def test_light_equals_the_formula() -> None:
    images, draws = pictures(4, 6), fixed(NAMES[:4], "lighting", 0.7, 0)
    made = light(images, draws)
    for row, (left, top, reach, warmth) in enumerate(draws.sides("lighting", 4).tolist()):
        for y in range(6):
            for x in range(6):
                place = ((x + 0.5) / 6 - (2 * left - 0.5), (y + 0.5) / 6 - (2 * top - 0.5))
                near = math.exp(-(place[0] ** 2 + place[1] ** 2) / (2 * (0.4 + 0.6 * reach) ** 2))
                for channel, sign in enumerate((1, 0, -1)):
                    factor = (1 + 0.7 * (2 * near - 1)) * (1 + 0.3 * 0.7 * sign * (2 * warmth - 1))
                    expected = min(float(images[row, channel, y, x]) * factor, 1.0)
                    assert float(made[row, channel, y, x]) == pytest.approx(expected, abs=1e-5)


def test_patterns_are_smooth_and_fill_their_range() -> None:
    numbers = torch.rand(200, 3 * pattern_numbers(), generator=torch.Generator().manual_seed(0))
    drawn = pattern(numbers, 3, 48)
    assert drawn.shape == (200, 3, 48, 48)
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert float(drawn.mean()) == pytest.approx(0.5, abs=0.02)
    assert drawn.diff(dim=3).abs().mean() < 0.1 * drawn.std() * 5
    for place, (row, column) in (((0, 0), (0, 0)), ((0, 3), (0, 12)), ((3, 3), (12, 12))):
        corner = torch.zeros(1, pattern_numbers())
        corner[0, place[0] * 4 + place[1]] = 1.0  # of the coarsest cells
        lit = pattern(corner, 1, 13)[0, 0]
        assert float(lit[row, column]) == pytest.approx(4 / 7)
        assert int((lit > 0).sum()) == 16
    flat = pattern(torch.full((1, pattern_numbers()), 0.25), 1, 7)
    assert torch.allclose(flat, torch.full_like(flat, 0.25))


def test_texture_adds_at_most_its_amplitude() -> None:
    gray = torch.full((60, 3, 24, 24), 0.5)
    added = texture(gray, fixed(NAMES, "texture", 0.2, 0)) - gray
    assert added.abs().max() <= 0.2
    assert added.abs().max() > 0.1
    assert float(added.mean()) == pytest.approx(0, abs=0.01)


def test_backdrops_are_colors_gradients_and_patterns() -> None:
    made = backdrops(fixed(NAMES, "background", 1.0, 0), torch.zeros(60, 3, 16, 16))
    plain = made.flatten(2).std(2).amax(1) < 1e-6
    # along a gradient the second difference vanishes
    bent = made.diff(n=2, dim=3).abs().amax((1, 2, 3)) > 1e-4
    for kind in (plain, ~plain & ~bent, bent):
        assert 10 <= int(kind.sum()) <= 30
    assert made.min() >= 0
    assert made.max() <= 1


def test_a_cut_out_object_is_as_if_it_had_been_laid_over_the_scene() -> None:
    colors, opacity, scenes = pictures(5, 9), pictures(5, 9, 1)[:, :1], pictures(5, 9, 2)
    over_gray = opacity * colors + (1 - opacity) * 0.8
    expected = opacity * colors + (1 - opacity) * scenes
    assert torch.allclose(put_behind(over_gray, opacity, scenes, 0.8), expected, atol=1e-6)


@pytest.mark.parametrize(("name", "operation"), [("lighting", light), ("texture", texture)])
def test_only_what_is_drawn_is_changed(name: str, operation) -> None:  # type: ignore[no-untyped-def]
    images, draws = pictures(60, 8), draw(NAMES, 1, params(**{name: 0.5}), 0)
    same = (operation(images, draws) == images).flatten(1).all(1)
    assert torch.equal(same, ~draws.active(name))
