"""Check that the training was sound: CHECKS and what their pictures are drawn from."""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from dataprep import device, files, tables
from dataprep.checks import run_checks
from dataprep.checks.subject import Subject
from dataprep.config import Params
from dataprep.schema import CHECKS, FOLDS, HISTORY, IMAGES, PREDICTIONS, WATCHED
from dataprep.training.workers import one_thread
from stages.common import run


def main(params: Params, *, checks: Path, arrays: Path, **read: Path) -> None:
    one_thread()
    found, values = run_checks(
        Subject(
            images=tables.read(read["images"], IMAGES),
            folds=tables.read(read["folds"], FOLDS),
            predictions=tables.read(read["predictions"], PREDICTIONS),
            history=tables.read(read["history"], HISTORY),
            watched=tables.read(read["watched"], WATCHED),
            pixels=np.load(read["pixels"], mmap_mode="r"),
            networks=read["networks"],
            params=params.checks,
            train=params.train,
            seed=params.seed,
            device=device.resolve(params.device),
        )
    )
    tables.write(found, checks, CHECKS)
    with files.replacing(arrays) as part:
        save_file(values or {"none": torch.zeros(0)}, part)


if __name__ == "__main__":
    run(main)
