"""Several annotators' labels and the predictions -> CONSENSUS and ANNOTATORS, both empty without annotators."""

from pathlib import Path

from dataprep import tables
from dataprep.annotators import judge
from dataprep.config import Params
from dataprep.schema import ANNOTATORS, CONSENSUS, IMAGES, PREDICTIONS
from stages.common import run


def main(params: Params, *, images: Path, predictions: Path, consensus: Path, annotators: Path) -> None:
    agreed, people = judge(tables.read(images, IMAGES), tables.read(predictions, PREDICTIONS))
    tables.write(agreed, consensus, CONSENSUS)
    tables.write(people, annotators, ANNOTATORS)


if __name__ == "__main__":
    run(main)
