"""Write the built-in data and, beside it, the list of faults planted into it."""

from pathlib import Path

from dataprep import tables
from dataprep.config import Params
from dataprep.schema import FAULTS
from dataprep.sources.digits import write_digits
from stages.common import run


def main(params: Params, *, folder: Path, faults: Path) -> None:
    tables.write(write_digits(folder, params.digits), faults, FAULTS)


if __name__ == "__main__":
    run(main)
