"""One detector's inputs -> its ISSUES."""

from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from dataprep import tables
from dataprep.config import Params
from dataprep.detectors import REGISTRY, SETTINGS, load
from dataprep.schema import IMAGES, ISSUES, MEASUREMENTS, PREDICTIONS
from stages.common import run

TABLES = {"images": IMAGES, "measurements": MEASUREMENTS, "predictions": PREDICTIONS}


def main(params: Params, name: str, *, out: Path, **inputs: Path) -> None:
    read = [_setting(params, key) if key in SETTINGS else _read(key, inputs[key]) for key in REGISTRY[name].reads]
    issues = load(name)(*read, getattr(params.detectors, name))
    tables.write(issues, out, ISSUES)


def _setting(params: Params, key: str) -> Any:
    return reduce(getattr, SETTINGS[key].split("."), params)


def _read(key: str, path: Path) -> Any:
    return np.load(path, mmap_mode="r") if key == "pixels" else tables.read(path, TABLES.get(key, ISSUES))


if __name__ == "__main__":
    run(main)
