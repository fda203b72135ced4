import math

import numpy as np
import pytest
import torch

from dataprep.augmentation.degrade import blur, noise, normal
from dataprep.augmentation.draws import fixed
from tests.augmentation.samples import digests, pictures


def blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    """Return (3, S, S) blurred by plain loops along each axis, borders mirrored about the outer pixels."""
    side, reach = image.shape[-1], min(math.ceil(3 * sigma), image.shape[-1] - 1)
    weights = [math.exp(-(d**2) / (2 * sigma**2)) for d in range(-reach, reach + 1)]
    weights = [w / sum(weights) for w in weights]

    def inside(n: int) -> int:
        n = abs(n)
        return n if n < side else 2 * (side - 1) - n

    for axis in (1, 2):
        out = np.zeros_like(image)
        for n in range(side):
            for d, weight in zip(range(-reach, reach + 1), weights, strict=True):
                out[(slice(None), n) if axis == 1 else (slice(None), slice(None), n)] += weight * image.take(
                    inside(n + d), axis
                )
        image = out
    return image


@pytest.mark.parametrize("side", [4, 9])
def test_blur_equals_plain_loops(side: int) -> None:
    sigmas, images = torch.tensor([0.0, 0.3, 1.0, 2.5, 10.0]), pictures(5, side)
    made = blur(images, fixed(digests(5), "blur", sigmas, 0))
    assert torch.equal(made[0], images[0])
    for row in range(1, 5):
        assert np.abs(made[row].numpy() - blurred(images[row].double().numpy(), float(sigmas[row]))).max() < 1e-6


def test_one_pixel_cannot_be_blurred() -> None:
    images = pictures(2, 1)
    assert torch.equal(blur(images, fixed(digests(2), "blur", 2.0, 0)), images)


def test_noise_has_the_deviation_that_it_says_and_each_image_its_own() -> None:
    gray = torch.full((3, 3, 40, 40), 0.5)
    added = noise(gray, fixed(digests(3), "noise", torch.tensor([0.0, 0.05, 0.1]), 0)) - gray
    assert torch.equal(added[0], torch.zeros(3, 40, 40))
    assert added.std(dim=(1, 2, 3)).tolist() == pytest.approx([0, 0.05, 0.1], rel=0.05)
    assert torch.corrcoef(torch.stack([*added[1].flatten(1), *added[2].flatten(1)])).fill_diagonal_(0).abs().max() < 0.1


def test_normal_numbers_are_normal() -> None:
    drawn = normal(torch.arange(20), 5001)
    assert drawn.shape == (20, 5001)
    assert float(drawn.mean()) == pytest.approx(0, abs=0.02)
    assert float(drawn.std()) == pytest.approx(1, abs=0.02)
    assert float((drawn.abs() > 1.96).float().mean()) == pytest.approx(0.05, abs=0.005)
    assert float(drawn.pow(4).mean()) == pytest.approx(3, abs=0.15)


def test_only_what_is_drawn_is_changed() -> None:
    images, strengths = pictures(30, 8), torch.where(torch.arange(30) % 3 == 0, 0.5, 0.0)
    for name, operation in (("noise", noise), ("blur", blur)):
        draws = fixed(digests(30), name, strengths, 0)
        same = (operation(images, draws) == images).flatten(1).all(1)
        assert torch.equal(same, ~draws.active(name))
