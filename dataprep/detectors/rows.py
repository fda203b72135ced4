"""Shape what a detector found into ISSUES rows."""

import polars as pl

from dataprep.schema import ISSUES


def issue_rows(
    table: pl.DataFrame,
    kind: str,
    *,
    score: pl.Expr,
    is_issue: pl.Expr,
    group: pl.Expr | None = None,
    suggested_label: pl.Expr | None = None,
    suggested_probability: pl.Expr | None = None,
    note: pl.Expr | None = None,
) -> pl.DataFrame:
    """Return one ISSUES row per row of `table`; scores are clipped to [0, 1], notes kept for issues only."""
    nothing = pl.lit(None)
    return table.select(
        pl.col("image_id"),
        pl.lit(kind).alias("issue"),
        score.cast(pl.Float32).clip(0.0, 1.0).fill_null(1.0).alias("score"),
        is_issue.fill_null(False).alias("is_issue"),
        (nothing if group is None else group).cast(pl.UInt32).alias("group"),
        (nothing if suggested_label is None else suggested_label).cast(pl.String).alias("suggested_label"),
        (nothing if suggested_probability is None else suggested_probability)
        .cast(pl.Float32)
        .alias("suggested_probability"),
        pl.when(is_issue.fill_null(False)).then(nothing if note is None else note).cast(pl.String).alias("note"),
    ).select(list(ISSUES.columns))


def number_groups(table: pl.DataFrame, by: str, size: int = 2) -> pl.DataFrame:
    """Return `table` with a `group` column: 0, 1, ... for each value of `by` shared by `size` or more rows.

    Groups are numbered in the order of their first image_id; other rows, and nulls, get null.
    """
    groups = (
        table.filter(pl.col(by).is_not_null())
        .group_by(by)
        .agg(pl.col("image_id").min().alias("first"), pl.len().alias("size"))
        .filter(pl.col("size") >= size)
        .sort("first")
        .with_row_index("group")
        .select(by, pl.col("group").cast(pl.UInt32))
    )
    return table.join(groups, on=by, how="left", validate="m:1").sort("image_id")
