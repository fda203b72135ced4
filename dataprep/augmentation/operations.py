"""All operations in their order, on batches."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dataprep.augmentation import color, degrade, erase, geometry, mix, scenes
from dataprep.augmentation.draws import Draws
from dataprep.config.augmentation import OPERATIONS, Operation

__all__ = ["OPERATIONS", "Masks", "Operation", "Partners", "augment"]

BLOCK_BYTES = 3 * 2**18  # of float32 pixels at once: so much and the steps' results stay in a core's cache


DEGRADING = {
    "lighting": scenes.light,
    "texture": scenes.texture,
    "blur": degrade.blur,
    "noise": degrade.noise,
    "erasing": erase.erase,
}


@dataclass(frozen=True)
class Partners:
    """The other images that some operations need; rows that need none may hold anything.

    mixed: (N, 3, S, S) float32 in [0, 1], for mixup and cutmix. scenes: likewise, for hybrid.
    """

    mixed: Tensor | None = None
    scenes: Tensor | None = None


@dataclass(frozen=True)
class Masks:
    """Where the objects are.

    opacity: (N, 1, S, S) float32, 1 where the object is and 0 where nothing is; all 1 for an image without a mask,
    which background and hybrid then leave alone. backdrop: gray value, 0 to 1, that transparent pixels were laid
    over.
    """

    opacity: Tensor
    backdrop: float


def augment(images: Tensor, draws: Draws, partners: Partners | None = None, masks: Masks | None = None) -> Tensor:
    """Return augmented images: (N, 3, S, S) float32 in [0, 1] in and out, on the device of `images`.

    In the order of OPERATIONS: one warp; another background; one map of colors; light, texture, blur, noise, erasing;
    mixing. What becomes of an image depends on its own draws, pixels, mask and partners only, to the last bit.
    Neutral strengths change no bit, and flips alone are exact. Without masks, background and hybrid do nothing.
    Raises ValueError for images of another shape, dtype or range or with NaN, and where partners are needed and not
    given.
    """
    _check(images, draws, partners, masks)
    side, device = images.shape[-1], images.device
    step = max(1, BLOCK_BYTES // (12 * side * side)) if device.type == "cpu" else max(1, len(images))
    how = geometry.prepared(geometry.source_maps(draws, side), side, device)
    colors = color.color_maps(draws)
    steps = [step for name, step in DEGRADING.items() if draws.active(name).any()]
    made = torch.empty_like(images, memory_format=torch.contiguous_format)
    for start in range(0, len(images), step):
        rows = slice(start, start + step)
        block, moving = images[rows].contiguous(), how[rows]
        _check_range(block)
        changed = geometry.warp(block, moving)
        if masks is not None:
            opacity = geometry.warp(masks.opacity[rows].contiguous(), moving)
            changed = _placed(changed, draws[rows], opacity, masks.backdrop, partners, rows)
        changed = color.recolor(changed, colors[0][rows], colors[1][rows])
        for operation in steps:
            changed = operation(changed, draws[rows])
        if partners is not None and partners.mixed is not None:
            changed = mix.mix(changed, partners.mixed[rows], draws[rows])
        made[rows] = changed
    return made


def _placed(
    images: Tensor, draws: Draws, opacity: Tensor, backdrop: float, partners: Partners | None, rows: slice
) -> Tensor:
    """Return images with another background; where both are drawn, hybrid comes last and so takes its place."""
    elsewhere, drawn = draws.active("hybrid"), draws.active("background")
    if drawn.any():
        changed = scenes.put_behind(images, opacity, scenes.backdrops(draws, images), backdrop)
        images = torch.where((drawn & ~elsewhere).to(images.device)[:, None, None, None], changed, images)
    if elsewhere.any() and partners is not None and partners.scenes is not None:
        changed = scenes.put_behind(images, opacity, partners.scenes[rows], backdrop)
        images = torch.where(elsewhere.to(images.device)[:, None, None, None], changed, images)
    return images


def _check(images: Tensor, draws: Draws, partners: Partners | None, masks: Masks | None) -> None:
    if not isinstance(images, Tensor):
        raise ValueError(f"images are a {type(images).__name__}; it needs one tensor, so all of one size")
    shape = tuple(images.shape)
    if len(shape) != 4 or shape[1] != 3 or shape[2] != shape[3] or shape[2] == 0:
        raise ValueError(f"images are {shape}; it needs (N, 3, S, S): a batch of square color images of one size")
    if images.dtype != torch.float32:
        raise ValueError(f"images are {images.dtype}; it needs torch.float32 of 0 to 1 (uint8 / 255)")
    if shape[0] != len(draws):
        raise ValueError(f"there are {shape[0]} images and draws for {len(draws)}")
    given = partners or Partners()
    for name, pictures in (("mixup", given.mixed), ("cutmix", given.mixed), ("hybrid", given.scenes)):
        needed = draws.active(name).any() and (name != "hybrid" or masks is not None)
        if needed and pictures is None:
            raise ValueError(f"{name} is drawn, which needs other images: give them as partners")
        if pictures is not None and pictures.shape != images.shape:
            raise ValueError(f"partners for {name} are {tuple(pictures.shape)}; it needs the images' shape, {shape}")
    wanted = (shape[0], 1, *shape[2:])
    if masks is not None and tuple(masks.opacity.shape) != wanted:
        raise ValueError(f"masks are {tuple(masks.opacity.shape)}; it needs {wanted}: one value per pixel")


def _check_range(images: Tensor) -> None:
    low, high = (float(bound) for bound in torch.aminmax(images))
    if not (low >= 0.0 and high <= 1.0):
        raise ValueError(f"pixel values go from {low:g} to {high:g}; it needs finite numbers from 0 to 1")
