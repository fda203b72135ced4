"""Findings and human verdicts -> KEPT and REMOVED rows."""

import sys
from pathlib import Path

from dataprep import tables
from dataprep.clean import clean
from dataprep.config import Params
from dataprep.decisions.table import read_decisions
from dataprep.markdown import visible
from dataprep.schema import IMAGES, KEPT, MEASUREMENTS, REMOVED
from stages.common import read_issues, run


def main(
    params: Params,
    *,
    images: Path,
    measurements: Path,
    issues: Path,
    decisions: Path,
    kept: Path,
    removed: Path,
) -> None:
    cleaned = clean(
        tables.read(images, IMAGES),
        tables.read(measurements, MEASUREMENTS),
        read_issues(issues),
        read_decisions(decisions),
        params.clean,
        params.normalize.training_split,
    )
    for line in cleaned.unused:
        print(f"warning: decision not applied: {visible(line)}", file=sys.stderr)
    tables.write(cleaned.kept, kept, KEPT)
    tables.write(cleaned.removed, removed, REMOVED)


if __name__ == "__main__":
    run(main)
