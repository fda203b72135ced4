"""Decode each image once: MEASUREMENTS and the pixels that later stages read."""

from pathlib import Path

from dataprep import tables
from dataprep.config import Params
from dataprep.measure_pass import Results, measure_all
from dataprep.originals import Originals
from dataprep.schema import IMAGES
from stages.common import run


def main(params: Params, *, originals: Path, images: Path, measurements: Path, pixels: Path, measured: Path) -> None:
    table = tables.read(images, IMAGES)
    out = Results(measurements, pixels, measured)
    measure_all(table, Originals(originals), params.measure, params.workers, out)


if __name__ == "__main__":
    run(main)
