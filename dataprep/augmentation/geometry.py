"""Flip, scale, stretch, shear, rotation, shift and crop in one bilinear warp."""

import math
from dataclasses import dataclass

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
    cos, sin = angle.cos(), angle.sin()
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


@dataclass(frozen=True)
class Warp:
    """What a warp of N pictures of one side needs, made once for all so that pixels can be moved in small blocks.

    scaled: (N, 2, 3) float32, the maps as torch.nn.functional.affine_grid takes them. tilted: (N,) bool, rotated or
    sheared. rows, columns: for each new row (column) the two old ones that it lies between, (N, S, 2) int32.
    row_weights, column_weights: how much of each it takes, (N, S, 2) float32. still: no picture is changed.
    """

    scaled: Tensor
    tilted: Tensor
    rows: Tensor
    row_weights: Tensor
    columns: Tensor
    column_weights: Tensor
    still: bool

    def __getitem__(self, rows: slice | Tensor) -> "Warp":
        return Warp(
            self.scaled[rows],
            self.tilted[rows],
            self.rows[rows],
            self.row_weights[rows],
            self.columns[rows],
            self.column_weights[rows],
            self.still,
        )


def prepared(maps: Tensor, side: int, device: torch.device) -> Warp:
    """Return what `warp` needs on `device` to take pixels from where `maps`, (N, 2, 3) float64, say."""
    # affine_grid measures from the center in half sides
    scaled = torch.cat([maps[:, :, :2], maps[:, :, 2:] * (2 / side)], 2)
    tilted = (maps[:, 0, 1] != 0) | (maps[:, 1, 0] != 0)
    rows, columns = (_neighbors(maps, axis, side) for axis in (1, 0))
    return Warp(
        scaled=scaled.float().to(device),
        tilted=tilted,
        rows=rows[0].to(device),
        row_weights=rows[1].to(device),
        columns=columns[0].to(device),
        column_weights=columns[1].to(device),
        still=bool((maps == torch.eye(2, 3, dtype=maps.dtype)).all()),
    )


def _neighbors(maps: Tensor, axis: int, side: int) -> tuple[Tensor, Tensor]:
    """Return the two old places about each new one along an axis, and their weights, both (N, S, 2)."""
    center = (side - 1) / 2
    places = torch.arange(side, dtype=torch.float64) - center
    old = _mirrored(maps[:, axis, axis, None] * places + (maps[:, axis, 2, None] + center), side)
    lower = old.floor().clamp_(max=max(side - 2, 0))
    weight = (old - lower).float()
    pair = torch.stack([lower, (lower + 1).clamp_(max=side - 1)], 2).to(torch.int32)
    return pair, torch.stack([1 - weight, weight], 2)


def _mirrored(places: Tensor, side: int) -> Tensor:
    """Return places among 0 to side - 1, mirrored at the edges -0.5 and side - 0.5."""
    if bool((places >= 0).all() and (places <= side - 1).all()):
        return places
    beyond = torch.remainder(places + 0.5, 2 * side)
    inside = torch.minimum(beyond, 2 * side - beyond).sub_(0.5).clamp_(0, side - 1)
    return torch.where((places >= 0) & (places <= side - 1), places, inside)  # which adding 0.5 might round


def warp(images: Tensor, how: Warp) -> Tensor:
    """Return (N, C, S, S) float32 images, each warped bilinearly.

    Beyond the border the picture is mirrored at its edge (... c b a | a b c ...). Values stay between the least and
    largest of the image's. Upright images are warped along one axis and then the other, tilted ones at once; which of
    both is each image's own affair, so that the others of the batch have no part in it.
    """
    if how.still:
        return images
    if not how.tilted.any():
        return _along_axes(images, how)
    if how.tilted.all():
        return _at_once(images, how)
    warped = torch.empty_like(images)
    for rows, way in ((how.tilted, _at_once), (~how.tilted, _along_axes)):
        here = rows.nonzero()[:, 0]  # stays on the CPU: tensors on any device may be indexed from there
        warped[here] = way(images[here], how[here])
    return warped


def _at_once(images: Tensor, how: Warp) -> Tensor:
    grid = F.affine_grid(how.scaled, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _along_axes(images: Tensor, how: Warp) -> Tensor:
    turned = _rows(images, how.rows, how.row_weights).transpose(2, 3).contiguous()
    return _rows(turned, how.columns, how.column_weights).transpose(2, 3).contiguous()


def _rows(images: Tensor, pairs: Tensor, weights: Tensor) -> Tensor:
    """Return rows that are weighted means of two each; embedding_bag adds such sooner than any product or gather."""
    count, channels, side, _ = images.shape
    starts = torch.arange(0, count * channels * side, side, dtype=torch.int32, device=images.device)
    bags = pairs[:, None] + starts.view(count, channels, 1, 1)
    shares = weights[:, None].expand(count, channels, side, 2).reshape(-1, 2)
    means = F.embedding_bag(bags.view(-1, 2), images.reshape(-1, side), mode="sum", per_sample_weights=shares)
    return means.view(images.shape)
