import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from dataprep.augmentation.masks import mask_of, read_cutouts
from dataprep.augmentation.scenes import put_behind
from dataprep.config import Measure
from dataprep.decoding import decode
from dataprep.measure import square
from dataprep.originals import Originals, PartWriter

PARAMS = Measure(size=16, fit="stretch", max_pixels=10**6, background=255)


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


def cutout(height: int = 48, width: int = 40) -> Image.Image:
    """A dark disk, opaque inside, fading at its rim, nothing outside."""
    y, x = np.mgrid[:height, :width]
    distance = np.hypot((y - height / 2) / height, (x - width / 2) / width)
    alpha = np.clip((0.45 - distance) / 0.3, 0, 1) * 255
    layers = np.stack([60 + y, 30 + x, 90 + 0 * x, alpha], 2).astype(np.uint8)
    return Image.fromarray(layers)


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("size", [(48, 40), (16, 16), (9, 30)])
def test_mask_fits_the_pixels(fit: str, size: tuple[int, int]) -> None:
    """Laid over black by the mask, the square pixels equal those of the file laid over black from the start."""
    params, data = PARAMS.model_copy(update={"fit": fit}), encoded(cutout(*size))
    mask = mask_of(data, 16, params)
    assert mask is not None
    assert mask.shape == (16, 16)
    over = {
        gray: torch.from_numpy(square(decode(data, 10**6, gray).pixels, 16, fit, gray).copy()).permute(2, 0, 1)[None]
        / 255
        for gray in (255, 0)
    }
    opacity = torch.from_numpy(mask)[None, None] / 255
    made = put_behind(over[255], opacity, torch.zeros(1, 3, 16, 16), 1.0)
    apart = (made - over[0]).abs()
    assert apart.max() < 12 / 255  # where Lanczos overshoots and is cut
    assert apart.mean() < 1 / 255


def test_files_without_transparency_have_no_mask() -> None:
    opaque = cutout().convert("RGB")
    for data in (encoded(opaque), encoded(opaque, "JPEG"), encoded(opaque.convert("RGBA")), b"junk", b""):
        assert mask_of(data, 16, PARAMS) is None


def test_palette_transparency_counts() -> None:
    image = cutout().quantize(8)
    assert image.mode == "P"
    assert mask_of(encoded(image), 16, PARAMS) is not None


@pytest.mark.parametrize("workers", [1, 2])
def test_masks_are_read_of_the_wanted_alone(tmp_path: Path, workers: int) -> None:
    writer = PartWriter(tmp_path)
    for name in "abcd":
        writer.add(name, encoded(cutout() if name != "c" else cutout().convert("RGB")))
    writer.flush()
    found = read_cutouts(Originals(tmp_path), pl.Series(["a", "c", "d"]), 16, PARAMS, workers)
    assert found.rows == {"a": 0, "d": 1}
    assert np.array_equal(found.opacity[1], mask_of(encoded(cutout()), 16, PARAMS))
    assert found.backdrop == 1.0


def test_nothing_wanted_reads_nothing(tmp_path: Path) -> None:
    PartWriter(tmp_path).flush()
    (tmp_path / "part-00000.parquet").write_bytes(b"not read")
    found = read_cutouts(Originals(tmp_path), pl.Series([], dtype=pl.String), 16, PARAMS, 1)
    assert found.rows == {}
    assert found.opacity.shape == (0, 16, 16)


def test_what_is_hidden_may_look_like_the_background() -> None:
    layers = np.full((20, 20, 4), 255, np.uint8)
    layers[5:15, 5:15, :3] = 40
    layers[..., 3] = 0
    layers[5:15, 5:15, 3] = 255
    mask = mask_of(encoded(Image.fromarray(layers)), 20, PARAMS)
    assert mask is not None
    assert mask.min() == 0
    assert mask[10, 10] == 255
