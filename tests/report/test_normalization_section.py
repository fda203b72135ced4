"""The section on normalization: what was written, in words and side by side; whose noise is amplified."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from dataprep.normalization.contrast import global_contrast
from dataprep.report import normalization_section as section
from dataprep.report.grids import Picture
from tests.report.builders import GCN, SIDE, inputs

SPEC = {"scale": "[0, 1]", "channels": 3, "height": SIDE, "width": SIDE, "steps": [GCN]}


def text(**changes: Any) -> str:
    return "\n".join(block for block in section.section(inputs(**changes)) if not isinstance(block, Picture))


def test_rows_are_raw_scaled_gcn_and_lcn_and_what_was_written_where_it_is_another() -> None:
    pixels = inputs().pixels[:5]
    images = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
    contrast = global_contrast(torch.from_numpy(images).float() / 255).numpy()
    shown = section.views(pixels, contrast, SPEC)
    assert [view.title for view in shown] == ["raw", "scaled [0, 1]", "GCN", "LCN"]
    assert np.array_equal(shown[0].images, images)
    assert np.array_equal(shown[2].images, contrast)
    assert [view.title for view in section.views(pixels, contrast * 3, SPEC)][-1] == "as written"


def test_the_numbers_of_the_configured_steps_are_shown() -> None:
    pixels = inputs().pixels[:5]
    steps = [GCN | {"s": 5.0}, {"step": "lcn", "window": 3, "divisor": "floor", "floor": 9.0}]
    _, _, contrast, local = section.views(pixels, np.zeros((5, 3, SIDE, SIDE), np.float32), SPEC | {"steps": steps})[:4]
    assert contrast.images.std() == pytest.approx(5.0, rel=0.01)
    assert np.abs(local.images).max() < 0.2


def test_pictures_go_from_the_least_contrast_to_the_most() -> None:
    given = inputs()
    pixels = given.pixels.copy()
    pixels[11] = 100 + pixels[11] % 2
    rows = [row for block in section.section(inputs(pixels=pixels)) if isinstance(block, Picture) for row in [block]]
    assert [picture.name.split(".")[0] for picture in rows][:2] == ["normalization", "pixel_histograms"]
    image = np.asarray(Image.open(io.BytesIO(rows[0].data)).convert("L"), float)
    assert image[40:150, 20:130].std() < 5 < 20 < image[40:150, -130:-20].std()


def test_what_was_written_is_told_in_numbers() -> None:
    told = text()
    assert "pixels scaled to &#91;0, 1&#93;, then gcn (s 1, regularizer 0, floor 1e-08)" in told
    assert "GCN amplifies no image's noise" in told


def test_amplified_noise_is_listed_and_shown() -> None:
    pixels = inputs().pixels.copy()
    pixels[12] = 100 + pixels[12] % 8
    blocks = list(section.section(inputs(pixels=pixels)))
    told = "\n".join(block for block in blocks if not isinstance(block, Picture))
    assert "**GCN amplifies noise in 1 image of little contrast**" in told
    assert f"<code>{inputs().images['image_id'][12]}</code>" in told
    assert [block.name.split(".")[0] for block in blocks if isinstance(block, Picture)][-1] == "amplified_noise"
    assert "GCN would amplify noise" in text(pixels=pixels, normalization=SPEC | {"steps": []})


def test_nothing_kept_has_no_pictures() -> None:
    given = inputs()
    blocks = list(section.section(inputs(kept=given.kept.head(0), normalized=given.normalized[:0])))
    assert not any(isinstance(block, Picture) for block in blocks)
