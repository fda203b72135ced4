"""Train a network per fold: PREDICTIONS and the course of training."""

from pathlib import Path

from dataprep import tables
from dataprep.config import Params
from dataprep.predict import predict_out_of_fold
from dataprep.schema import FOLDS, HISTORY, IMAGES, PREDICTIONS
from stages.common import run


def main(params: Params, *, images: Path, folds: Path, pixels: Path, predictions: Path, history: Path) -> None:
    found, course = predict_out_of_fold(
        tables.read(images, IMAGES),
        tables.read(folds, FOLDS),
        pixels,
        params.train,
        seed=params.seed,
        device=params.device,
    )
    tables.write(found, predictions, PREDICTIONS)
    tables.write(course, history, HISTORY)


if __name__ == "__main__":
    run(main)
