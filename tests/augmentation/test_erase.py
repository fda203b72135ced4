import pytest
import torch

from dataprep.augmentation.draws import draw, fixed
from dataprep.augmentation.erase import erase, rectangles
from tests.augmentation.samples import digests, params, pictures


def test_rectangles_are_whole_and_of_their_area() -> None:
    draws = draw(digests(300), 1, params(erasing=(0.05, 0.8)), 0)
    inside = rectangles(draws, "erasing", 64)[:, 0]
    wide, high = inside.any(1).sum(1), inside.any(2).sum(1)
    assert torch.equal(wide * high, inside.sum((1, 2)))
    share, area = inside.float().mean((1, 2)), draws.values["erasing"]
    assert (share <= area + 1e-6).all()
    assert torch.allclose(share, area, atol=0.03)
    shape = wide / high
    assert shape.max() <= 3.4
    assert shape.min() >= 1 / 3.4
    assert shape.max() > 2
    assert shape.min() < 0.5


def test_rectangles_lie_everywhere() -> None:
    often = rectangles(fixed(digests(2000), "erasing", 0.1, 0), "erasing", 16).float().mean(0)[0]
    assert often.min() > 0.005
    assert torch.allclose(often, often.flip(0), atol=0.05)
    assert torch.allclose(often, often.T, atol=0.05)


@pytest.mark.parametrize("side", [1, 2, 8])
def test_nothing_is_erased_at_strength_0(side: int) -> None:
    assert not rectangles(fixed(digests(5), "erasing", 0.0, 0), "erasing", side).any()


def test_erased_pixels_have_the_images_mean_color() -> None:
    images, draws = pictures(10, 16), draw(digests(10), 1, params(erasing=0.5), 0)
    made, inside = erase(images, draws), rectangles(draws, "erasing", 16)
    for row in range(10):
        for channel in range(3):
            hole = inside[row, 0]
            assert torch.equal(made[row, channel][~hole], images[row, channel][~hole])
            expected = images[row, channel].double().mean().float().expand(int(hole.sum()))
            assert torch.allclose(made[row, channel][hole], expected, atol=1e-6)
    assert torch.equal(inside.flatten(1).any(1), draws.active("erasing"))
