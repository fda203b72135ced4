"""Kept training images -> augmented, normalized copies."""

from pathlib import Path

import numpy as np
import polars as pl

from dataprep import files, tables
from dataprep.augmentation.masks import Cutouts, read_cutouts
from dataprep.augmentation.near_test import near_copies
from dataprep.augmentation.plan import CUTTING, Training
from dataprep.augmentation.write import augment_all
from dataprep.config import Params
from dataprep.device import resolve
from dataprep.normalization.saved import load
from dataprep.normalization.write import rows_of
from dataprep.originals import Originals
from dataprep.schema import AUGMENTED, AUGMENTED_LEFT_OUT, IMAGES, KEPT, MEASUREMENTS
from stages.common import run


def main(
    params: Params,
    *,
    images: Path,
    originals: Path,
    measurements: Path,
    pixels: Path,
    kept: Path,
    normalization: Path,
    augmented: Path,
    index: Path,
    left_out: Path,
    left_out_pixels: Path,
) -> None:
    measured, squares = tables.read(measurements, MEASUREMENTS), np.load(pixels, mmap_mode="r")
    everything = tables.read(kept, KEPT)
    trains = pl.col("split") == params.normalize.training_split
    training, held_out = everything.filter(trains), everything.filter(~trains)
    described = tables.read(images, IMAGES).join(training, on="image_id", how="semi")
    cutouts = _cutouts(params, originals, described, squares.shape[1])
    source = Training(squares, rows_of(measured["image_id"], training["image_id"]), training, cutouts)
    near, pictures = near_copies(
        measured["image_id"],
        source,
        held_out,
        params.augment,
        params.detectors.near_duplicates,
        params.seed,
        resolve(params.device),
    )
    made = augment_all(
        measured["image_id"],
        squares,
        training,
        load(normalization),
        params.augment,
        params.seed,
        augmented,
        cutouts=cutouts,
        left_out=near,
        device=resolve(params.device),
    )
    tables.write(made, index, AUGMENTED)
    tables.write(near, left_out, AUGMENTED_LEFT_OUT)
    files.write_array(left_out_pixels, pictures)


def _cutouts(params: Params, originals: Path, images: pl.DataFrame, side: int) -> Cutouts | None:
    if not any(params.augment.probability(name) for name in CUTTING):
        return None
    # JPEG has none. MEASUREMENTS cannot tell: what is hidden may be of the very gray that shows in its place.
    wanted = images.filter(pl.col("format") != "JPEG")["image_id"]
    return read_cutouts(Originals(originals), wanted, side, params.measure, params.workers)


if __name__ == "__main__":
    run(main)
