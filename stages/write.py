"""Everything kept -> the versioned data set, and the record that tells which version it is."""

from pathlib import Path
from typing import Any

import numpy as np

from dataprep import files, tables
from dataprep.config import Params
from dataprep.datasets.content import Content
from dataprep.datasets.writer import write_dataset
from dataprep.originals import PART_ROWS, Originals
from dataprep.schema import AUGMENTED, IMAGES, KEPT, REMOVED
from stages.common import run

# Near duplicates decide which augmented copies come too near to a held-out image.
SHAPING: dict[str, Any] = {
    "measure": True,
    "normalize": True,
    "augment": True,
    "write": True,
    "seed": True,
    "detectors": {"near_duplicates"},
}


def main(
    params: Params,
    *,
    images: Path,
    originals: Path,
    kept: Path,
    removed: Path,
    pixels: Path,
    normalization: Path,
    normalized: Path,
    augmented: Path,
    index: Path,
    dataset: Path,
    record: Path,
) -> None:
    content = Content(
        images=tables.read(images, IMAGES),
        kept=tables.read(kept, KEPT),
        removed=tables.read(removed, REMOVED),
        pixels=np.load(pixels, mmap_mode="r"),
        normalized=np.load(normalized, mmap_mode="r"),
        augmented=np.load(augmented, mmap_mode="r"),
        augmented_index=tables.read(index, AUGMENTED),
        normalization=normalization,
        source=params.source.kind,
        parameters=params.model_dump(mode="json", include=SHAPING),
    )
    manifest = write_dataset(content, Originals(originals).batches(PART_ROWS), params.write, dataset)
    files.write_json(record, {key: manifest[key] for key in ("version", "digest", "images", "removed", "splits")})


if __name__ == "__main__":
    run(main)
