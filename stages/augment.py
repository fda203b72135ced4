"""Kept training images -> augmented, normalized copies."""

import json
from pathlib import Path

import numpy as np
import polars as pl

from dataprep import tables
from dataprep.augmentation.masks import read_cutouts
from dataprep.augmentation.plan import CUTTING
from dataprep.augmentation.write import augment_all
from dataprep.config import Params
from dataprep.device import resolve
from dataprep.originals import Originals
from dataprep.schema import AUGMENTED, KEPT, MEASUREMENTS
from stages.common import run


def main(
    params: Params,
    *,
    originals: Path,
    measurements: Path,
    pixels: Path,
    kept: Path,
    normalization: Path,
    augmented: Path,
    index: Path,
) -> None:
    measured, squares = tables.read(measurements, MEASUREMENTS), np.load(pixels, mmap_mode="r")
    training = tables.read(kept, KEPT).filter(split=params.normalize.training_split)
    cutouts = None
    if any(params.augment.probability(name) for name in CUTTING):
        transparent = measured.filter(pl.col("transparency") > 0).join(training, on="image_id", how="semi")["image_id"]
        cutouts = read_cutouts(Originals(originals), transparent, squares.shape[1], params.measure, params.workers)
    made = augment_all(
        measured["image_id"],
        squares,
        training,
        json.loads(normalization.read_text()),
        params.augment,
        params.seed,
        augmented,
        cutouts=cutouts,
        device=resolve(params.device),
    )
    tables.write(made, index, AUGMENTED)


if __name__ == "__main__":
    run(main)
