"""Everything found so far -> a portable FiftyOne data set and a static review page."""

from pathlib import Path

from dataprep import tables
from dataprep.config import Params
from dataprep.originals import Originals
from dataprep.review.session import write_session
from dataprep.schema import IMAGES, MEASUREMENTS, PREDICTIONS
from stages.common import read_issues, run


def main(
    params: Params,
    *,
    images: Path,
    measurements: Path,
    predictions: Path,
    issues: Path,
    originals: Path,
    session: Path,
) -> None:
    write_session(
        tables.read(images, IMAGES),
        tables.read(measurements, MEASUREMENTS),
        tables.read(predictions, PREDICTIONS),
        read_issues(issues),
        Originals(originals).read,
        params.session,
        session,
        name="dataprep",
        workers=params.workers,
    )


if __name__ == "__main__":
    run(main)
