"""Read and write the tables of `schema`, checked both ways."""

from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from dataprep import files
from dataprep.errors import DataprepError
from dataprep.schema import Table, check


def read(path: Path, table: Table) -> pl.DataFrame:
    """Return the table at `path`, checked.

    Raises DataprepError when the file is missing, is not Parquet, or breaks the table's contract.
    """
    if not path.is_file():
        raise DataprepError(
            f"the table {table.name} is not there", where=str(path), remedy="run `dvc repro` to make it"
        )
    try:
        frame = pl.read_parquet(path)
    except (PolarsError, PanicException, OSError) as error:  # damage makes polars panic as well, which is no Exception
        raise DataprepError(
            f"the table {table.name} cannot be read: {error}",
            where=str(path),
            remedy="run `dvc repro --force` to make it anew",
        ) from error
    return check(frame, table, str(path))


def write(frame: pl.DataFrame, path: Path, table: Table) -> None:
    """Write the checked and sorted table whole or not at all; equal tables give equal bytes."""
    checked = check(frame, table, str(path))
    with files.replacing(path) as part:
        checked.write_parquet(part, compression="zstd", statistics=False)
