"""Train on growing shares of the data, on request: LEARNING_CURVE, empty without the request."""

import shutil
from pathlib import Path

from dataprep import tables
from dataprep.config import Params
from dataprep.learning_curve import empty, learn, subset_tasks
from dataprep.predict import fold_tasks
from dataprep.schema import FOLDS, IMAGES, LEARNING_CURVE, class_names
from stages.common import run


def main(params: Params, *, images: Path, folds: Path, pixels: Path, scratch: Path, curve: Path) -> None:
    found = empty()
    if params.learning_curve.enabled:
        known, assigned = tables.read(images, IMAGES), tables.read(folds, FOLDS)
        tasks = fold_tasks(
            known, assigned, pixels, params.train, seed=params.seed, device=params.device, scratch=scratch
        )
        found = learn(subset_tasks(tasks, params.learning_curve, scratch), class_names(known))
    tables.write(found, curve, LEARNING_CURVE)
    shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    run(main)
