"""Held-out predictions -> what they say of the classes: mixed up, overlapping, made of several, how sure to be."""

from pathlib import Path

from dataprep import tables
from dataprep.classes.coverage import coverage as covered
from dataprep.classes.pairs import class_pairs
from dataprep.classes.subclasses import subclasses as split
from dataprep.config import Params
from dataprep.judged import judge
from dataprep.noise_model import estimate
from dataprep.schema import CLASS_PAIRS, COVERAGE, IMAGES, PREDICTIONS, SUBCLASSES
from stages.common import run


def main(params: Params, *, images: Path, predictions: Path, pairs: Path, coverage: Path, subclasses: Path) -> None:
    judged = judge(tables.read(images, IMAGES), tables.read(predictions, PREDICTIONS))
    noise = estimate(judged.joint, judged.labels)
    tables.write(class_pairs(judged, noise), pairs, CLASS_PAIRS)
    tables.write(covered(judged, noise), coverage, COVERAGE)
    tables.write(split(judged, noise, params.seed), subclasses, SUBCLASSES)


if __name__ == "__main__":
    run(main)
