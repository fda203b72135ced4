"""Images listed in CSV or Parquet files, in the files themselves or beside them."""

from bisect import bisect_right
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from dataprep.config import TableFiles
from dataprep.errors import DataprepError, listing
from dataprep.schema import ANNOTATOR_PREFIX
from dataprep.sources.catalog import DEFAULT_SPLIT, Catalog
from dataprep.sources.columns import as_text, class_label_names, missing_column

SUFFIXES = (".parquet", ".csv")
HELD_BYTES = 4 * 2**30  # of table files on disk
UNREADABLE = (PolarsError, PanicException, OSError)


@dataclass(frozen=True)
class Part:
    """One file's rows. `frame`: image_id, path, label, split and the annotators it has; all String."""

    name: str
    file: Path
    columns: tuple[str, ...]  # all that the file has
    embedded: bool  # the image column holds bytes
    frame: pl.DataFrame


def open_source(params: TableFiles) -> Catalog:
    """List the rows of the tables at `params.path`: one file, or `params.files` in a folder (none named:
    every .parquet and .csv file in it, by name).

    image: a struct{bytes, path} (the Hugging Face layout), bytes, or the path of an image file, absolute or
        relative to the folder. The path is the image_id; a row without one is `<file stem>/<row number>`.
        A struct's bytes go before its path. A row without image is kept: reading it raises OSError.
    label: a column, or several as "label_worse,label_clean": in each row the first that is not null. Each
        file needs one of them.
    split: a column without nulls, or None: every row is in split "train".
    annotators: columns that at least one file has; null in the others.
    Labels, splits and annotators follow `columns.as_text`. CSV is UTF-8 with commas and a header line.

    Image bytes of up to HELD_BYTES of tables are held once read; of more, one file's at a time: then
    read in order of the entries.

    Raises DataprepError when a file is missing or cannot be read, there are no rows, a column is
    missing or of no use, a split is null, or an image_id comes twice.
    """
    root = Path(params.path)
    base = root if root.is_dir() else root.parent
    parts = [_part(name, base / name, params) for name in _names(root, params)]
    _check_optional(parts, params)
    rows = pl.concat([part.frame for part in parts], how="diagonal")
    if not rows.height:
        raise _misplaced("the table has no rows", root, "set source.path to tables that list images")
    _check_unique(parts)
    return Catalog(rows.drop("path"), read=_reader(base, parts, params.image))


def _names(root: Path, params: TableFiles) -> list[str]:
    if not root.exists():
        raise _misplaced("the source table is not there", root, "set source.path to the table or its folder")
    if root.is_file() and params.files:
        raise _misplaced("source.files is set, but source.path is a file", root, "empty one of them")
    if not root.is_dir():
        names = [root.name]
    elif params.files:
        names = list(params.files)
    else:
        found = sorted(path.name for path in root.iterdir() if not path.name.startswith("."))
        names = [name for name in found if name.lower().endswith(SUFFIXES)]
        if not names:
            seen = f"the folder has {listing(found)}" if found else "the folder is empty"
            raise _misplaced(f"there is no .parquet or .csv file; {seen}", root, "mend source.path")
    base = root if root.is_dir() else root.parent
    for name in names:
        if not (base / name).is_file():
            raise _misplaced("the table is not there", base / name, "mend its name in source.files")
        if not name.lower().endswith(SUFFIXES):
            raise _misplaced("the table is neither .parquet nor .csv", base / name, "write it as one")
    return names


def _misplaced(what: str, path: Path, remedy: str) -> DataprepError:
    return DataprepError(what, where=f"{path} (params.yaml, source)", remedy=remedy)


def _part(name: str, file: Path, params: TableFiles) -> Part:
    try:
        table = _scan(file)
        schema = table.collect_schema()
        _check_required(schema, file, params)
        labels = [column for column in _label_columns(params, schema) if column in schema]
        marks = [column for column in dict.fromkeys(params.annotators) if column in schema]
        wanted = list(dict.fromkeys([*labels, *([params.split] if params.split else []), *marks]))
        paths, embedded = _image_columns(schema[params.image], params.image, file)
        values = table.select(wanted).collect()
        path = table.select(paths.cast(pl.String).alias("path"), wanted[0]).collect()["path"]
        metadata = pl.read_parquet_metadata(file) if file.suffix.lower() == ".parquet" else {}
    except UNREADABLE as error:
        raise _unreadable(file, error) from error
    names = class_label_names(metadata)
    text = {column: as_text(values[column], names.get(column), str(file)) for column in wanted}
    frame = pl.DataFrame(
        [
            _ids(path, Path(name).with_suffix("").as_posix()),
            path,
            pl.select(pl.coalesce(text[column] for column in labels)).to_series().alias("label"),
            _split(text[params.split], file) if params.split else _default_split(path.len()),
            *(text[column].alias(ANNOTATOR_PREFIX + column) for column in marks),
        ]
    )
    return Part(name, file, tuple(schema), embedded, frame)


def _scan(file: Path) -> pl.LazyFrame:
    if file.suffix.lower() == ".parquet":
        return pl.scan_parquet(file, glob=False)
    table = pl.scan_csv(file, glob=False, infer_schema=False)
    return table.filter(~pl.all_horizontal(pl.all().is_null()))  # blank lines


def _unreadable(file: Path, error: BaseException) -> DataprepError:
    return DataprepError(
        f"the table cannot be read: {error}",
        where=str(file),
        remedy="fetch or write the file again; CSV is UTF-8 text with commas and one header line",
    )


def _label_columns(params: TableFiles, present: Collection[str]) -> list[str]:
    """The columns that the setting names; a comma may also be part of one column's name."""
    return [params.label] if params.label in present else [word.strip() for word in params.label.split(",")]


def _check_required(schema: pl.Schema, file: Path, params: TableFiles) -> None:
    if params.image not in schema:
        raise missing_column(params.image, "image", str(file), schema.names())
    labels = _label_columns(params, schema)
    if not any(column in schema for column in labels):
        raise missing_column(labels[0], "label", str(file), schema.names())
    if params.split is not None and params.split not in schema:
        raise missing_column(params.split, "split", str(file), schema.names())


def _image_columns(dtype: pl.DataType, column: str, file: Path) -> tuple[pl.Expr, bool]:
    """Return the expression of the paths, and whether there are bytes beside them."""
    fields = {field.name: field.dtype for field in dtype.fields} if isinstance(dtype, pl.Struct) else {}
    if dtype == pl.String:
        return pl.col(column), False
    if dtype == pl.Binary:
        return pl.lit(None), True
    if fields.get("bytes") in (pl.Binary, pl.Null) and fields.get("path") in (pl.String, pl.Null):
        return pl.col(column).struct.field("path"), fields["bytes"] == pl.Binary
    raise DataprepError(
        f"the image column '{column}' is {dtype}",
        where=f"{file}; params.yaml, source.image",
        remedy="name a column that holds a struct{bytes, path}, the bytes of image files, or their paths",
    )


def _ids(paths: pl.Series, stem: str) -> pl.Series:
    numbered = [path or f"{stem}/{row:06d}" for row, path in enumerate(paths)]
    return pl.Series("image_id", numbered, pl.String)


def _default_split(rows: int) -> pl.Series:
    return pl.Series("split", [DEFAULT_SPLIT] * rows, pl.String)


def _split(values: pl.Series, file: Path) -> pl.Series:
    if values.null_count():
        empty = values.is_null().arg_true()
        raise DataprepError(
            f"the split column '{values.name}' is empty in row {listing((row + 1 for row in empty), 3)}",
            where=f"{file}; params.yaml, source.split",
            remedy="fill these cells, or set source.split to null: then all rows are one split",
        )
    return values.alias("split")


def _check_optional(parts: list[Part], params: TableFiles) -> None:
    """A column that some files may lack is in at least one of them: else it is misspelt."""
    present = list(dict.fromkeys(column for part in parts for column in part.columns))
    files = listing(str(part.file) for part in parts)
    for key, wanted in (("label", _label_columns(params, present)), ("annotators", params.annotators)):
        for column in wanted:
            if column not in present:
                raise missing_column(column, key, files, present)


def _check_unique(parts: list[Part]) -> None:
    ids = pl.concat([part.frame.select("image_id", file=pl.lit(part.name)) for part in parts])
    repeated = ids.filter(pl.col("image_id").is_duplicated())
    if repeated.height:
        holders = repeated.group_by("image_id").agg(pl.col("file").unique().sort()).sort("image_id")
        shown = [f"{name} (in {listing(found, 3)})" for name, found in holders.iter_rows()]
        raise DataprepError(
            f"{holders.height} images come twice: {listing(shown)}",
            where="params.yaml, source.path and source.files",
            remedy="remove the repeated rows, or make the paths unique; "
            "embedded images may have none: then they are numbered",
        )


def _reader(base: Path, parts: list[Part], image: str) -> Callable[[int], bytes]:
    starts = list(accumulate((part.frame.height for part in parts), initial=0))
    size = sum(part.file.stat().st_size for part in parts if part.embedded)

    @lru_cache(maxsize=None if size <= HELD_BYTES else 1)
    def embedded(number: int) -> pl.Series:
        return _embedded(parts[number].file, image)

    def read(row: int) -> bytes:
        number = bisect_right(starts, row) - 1
        part, offset = parts[number], row - starts[number]
        data: bytes | None = embedded(number)[offset] if part.embedded else None
        if data is not None:
            return data
        path: str | None = part.frame["path"][offset]
        if not path:
            raise OSError("the table has neither bytes nor a path in this row")
        if "\0" in path:
            raise OSError("the path holds a null character")
        return (base / path).read_bytes()

    return read


def _embedded(file: Path, image: str) -> pl.Series:
    try:
        values = _scan(file).select(image).collect()[image]
    except UNREADABLE as error:
        raise _unreadable(file, error) from error
    return values.struct.field("bytes") if isinstance(values.dtype, pl.Struct) else values
