"""Decode each image once: MEASUREMENTS and the pixels that later stages read."""

from pathlib import Path

from dataprep import tables
from dataprep.config import Params
from dataprep.measure import measure_all
from dataprep.originals import Originals
from dataprep.schema import IMAGES, MEASUREMENTS
from stages.common import run


def main(params: Params, *, originals: Path, images: Path, measurements: Path, pixels: Path) -> None:
    table = tables.read(images, IMAGES)
    found = measure_all(table, Originals(originals), params.measure, params.workers, pixels)
    tables.write(found, measurements, MEASUREMENTS)


if __name__ == "__main__":
    run(main)
