"""Source -> IMAGES, the original bytes, and what was skipped."""

from pathlib import Path

from dataprep import tables
from dataprep.config import Params
from dataprep.ingest import ingest
from dataprep.schema import IMAGES, SKIPPED
from dataprep.sources import open_source
from stages.common import run


def main(params: Params, *, originals: Path, images: Path, skipped: Path) -> None:
    source = params.source
    where = f"params.yaml, source: {source.kind} {source.path}"
    found = ingest(open_source(source), originals, seed=params.seed, sample=source.sample, where=where)
    tables.write(found.images, images, IMAGES)
    tables.write(found.skipped, skipped, SKIPPED)


if __name__ == "__main__":
    run(main)
