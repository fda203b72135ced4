"""Kept images -> normalized pixels and the normalization fitted on the training split."""

from pathlib import Path

import numpy as np

from dataprep import tables
from dataprep.config import Params
from dataprep.normalization.saved import save
from dataprep.normalization.write import normalize_all
from dataprep.schema import KEPT, MEASUREMENTS
from stages.common import run


def main(
    params: Params, *, measurements: Path, pixels: Path, kept: Path, normalization: Path, normalized: Path
) -> None:
    ids = tables.read(measurements, MEASUREMENTS)["image_id"]
    table = tables.read(kept, KEPT)
    fitted = normalize_all(ids, np.load(pixels, mmap_mode="r"), table, params.normalize, normalized)
    save(fitted, normalization, params.normalize.onnx)


if __name__ == "__main__":
    run(main)
