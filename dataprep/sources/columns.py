"""Table columns as class names: labels, splits and annotators, whatever their dtype."""

import json
from typing import Any

import polars as pl

from dataprep.errors import DataprepError, listing, nearest

TEXTS = (pl.String, pl.Boolean, pl.Categorical, pl.Enum, pl.Null)
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def class_label_names(metadata: dict[str, str]) -> dict[str, list[str]]:
    """Return column -> class names from a Parquet file's metadata, as Hugging Face `datasets` writes it.

    The key "huggingface" holds JSON:
    {"info": {"features": {column: {"_type": "ClassLabel", "names": [...]}}}}.
    Anything else gives no names: the integers stay labels in their own right.
    """
    try:
        features = json.loads(metadata.get("huggingface", "{}"))["info"]["features"]
        labels = {c: f["names"] for c, f in features.items() if f.get("_type") == "ClassLabel"}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {c: names for c, names in labels.items() if _is_text_list(names)}


def as_text(values: pl.Series, names: list[str] | None, file: str) -> pl.Series:
    """Return a column's values as class names, String; "" and NaN become null.

    Text stays exactly as written, booleans become "true" and "false", integers (and floats that are
    whole numbers, as pandas writes integers beside nulls) their decimal digits, or `names[integer]`
    when the file names its classes (-1 is Hugging Face's "no label": null).

    Raises DataprepError for other dtypes, fractions, and integers without a name.
    """
    if values.dtype.is_float():
        values = _whole(values, file)
    if names is not None and values.dtype.is_integer():
        return _named(values, names, file)
    if not values.dtype.is_integer() and values.dtype not in TEXTS:
        raise _unfit(values, f"is {values.dtype}", file)
    text = values.cast(pl.String)
    return text.set(text == "", None)


def missing_column(column: str, key: str, file: str, present: list[str]) -> DataprepError:
    """Return the error for a column that `file` lacks; `key` is the setting that names it."""
    remedy = f"{nearest(column, present)}set source.{key} to a column of the table"
    joined = [word for mark, word in SEPARATORS.items() if mark in present[0]] if len(present) == 1 else []
    if joined:
        remedy = f"the values seem to be separated by {joined[0]}: write the file with commas"
    return DataprepError(
        f"there is no column '{column}'; the columns are {listing(present, 20)}",
        where=f"{file}; params.yaml, source.{key}",
        remedy=f"{remedy}, or leave this file out of source.files",
    )


def _is_text_list(names: Any) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def _whole(values: pl.Series, file: str) -> pl.Series:
    values = values.fill_nan(None)
    fractions = values.filter((values != values.round()) | values.is_infinite())
    if fractions.len():
        raise _unfit(values, f"holds {fractions[0]}, which is no class", file)
    return values.cast(pl.Int64)


def _named(values: pl.Series, names: list[str], file: str) -> pl.Series:
    unnamed = values.filter((values < -1) | (values >= len(names)))
    if unnamed.len():
        row = ((values == unnamed[0]).arg_max() or 0) + 1
        raise DataprepError(
            f"column '{values.name}' has {unnamed[0]} in row {row}; the file names {len(names)} classes",
            where=f"{file}; Parquet metadata, key 'huggingface'",
            remedy="write the file again with the names of all classes, or with the names as text",
        )
    known = values.set(values == -1, None)
    text = known.cast(pl.Int64).replace_strict(dict(enumerate(names)), return_dtype=pl.String)
    return text.set(text == "", None)


def _unfit(values: pl.Series, what: str, file: str) -> DataprepError:
    return DataprepError(
        f"column '{values.name}' {what}; labels, splits and annotators are text, integers or booleans",
        where=file,
        remedy="name another column in source, or write this one as text",
    )
