"""What the results of one revision say: its records, small and in Git, and its tables, in DVC."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars.exceptions import PanicException, PolarsError
from yaml import YAMLError

from dataprep.config import from_yaml
from dataprep.decisions.table import decisions_from
from dataprep.errors import DataprepError
from dataprep.schema import IMAGES, ISSUES, KEPT, REMOVED, Table

# As dvc.yaml names them.
METRICS = "reports/metrics.json"
TRAINING = "reports/training.json"
RECORD = "reports/dataset.json"
BALANCE = "reports/plots/class_balance.csv"
PARAMS = "params.yaml"
DECIDED = "reviews/decisions.csv"
FINDINGS = "data/issues"
PIXELS = "data/pixels.npy"
TABLES = {"images": "data/images.parquet", "kept": "data/kept.parquet", "removed": "data/removed.parquet"}
CODE = ("dataprep", "stages", "dvc.yaml", "requirements.lock")  # what moves results beside parameters, data and people

# The columns that are compared: others may come and go between two revisions.
COLUMNS = {
    "images": (IMAGES, ("image_id", "sha256", "label", "split")),
    "kept": (KEPT, ("image_id", "sha256", "split", "label", "given_label", "reason", "decided_by")),
    "removed": (REMOVED, ("image_id", "sha256", "split", "given_label", "reason", "decided_by")),
    "issues": (
        ISSUES,
        ("image_id", "issue", "score", "is_issue", "group", "suggested_label", "suggested_probability"),
    ),
}

MISSING = "not there"

Reader = Callable[[str], bytes]  # of a path in the repository; raises OSError where there is no such file


@dataclass(frozen=True)
class State:
    """One revision's results; what it has not, or what cannot be read, is None or empty.

    metrics: what `dvc metrics` reads, of the report and of the training. record: version and sizes of the written data
    set. params: params.yaml. decisions: DECISIONS. balance: split, label, images, as they came in.
    images, kept, removed, issues: the columns of COLUMNS, sorted by key. pixels: opens the array whose row i is row i
    of images, uint8 (N, S, S, 3). lacking: what cannot be read, and why. inputs: MD5 by path of what no stage writes.
    """

    metrics: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)
    params: dict[str, Any] | None = None
    decisions: pl.DataFrame | None = None
    balance: pl.DataFrame | None = None
    images: pl.DataFrame | None = None
    kept: pl.DataFrame | None = None
    removed: pl.DataFrame | None = None
    issues: pl.DataFrame | None = None
    pixels: Callable[[], BinaryIO] | None = None
    lacking: tuple[tuple[str, str], ...] = ()
    inputs: dict[str, str] = field(default_factory=dict)

    @property
    def reported(self) -> bool:
        """Whether there is a report at all."""
        return bool(self.metrics)

    @property
    def version(self) -> str | None:
        found = self.record.get("version") or self.metrics.get("version")
        return None if found is None else str(found)


def read_state(records: Reader, tables: Reader, issues: list[str], pixels: Callable[[], BinaryIO] | None) -> State:
    """Return the state of a revision.

    records reads what Git has, tables what DVC has; issues are the paths of the tables of findings.
    """
    lacking: list[tuple[str, str]] = []

    def found(path: str, read: Reader, parse: Callable[[bytes, str], Any]) -> Any:
        try:
            return parse(read(path), path)
        except (OSError, ValueError, DataprepError, PolarsError, PanicException, YAMLError) as error:
            lacking.append((path, _why(error)))
            return None

    values = {name: found(path, tables, _parser(name)) for name, path in TABLES.items()}
    parts = [found(path, tables, _parser("issues")) for path in issues]
    if not issues:
        lacking.append((FINDINGS, MISSING))
    whole = bool(parts) and all(part is not None for part in parts)
    return State(
        metrics=found(METRICS, records, _mapping) or {},
        training=found(TRAINING, records, _mapping) or {},
        record=found(RECORD, records, _mapping) or {},
        params=found(PARAMS, records, _yaml),
        decisions=found(DECIDED, _or_empty(records), decisions_from),
        balance=found(BALANCE, records, _balance),
        issues=pl.concat(parts).sort("issue", "image_id") if whole else None,
        pixels=pixels,
        lacking=tuple(lacking),
        **values,
    )


def _or_empty(read: Reader) -> Reader:
    def reading(path: str) -> bytes:
        try:
            return read(path)
        except FileNotFoundError:
            return b""

    return reading


def _why(error: BaseException) -> str:
    if isinstance(error, FileNotFoundError):
        return MISSING
    return error.what if isinstance(error, DataprepError) else (str(error).splitlines() or [type(error).__name__])[0]


def _mapping(data: bytes, path: str) -> dict[str, Any]:
    value = json.loads(data)
    if not isinstance(value, dict):
        raise ValueError("no mapping of names to values")
    return value


def _yaml(data: bytes, path: str) -> dict[str, Any]:
    value = from_yaml(data.decode())
    if not isinstance(value, dict):
        raise ValueError("no mapping of names to values")
    return value


def _balance(data: bytes, path: str) -> pl.DataFrame:
    frame = pl.read_csv(io.BytesIO(data), infer_schema=False)
    return frame.select("split", "label", pl.col("images").cast(pl.Int64))


def _parser(name: str) -> Callable[[bytes, str], pl.DataFrame]:
    contract, columns = COLUMNS[name]
    key = [column for column in contract.key if column in columns]

    def parse(data: bytes, path: str) -> pl.DataFrame:
        frame = pl.read_parquet(io.BytesIO(data))
        return _fitted(frame, contract, columns).sort(key)

    return parse


def _fitted(frame: pl.DataFrame, contract: Table, columns: tuple[str, ...]) -> pl.DataFrame:
    """Return the columns as the contract has them; what an older format lacks is null where it may be."""
    missing = [name for name in columns if name in contract.required and name not in frame.columns]
    if missing:
        raise ValueError(f"of another format: no column {', '.join(missing)}")
    dtypes = contract.columns
    taken = [
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtypes[name]).alias(name) for name in columns
    ]
    fitted = frame.select(taken)
    key = [name for name in contract.key if name in columns]
    if fitted.select(key).is_duplicated().any():
        raise ValueError("of another format: an image stands in it twice")
    return fitted


def pixel_rows(stream: BinaryIO, count: int, rows: list[int]) -> NDArray[np.uint8]:
    """Return some rows of a .npy array of uint8 (count, S, S, 3) by one seek each.

    Raises ValueError when the stream is no such array, of another number of pictures or too short.
    """
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(stream)
    if len(shape) != 4 or shape[3] != 3 or fortran or dtype != np.uint8:
        raise ValueError(f"no array of pictures: {dtype} of shape {shape}")
    if shape[0] != count:
        raise ValueError(f"{shape[0]} pictures of {count} images, so they do not belong together")
    start, size = stream.tell(), int(np.prod(shape[1:]))
    found = np.empty((len(rows), *shape[1:]), np.uint8)
    for place, row in enumerate(rows):
        stream.seek(start + row * size)
        found[place] = np.frombuffer(stream.read(size), np.uint8).reshape(shape[1:])
    return found
