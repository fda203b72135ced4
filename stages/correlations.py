"""Images, MEASUREMENTS and pixels -> the properties that give the label away, with their strength."""

from pathlib import Path

import numpy as np

from dataprep import tables
from dataprep.config import Params
from dataprep.schema import IMAGES, MEASUREMENTS, SPURIOUS_CORRELATIONS
from dataprep.spurious import spurious_correlations
from stages.common import run


def main(params: Params, *, images: Path, measurements: Path, pixels: Path, correlations: Path) -> None:
    found = spurious_correlations(
        tables.read(images, IMAGES),
        tables.read(measurements, MEASUREMENTS),
        np.load(pixels, mmap_mode="r"),
        params.correlations,
        params.seed,
    )
    tables.write(found, correlations, SPURIOUS_CORRELATIONS)


if __name__ == "__main__":
    run(main)
