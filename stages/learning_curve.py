"""Train on growing shares of the data, on request: LEARNING_CURVE, empty without the request."""

import shutil
from pathlib import Path

import polars as pl

from dataprep import tables
from dataprep.config import Params
from dataprep.schema import FOLDS, IMAGES, LEARNING_CURVE, class_names
from stages.common import run


def main(params: Params, *, images: Path, folds: Path, pixels: Path, scratch: Path, curve: Path) -> None:
    wanted = params.learning_curve.enabled
    found = _learned(params, images, folds, pixels, scratch) if wanted else LEARNING_CURVE.empty()
    tables.write(found, curve, LEARNING_CURVE)
    shutil.rmtree(scratch, ignore_errors=True)


def _learned(params: Params, images: Path, folds: Path, pixels: Path, scratch: Path) -> pl.DataFrame:
    # Not above: torch takes seconds to import, and most runs ask for no curve.
    from dataprep.learning_curve import learn, subset_tasks
    from dataprep.predict import fold_tasks

    known, assigned = tables.read(images, IMAGES), tables.read(folds, FOLDS)
    tasks = fold_tasks(known, assigned, pixels, params.train, seed=params.seed, device=params.device, scratch=scratch)
    return learn(subset_tasks(tasks, params.learning_curve, scratch), class_names(known))


if __name__ == "__main__":
    run(main)
