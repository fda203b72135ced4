"""Networks, and images that they held out -> which augmentations change what an image is, with examples."""

from pathlib import Path

import numpy as np

from dataprep import device, files, tables
from dataprep.augmentation.audit import audit_augmentation
from dataprep.config import Params
from dataprep.schema import AUGMENTATION_AUDIT, IMAGES, PREDICTIONS
from dataprep.training.workers import one_thread
from stages.common import run


def main(
    params: Params,
    *,
    images: Path,
    predictions: Path,
    networks: Path,
    pixels: Path,
    audit: Path,
    examples: Path,
) -> None:
    one_thread()
    found, pictures = audit_augmentation(
        tables.read(images, IMAGES),
        tables.read(predictions, PREDICTIONS),
        np.load(pixels, mmap_mode="r"),
        networks,
        params.audit,
        params.augment,
        params.train,
        seed=params.seed,
        on=device.resolve(params.device),
    )
    tables.write(found, audit, AUGMENTATION_AUDIT)
    files.write_array(examples, pictures)


if __name__ == "__main__":
    run(main)
