import colorsys
import math

import numpy as np
import pytest
import torch

from dataprep.augmentation.color import YIQ, color_maps, recolor
from dataprep.augmentation.draws import Draws, draw, fixed
from tests.augmentation.samples import digests, params, pictures

COLORS = {"brightness": (0.5, 2.0), "contrast": (0.2, 2.0), "saturation": (0.0, 3.0), "hue": (-180, 180)}


def done(draws: Draws, images: torch.Tensor) -> torch.Tensor:
    return recolor(images, *color_maps(draws))


def by_loops(image: np.ndarray, brightness: float, contrast: float, saturation: float, hue: float) -> np.ndarray:
    """Each step on its own, pixel by pixel, without clipping between them."""
    bright = image * brightness
    mean = sum(float(v) for v in bright.ravel()) / bright.size
    out = np.zeros_like(image)
    t = YIQ.numpy()
    for row in range(image.shape[1]):
        for column in range(image.shape[2]):
            color = mean + contrast * (bright[:, row, column] - mean)
            y, i, q = t @ color
            i, q = saturation * i, saturation * q
            angle = -math.radians(hue)
            turned = [y, i * math.cos(angle) - q * math.sin(angle), i * math.sin(angle) + q * math.cos(angle)]
            out[:, row, column] = np.linalg.solve(t, turned)
    return out.clip(0, 1)


def test_one_map_equals_the_steps_one_after_the_other() -> None:
    draws, images = draw(digests(8), 1, params(**COLORS), 0), pictures(8, 5)
    made = done(draws, images).numpy()
    for row in range(8):
        values = [float(draws.values[name][row]) for name in COLORS]
        assert np.abs(made[row] - by_loops(images[row].double().numpy(), *values)).max() < 1e-5


def test_gray_stays_gray_and_luma_as_it_is() -> None:
    gray = pictures(50, 4)[:, :1].expand(-1, 3, -1, -1)
    changed = done(draw(digests(50), 1, params(saturation=(0, 3), hue=(-180, 180)), 0), gray)
    assert torch.allclose(changed, gray, atol=2e-3)  # YIQ's published digits are three
    mild = pictures(50, 4) * 0.2 + 0.4
    turned = done(draw(digests(50), 1, params(hue=(-180, 180)), 0), mild)
    weights = YIQ[0].float().view(1, 3, 1, 1)
    assert torch.allclose((turned * weights).sum(1), (mild * weights).sum(1), atol=1e-3)


def test_hue_turns_by_about_its_degrees_from_red_toward_yellow() -> None:
    red = torch.tensor([0.6, 0.4, 0.4]).view(1, 3, 1, 1)
    for degrees, wanted in ((30, 30), (120, 120), (-60, 300)):
        made = done(fixed(digests(1), "hue", float(degrees), 0), red).flatten().tolist()
        assert (colorsys.rgb_to_hsv(*made)[0] * 360 - wanted + 180) % 360 - 180 == pytest.approx(0, abs=25)


def test_single_strengths_do_what_they_say() -> None:
    image = pictures(1, 6) * 0.4 + 0.3
    names = digests(1)
    assert torch.allclose(done(fixed(names, "brightness", 1.2, 0), image), 1.2 * image, atol=1e-6)
    assert torch.allclose(done(fixed(names, "contrast", 0.0, 0), image), image.mean().expand_as(image), atol=1e-6)
    assert torch.allclose(done(fixed(names, "contrast", 1.3, 0), image).mean(), image.mean(), atol=1e-6)
    colorless = done(fixed(names, "saturation", 0.0, 0), image)
    assert (colorless.amax(1) - colorless.amin(1)).max() < 2e-3


def test_an_images_mean_does_not_depend_on_the_others() -> None:
    draws, images = draw(digests(40), 1, params(**COLORS), 0), pictures(40, 33)
    whole = done(draws, images)
    for row in (0, 17, 39):
        assert torch.equal(whole[row : row + 1], done(draws[slice(row, row + 1)], images[row : row + 1]))
