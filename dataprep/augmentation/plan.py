"""What becomes of each training image in one copy: strengths, partners, scenes."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from dataprep.augmentation.draws import Draws, draw
from dataprep.augmentation.masks import Cutouts
from dataprep.augmentation.mix import mixed_shares
from dataprep.augmentation.partners import ALONE, partners
from dataprep.config import Augment

MIXING = ("mixup", "cutmix")
CUTTING = ("background", "hybrid")


@dataclass(frozen=True)
class Training:
    """The training images.

    pixels: (M, S, S, 3) uint8 of all images. rows: (N,) those of the training images. kept: their KEPT rows. cutouts:
    masks of those that have one; None when none were looked for.
    """

    pixels: NDArray[np.uint8]
    rows: NDArray[np.int64]
    kept: pl.DataFrame
    cutouts: Cutouts | None = None


@dataclass(frozen=True)
class Plan:
    """What becomes of the training images in one copy.

    draws: what is done, less what lacks a mask or a partner. mixed, scenes: (N,) the row among the training images of
    the one that each is mixed with, or put into; ALONE for none. shares: (N,) float32, how much the former has in the
    mixture.
    """

    draws: Draws
    mixed: NDArray[np.int64]
    scenes: NDArray[np.int64]
    shares: NDArray[np.float32]


def planned(source: Training, copy: int, params: Augment, seed: int) -> Plan:
    """Draw what becomes of each training image in its `copy`-th copy."""
    sha256 = source.kept["sha256"].to_list()
    draws = draw(sha256, copy, params, seed)
    for name in CUTTING:
        draws = draws.without(name, torch.from_numpy(~masked(source)))
    found = {name: np.full(len(sha256), ALONE, np.int64) for name in (*MIXING, "hybrid")}
    for name in found:
        if draws.active(name).any():
            found[name] = partners(sha256, copy, name, seed)
            draws = draws.without(name, torch.from_numpy(found[name] == ALONE))
    draws = draws.without("cutmix", draws.active("mixup")).without("background", draws.active("hybrid"))
    shares = mixed_shares(draws, source.pixels.shape[1]).numpy()
    mixed = np.where(draws.active("mixup").numpy(), found["mixup"], found["cutmix"])
    scenes = np.where(draws.active("hybrid").numpy(), found["hybrid"], ALONE)
    return Plan(draws, np.where(shares > 0, mixed, ALONE), scenes, shares)


def masked(source: Training) -> NDArray[np.bool_]:
    """Return which training images have a mask, (N,)."""
    known = source.cutouts.rows if source.cutouts is not None else {}
    return np.array([image_id in known for image_id in source.kept["image_id"]], bool)


def table_of(source: Training, plan: Plan, copy: int) -> pl.DataFrame:
    """Return the AUGMENTED rows of one copy."""
    cut = {name: plan.draws.active(name).numpy() for name in CUTTING}
    scene = np.where(cut["hybrid"], "hybrid", np.where(cut["background"], "background", ""))
    looked_for = source.cutouts is not None
    return source.kept.select(
        "image_id",
        pl.lit(copy, pl.Int32).alias("copy"),
        _of(source, plan.mixed, "image_id").alias("partner_id"),
        _of(source, plan.mixed, "label").alias("partner_label"),
        pl.Series("partner_share", plan.shares, pl.Float32),
        pl.Series("scene", scene.tolist(), pl.String).replace("", None),
        _of(source, plan.scenes, "image_id").alias("scene_id"),
        pl.Series("masked", masked(source).tolist() if looked_for else [None] * source.kept.height, pl.Boolean),
    )


def _of(source: Training, places: NDArray[np.int64], column: str) -> pl.Series:
    chosen = pl.Series(places, dtype=pl.Int64)
    return source.kept[column].gather(chosen.set(chosen == ALONE, None))
