"""Flip, scale, stretch, shear, rotation, shift and crop in one bilinear warp."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from dataprep.augmentation.draws import Draws


def source_maps(draws: Draws, side: int) -> Tensor:
    """Return where each pixel is taken from: (N, 2, 3) float64, one matrix [A | t] per image.

    The pixel at p = (x, y), in px from the picture's center, is taken from A p + t. A picture is mirrored, scaled and
    stretched (width times s sqrt(f), height times s / sqrt(f)), sheared (x + y tan(a), or y + x tan(a)),
    rotated (clockwise), and shifted; then a square window of sqrt(area) of the side is cut out and takes the whole
    picture's place: A = sqrt(area) (R H D)^-1 and t = (R H D)^-1 (o - d), with o the window's center and d the shift.
    """
    value = {name: draws.values[name].double() for name in GEOMETRIC}
    root = value["stretch"].sqrt()
    wide = (1 - 2 * value["horizontal_flip"]) / (value["scale"] * root)
    high = (1 - 2 * value["vertical_flip"]) / (value["scale"] / root)
    angle = torch.deg2rad(value["rotation"])
    cos, sin = torch.where(angle == 0, 1.0, angle.cos()), torch.where(angle == 0, 0.0, angle.sin())
    lean = torch.tan(torch.deg2rad(value["shear"]))
    along_x = draws.sides("shear", 1)[:, 0] < 0.5
    lean_x, lean_y = torch.where(along_x, lean, 0.0), torch.where(along_x, 0.0, lean)
    turned_back = torch.stack([cos, sin, -sin, cos], 1).view(-1, 2, 2)
    one = torch.ones_like(lean)
    upright = torch.stack([one, -lean_x, -lean_y, one], 1).view(-1, 2, 2)
    inverse = torch.stack([wide, high], 1)[:, :, None] * (upright @ turned_back)
    window = value["crop"].sqrt()
    offset = _place(draws, window, side) - _displacement(draws, value["shift"], side)
    return torch.cat([inverse * window[:, None, None], inverse @ offset[:, :, None]], 2)


GEOMETRIC = ("horizontal_flip", "vertical_flip", "scale", "stretch", "shear", "rotation", "shift", "crop")


def _place(draws: Draws, window: Tensor, side: int) -> Tensor:
    """Return the window's center, (N, 2) px, evenly drawn from where it lies in the picture."""
    return (draws.sides("crop", 2).double() - 0.5) * (side * (1 - window))[:, None]


def _displacement(draws: Draws, share: Tensor, side: int) -> Tensor:
    direction = draws.sides("shift", 1)[:, 0].double() * math.pi
    return torch.stack([direction.cos(), direction.sin()], 1) * (side * share)[:, None]


def warp(images: Tensor, maps: Tensor) -> Tensor:
    """Return (N, C, S, S) float32 images with pixels taken from where `maps`, (N, 2, 3), say, bilinearly.

    Beyond the border the picture is mirrored at its edge (... c b a | a b c ...). Values stay between the least and
    largest of the image's. Upright images are warped along one axis and then the other, the others at once; which of
    both is each image's own.
    """
    if _changes_nothing(maps):
        return images
    tilted = (maps[:, 0, 1] != 0) | (maps[:, 1, 0] != 0)
    if not tilted.any():
        return _along_axes(images, maps)
    if tilted.all():
        return _at_once(images, maps)
    warped = torch.empty_like(images)
    for rows, way in ((tilted, _at_once), (~tilted, _along_axes)):
        here = rows.to(images.device)
        warped[here] = way(images[here], maps[rows])
    return warped


def _changes_nothing(maps: Tensor) -> bool:
    return bool((maps == torch.eye(2, 3, dtype=maps.dtype)).all())


def _at_once(images: Tensor, maps: Tensor) -> Tensor:
    # affine_grid measures from the center in half sides
    scaled = torch.cat([maps[:, :, :2], maps[:, :, 2:] * (2 / images.shape[-1])], 2)
    grid = F.affine_grid(scaled.to(images), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _along_axes(images: Tensor, maps: Tensor) -> Tensor:
    side = images.shape[-1]
    places = torch.arange(side, dtype=torch.float64) - (side - 1) / 2
    across, down = (
        _mirrored(maps[:, axis, axis, None] * places + maps[:, axis, 2, None] + (side - 1) / 2, side) for axis in (0, 1)
    )
    turned = _rows(images, down).transpose(2, 3).contiguous()
    return _rows(turned, across).transpose(2, 3).contiguous()


def _mirrored(places: Tensor, side: int) -> Tensor:
    """Return places among 0 to side - 1, mirrored at the edges -0.5 and side - 0.5."""
    beyond = torch.remainder(places + 0.5, 2 * side)
    inside = torch.where(beyond > side, 2 * side - beyond, beyond) - 0.5
    return torch.where((places >= 0) & (places <= side - 1), places, inside.clamp(0, side - 1))


def _rows(images: Tensor, places: Tensor) -> Tensor:
    """Return rows at `places`, (N, S) float64 of 0 to S - 1, each the mean of two rows weighted by their nearness.

    embedding_bag adds weighted rows faster than any product or gather.
    """
    count, channels, side, _ = images.shape
    lower = places.floor().clamp_max(max(side - 2, 0))
    weight = (places - lower).to(torch.float32)
    index = torch.stack([lower, (lower + 1).clamp_max(side - 1)], 2).to(torch.int32)[:, None]
    starts = (torch.arange(count * channels, dtype=torch.int32) * side).view(count, channels, 1, 1)
    weights = torch.stack([1 - weight, weight], 2)[:, None].expand(count, channels, side, 2)
    bags = (index + starts).view(-1, 2).to(images.device)
    mixed = F.embedding_bag(
        bags, images.reshape(-1, side), mode="sum", per_sample_weights=weights.reshape(-1, 2).to(images.device)
    )
    return mixed.view(images.shape)
