"""Groups of copies that differ in something they should share, such as split or label."""

import polars as pl

from dataprep.detectors.rows import issue_rows, number_groups


def joined(images: pl.DataFrame, exact: pl.DataFrame, near: pl.DataFrame | None) -> pl.DataFrame:
    """Return `images` with `copies`: a name for the group of copies it is in (or null), and `score`.

    A near-duplicate group holds the exact copies of its members, so it goes before the exact group.
    `exact` and `near` are ISSUES with one kind each.
    """
    table = images.join(_named(exact, "exact"), on="image_id", how="left", validate="1:1")
    if near is None:
        return table.with_columns(copies=pl.col("exact"), score=pl.col("exact_score"))
    table = table.join(_named(near, "near"), on="image_id", how="left", validate="1:1")
    score = pl.when(pl.col("exact").is_not_null()).then(pl.col("exact_score")).otherwise(pl.col("near_score"))
    return table.with_columns(copies=pl.coalesce("near", "exact"), score=score)


def differing(table: pl.DataFrame, kind: str, column: str, advice: pl.Expr | None = None) -> pl.DataFrame:
    """Return ISSUES of `kind`: all members of each group of copies that has several values of `column`.

    `advice` is added to the note; it may use the column `mixed`, which names the group.
    """
    several = pl.col(column).n_unique().over("copies") > 1
    flagged = table.with_columns(pl.when(pl.col("copies").is_not_null() & several).then("copies").alias("mixed"))
    grouped = number_groups(flagged, "mixed")
    values = pl.col(column).unique().sort().str.join(", ").over("mixed")
    note = pl.format("copies with {} {}", pl.lit(column), values)
    return issue_rows(
        grouped,
        kind,
        score=pl.when(pl.col("group").is_null()).then(1.0).otherwise(pl.col("score")),
        is_issue=pl.col("group").is_not_null(),
        group=pl.col("group"),
        note=note if advice is None else pl.format("{}; {}", note, advice),
    )


def _named(issues: pl.DataFrame, name: str) -> pl.DataFrame:
    return issues.select(
        "image_id",
        (pl.lit(name) + pl.col("group").cast(pl.String)).alias(name),
        pl.col("score").alias(f"{name}_score"),
    )
