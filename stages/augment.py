"""Kept training images -> augmented, normalized copies."""

import json
from pathlib import Path

import numpy as np

from dataprep import tables
from dataprep.augmentation.write import augment_all
from dataprep.config import Params
from dataprep.schema import AUGMENTED, KEPT, MEASUREMENTS
from stages.common import run


def main(
    params: Params,
    *,
    measurements: Path,
    pixels: Path,
    kept: Path,
    normalization: Path,
    augmented: Path,
    index: Path,
) -> None:
    made = augment_all(
        tables.read(measurements, MEASUREMENTS)["image_id"],
        np.load(pixels, mmap_mode="r"),
        tables.read(kept, KEPT).filter(split=params.normalize.training_split),
        json.loads(normalization.read_text()),
        params.augment,
        params.seed,
        augmented,
    )
    tables.write(made, index, AUGMENTED)


if __name__ == "__main__":
    run(main)
