"""Join everything that is known of each image into one wide row for a reviewer."""

import polars as pl

from dataprep.wording import in_order

MEASURES = ("brightness", "contrast", "sharpness", "entropy")
SUGGESTING = "label_error"
NO_ISSUE = "none"


def sample_table(
    images: pl.DataFrame,
    measurements: pl.DataFrame,
    predictions: pl.DataFrame,
    issues: pl.DataFrame,
    class_names: list[str],
) -> pl.DataFrame:
    """Return one row per image, sorted by image_id.

    Columns: those of IMAGES; `unreadable` and MEASURES of MEASUREMENTS; predicted_label and
    confidence (0 to 1), null where nothing was predicted; `<kind>_score` (Float32, 0 worst to 1)
    and, for kinds that have groups, `<kind>_group` (UInt32); `flags`, the kinds that are issues of
    the image, and `issue`, the gravest of them or "none"; worst_score, the least score among those; suggested_label
    and suggested_probability; notes, one per line.
    """
    table = images.join(
        measurements.select("image_id", "unreadable", *MEASURES), on="image_id", how="left", validate="1:1"
    )
    table = table.join(_predicted(predictions, class_names), on="image_id", how="left", validate="1:1")
    for kind, rows in _by_kind(issues):
        columns = [pl.col("score").alias(f"{kind}_score")]
        if rows["group"].count():
            columns.append(pl.col("group").alias(f"{kind}_group"))
        table = table.join(rows.select("image_id", *columns), on="image_id", how="left", validate="1:1")
    table = table.join(_flags(issues), on="image_id", how="left", validate="1:1")
    return table.with_columns(pl.col("flags").fill_null([]), pl.col("issue").fill_null(NO_ISSUE)).sort("image_id")


def flagged_kinds(issues: pl.DataFrame) -> list[str]:
    """Return the kinds with at least one issue, gravest first."""
    return in_order(issues.filter("is_issue")["issue"].unique().to_list())


def worst_first(kind: str, columns: list[str]) -> list[str]:
    """Return those of the sample table's columns that sort a kind's queue: groups stay together."""
    order = (f"{kind}_group", f"{kind}_score", "image_id")
    return [column for column in order if column in columns]


def title(kind: str) -> str:
    """Return the kind in human words.

    >>> title("label_error")
    'Label error'
    """
    return kind.replace("_", " ").capitalize()


def _by_kind(issues: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    parts = issues.partition_by("issue", as_dict=True)
    return [(str(key[0]), parts[key]) for key in sorted(parts)]


def _predicted(predictions: pl.DataFrame, class_names: list[str]) -> pl.DataFrame:
    best = predictions.select(
        "image_id",
        pl.col("probabilities").arr.arg_max().alias("index"),
        pl.col("probabilities").arr.max().alias("confidence"),
    )
    names = pl.DataFrame({"predicted_label": class_names}, schema={"predicted_label": pl.String})
    return best.join(names.with_row_index("index"), on="index", how="left", validate="m:1").drop("index")


def _flags(issues: pl.DataFrame) -> pl.DataFrame:
    suggestion = pl.col("suggested_label", "suggested_probability").filter(pl.col("issue") == SUGGESTING)
    note = pl.format("{}: {}", pl.col("issue").str.replace_all("_", " "), "note")
    gravity = pl.col("issue").cast(pl.Enum(in_order(issues["issue"].unique().to_list())))
    return (
        issues.filter("is_issue")
        .sort("issue", "image_id")
        .group_by("image_id", maintain_order=True)
        .agg(
            pl.col("issue").alias("flags"),
            gravity.min().cast(pl.String).alias("gravest"),
            pl.col("score").min().alias("worst_score"),
            suggestion.first(),
            note.drop_nulls().str.join("\n").alias("notes"),
        )
        .with_columns(pl.col("notes").replace("", None))
        .rename({"gravest": "issue"})
    )
