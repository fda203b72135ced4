"""Train a network per fold, or read the user's own predictions: PREDICTIONS and the course of training."""

import shutil
from pathlib import Path

from dataprep import files, tables
from dataprep.config import Params
from dataprep.live import log_curves
from dataprep.own_predictions import read_predictions
from dataprep.predict import empty_history, fold_tasks, keep_networks, predict_out_of_fold, scores
from dataprep.schema import FOLDS, HISTORY, IMAGES, PREDICTIONS, WATCHED
from stages.common import run


def main(
    params: Params,
    *,
    images: Path,
    folds: Path,
    pixels: Path,
    own: Path,
    scratch: Path,
    predictions: Path,
    history: Path,
    watched: Path,
    networks: Path,
    curves: Path,
    metrics: Path,
) -> None:
    known, assigned = tables.read(images, IMAGES), tables.read(folds, FOLDS)
    if params.predictions.kind == "file":
        found = read_predictions(own, known, assigned)
        course, seen = empty_history()
        tasks = []
    else:
        tasks = fold_tasks(
            known, assigned, pixels, params.train, seed=params.seed, device=params.device, scratch=scratch
        )
        found, course, seen = predict_out_of_fold(assigned, tasks)
    tables.write(found, predictions, PREDICTIONS)
    tables.write(course, history, HISTORY)
    tables.write(seen, watched, WATCHED)
    keep_networks(tasks, networks)
    log_curves(course, curves)
    files.write_json(metrics, scores(found, known))
    shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    run(main)
