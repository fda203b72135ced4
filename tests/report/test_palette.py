"""Colors are told apart by everybody, and a split keeps its own."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from dataprep.report import palette

# Machado, Oliveira and Fernandes, 2009: what dichromats see of linear RGB
SEEN = {
    "all cones": np.eye(3),
    "no M cones": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "no L cones": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}
TOGETHER = (
    (palette.TRAIN, palette.VALIDATION, palette.TEST, palette.PAPER),
    (palette.GOOD, palette.WARN, palette.BAD, palette.PAPER),
    (palette.GIVEN, palette.SUGGESTED, palette.BAD, palette.PAPER),
    (palette.USUAL, palette.BAD, palette.INK, palette.PAPER),
)


def lab(color: str, cones: str) -> np.ndarray:
    """The color in CIE L*a*b*, as somebody with these cones sees it."""
    rgb = np.array(to_rgb(color))
    linear = np.clip(SEEN[cones] @ np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4), 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    root = np.cbrt(np.maximum(xyz / (0.95047, 1.0, 1.08883), 0.008856))
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.mark.parametrize("cones", SEEN)
@pytest.mark.parametrize("colors", TOGETHER)
def test_colors_that_stand_together_are_told_apart(colors: tuple[str, ...], cones: str) -> None:
    for first, second in combinations(colors, 2):
        assert np.linalg.norm(lab(first, cones) - lab(second, cones)) > 15  # 2.3 is just noticeable


@pytest.mark.parametrize("colors", [palette.AMOUNT, palette.WRONG])
def test_more_is_darker(colors) -> None:  # type: ignore[no-untyped-def]
    for cones in SEEN:
        lightness = [lab(colors(place), cones)[0] for place in np.linspace(0, 1, 9)]
        assert lightness == sorted(lightness, reverse=True)
        assert lightness[0] - lightness[-1] > 60


def test_a_split_keeps_its_color_whatever_stands_beside_it() -> None:
    assert palette.split_colors(["train", "test"])["test"] == palette.split_colors(["Test"])["Test"] == palette.TEST
    many = [f"fold {number}" for number in range(8)]
    for names in (["train", "training", "val", "extra"], many):
        assert len(set(palette.split_colors(names).values())) == len(names)
    assert len(palette.split_colors([f"s{number}" for number in range(40)])) == 40


def test_ink_is_readable() -> None:
    assert [palette.ink_on(color) for color in ("white", palette.YELLOW, palette.BLUE, "black")] == [
        "#000000",
        "#000000",
        "#ffffff",
        "#ffffff",
    ]
