"""Everything kept -> the versioned data set."""

import json
from pathlib import Path

import numpy as np

from dataprep import tables
from dataprep.config import Params
from dataprep.originals import Originals
from dataprep.schema import AUGMENTED, KEPT, REMOVED
from dataprep.shards import Content, write_dataset
from stages.common import run

SHAPING = ("measure", "normalize", "augment", "write", "seed")


def main(
    params: Params,
    *,
    originals: Path,
    kept: Path,
    removed: Path,
    normalization: Path,
    normalized: Path,
    augmented: Path,
    index: Path,
    dataset: Path,
) -> None:
    content = Content(
        tables.read(kept, KEPT),
        tables.read(removed, REMOVED),
        np.load(normalized, mmap_mode="r"),
        np.load(augmented, mmap_mode="r"),
        tables.read(index, AUGMENTED),
        json.loads((normalization / "normalization.json").read_text()),
        parameters=params.model_dump(mode="json", include=set(SHAPING)),
    )
    write_dataset(content, Originals(originals).read, params.write.shard_rows, dataset)


if __name__ == "__main__":
    run(main)
