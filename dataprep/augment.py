"""Augmented copies of training images, each drawn from its own content and the seed."""

from dataclasses import dataclass
from pathlib import Path

import kornia
import numpy as np
import polars as pl
import torch
from torch import Tensor
from tqdm import tqdm

from dataprep import files
from dataprep.config import Augment
from dataprep.normalization.modules import Normalization
from dataprep.normalization.scaling import scale
from dataprep.normalization.write import batches, rows_of
from dataprep.schema import AUGMENTED, check


def augment_all(
    image_ids: pl.Series,
    pixels: np.ndarray,
    training: pl.DataFrame,
    normalization: Normalization,
    params: Augment,
    seed: int,
    out: Path,
) -> pl.DataFrame:
    """Write the augmented and normalized copies of the training images to `out`, return AUGMENTED.

    image_ids: the id of each row of `pixels`, (N, S, S, 3) uint8. training: the KEPT rows of the
    training split. normalization: what was fitted. out: .npy file (A, 3, S, S) float32,
    row i for the i-th row of AUGMENTED.
    """
    rows = rows_of(image_ids, training["image_id"])
    side, count = pixels.shape[1], len(rows)
    with files.replacing(out) as part:
        shape = (count * params.copies, 3, side, side)
        array = files.new_array(part, np.float32, shape)
        bar = tqdm(total=len(array), desc="augment", unit="image")
        for copy in range(1, params.copies + 1):
            done = 0
            for batch in batches(pixels, rows):
                drawn = draw(training["sha256"][done : done + len(batch)].to_list(), copy, params, seed)
                changed = augment(scale(batch, "[0, 1]"), drawn)
                target = np.arange(done, done + len(batch)) * params.copies + copy - 1
                array[target] = normalization.from_unit(changed).numpy()
                done += len(batch)
                bar.update(len(batch))
        bar.close()
        array.flush()
    copies = pl.DataFrame({"copy": range(1, params.copies + 1)}, schema={"copy": pl.Int32})
    return check(training.select("image_id").join(copies, how="cross"), AUGMENTED, "augment")


@dataclass(frozen=True)
class Draw:
    """Per-image parameters, each (N,) float32."""

    mirror_x: Tensor  # -1 mirrored left to right, else 1
    mirror_y: Tensor
    angle: Tensor  # degrees, clockwise
    zoom: Tensor  # 1 or more
    stretch: Tensor  # width over height, 1 unchanged
    offset_x: Tensor  # -1 to 1: where the crop lies in the room that zoom gives
    offset_y: Tensor
    brightness: Tensor  # factor
    contrast: Tensor  # factor
    saturation: Tensor  # factor
    hue: Tensor  # radians


def draw(sha256: list[str], copy: int, params: Augment, seed: int) -> Draw:
    """Draw the parameters of the copy-th augmentation of each image.

    They depend on the image's own sha256, `copy` and `seed` alone, so that adding images
    changes no other image's augmentation.
    """
    uniform = np.stack([_uniform(digest, copy, seed) for digest in sha256]) if sha256 else np.zeros((0, 11))
    u = torch.from_numpy(uniform.astype(np.float32)).T
    signed = u * 2 - 1
    low, high = params.crop_scale
    area = low + (high - low) * u[3]
    return Draw(
        mirror_x=torch.where(u[0] < params.horizontal_flip, -1.0, 1.0),
        mirror_y=torch.where(u[1] < params.vertical_flip, -1.0, 1.0),
        angle=signed[2] * params.rotation_degrees,
        zoom=area.rsqrt(),
        stretch=torch.exp(signed[4] * float(np.log(params.stretch))),
        offset_x=signed[5],
        offset_y=signed[6],
        brightness=1 + signed[7] * params.brightness,
        contrast=1 + signed[8] * params.contrast,
        saturation=1 + signed[9] * params.saturation,
        hue=signed[10] * params.hue * 2 * torch.pi,
    )


def _uniform(digest: str, copy: int, seed: int) -> np.ndarray:
    return np.random.default_rng([seed, copy, int(digest[:32], 16)]).random(11)


def augment(images: Tensor, drawn: Draw) -> Tensor:
    """Return augmented images; (N, 3, S, S) float32 in [0, 1] in and out.

    One bilinear warp does flip, rotation, crop and stretch, with the image reflected at its
    border (kornia); then contrast about the image's own mean, brightness, saturation and hue (the last two
    kornia's), clipped to [0, 1].
    """
    side = images.shape[-1]
    scales = torch.stack(
        [
            drawn.mirror_x * drawn.zoom * drawn.stretch.sqrt(),
            drawn.mirror_y * drawn.zoom / drawn.stretch.sqrt(),
        ],
        1,
    )
    room = (drawn.zoom - 1) * side / 2
    shift = torch.stack([drawn.offset_x * room, drawn.offset_y * room], 1)
    center = torch.full((len(images), 2), (side - 1) / 2)
    matrix = kornia.geometry.transform.get_affine_matrix2d(shift, center, scales, drawn.angle)[:, :2]
    moved = kornia.geometry.transform.warp_affine(images, matrix, (side, side), padding_mode="reflection")
    column = (-1, 1, 1, 1)
    mean = moved.mean((1, 2, 3), keepdim=True)
    colored = ((moved - mean) * drawn.contrast.view(column) + mean) * drawn.brightness.view(column)
    colored = colored.clamp(0.0, 1.0)
    colored = kornia.enhance.adjust_saturation(colored, drawn.saturation)
    return kornia.enhance.adjust_hue(colored, drawn.hue).clamp(0.0, 1.0)
