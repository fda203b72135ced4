"""Images and their copies -> FOLDS."""

import sys
from pathlib import Path

from dataprep import tables
from dataprep.config import Params
from dataprep.folds import assign_folds, warnings
from dataprep.schema import FOLDS, IMAGES, ISSUES, MEASUREMENTS
from stages.common import run


def main(params: Params, *, images: Path, measurements: Path, exact: Path, near: Path, folds: Path) -> None:
    assigned = assign_folds(
        tables.read(images, IMAGES),
        tables.read(measurements, MEASUREMENTS),
        tables.read(exact, ISSUES),
        tables.read(near, ISSUES),
        k=params.folds.k,
        seed=params.seed,
    )
    for line in warnings(assigned):
        print(f"warning: {line}", file=sys.stderr)
    tables.write(assigned, folds, FOLDS)


if __name__ == "__main__":
    run(main)
