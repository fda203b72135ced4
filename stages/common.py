"""What every stage does around its one library call."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl

from dataprep import tables
from dataprep.config import load
from dataprep.detectors import REGISTRY
from dataprep.errors import DataprepError
from dataprep.schema import ISSUES

PARAMS = Path("params.yaml")


def run(main: Callable[..., None]) -> None:
    """Call `main(params, *words, **paths)` with the command line's `word` and `name=path` arguments.

    A fault that the user can mend is printed without a traceback and ends the process with 1.
    """
    words = [argument for argument in sys.argv[1:] if "=" not in argument]
    paths = {name: Path(path) for name, _, path in (a.partition("=") for a in sys.argv[1:] if "=" in a)}
    try:
        main(load(PARAMS), *words, **paths)
    except DataprepError as error:
        sys.exit(f"\nerror: {error}")
    except KeyboardInterrupt:
        # Worker processes may still wait for work; leave without waiting for them.
        print("\ninterrupted; run `dvc repro` again to go on", file=sys.stderr)
        os._exit(130)


def read_issues(folder: Path) -> pl.DataFrame:
    """Return the ISSUES of all detectors, by registered name: a removed detector's old file is not read."""
    return pl.concat([tables.read(folder / f"{name}.parquet", ISSUES) for name in REGISTRY])
