"""Which of several copies to keep, and why: one rule for notes and for cleaning."""

import polars as pl


def best_first(table: pl.DataFrame, training_split: str) -> pl.DataFrame:
    """Return the rows sorted: not in the training split, then most pixels, then most bytes, then by name.

    The split goes first because a held-out image that gave way to its copy in the training split would change the test.
    table: image_id, bytes, split (IMAGES) and pixel_count (MEASUREMENTS; null counts as 0).
    """
    return table.sort(
        pl.col("split") == training_split,
        pl.col("pixel_count").fill_null(0),
        pl.col("bytes"),
        pl.col("image_id"),
        descending=[False, True, True, False],
    )


def with_choice(table: pl.DataFrame, training_split: str) -> pl.DataFrame:
    """Return `table` with `kept`, the image_id of its group's copy to keep, and `because`; both null without a group.

    table: as for `best_first`, and group.
    """
    ranked = best_first(table.drop_nulls("group"), training_split).with_columns(
        trains=pl.col("split") == training_split
    )
    better = [
        (pl.col(name).first() != pl.col(name).get(1), because)
        for name, because in (("trains", "held out"), ("pixel_count", "most pixels"), ("bytes", "largest file"))
    ]
    because = pl.lit("first by name")
    for differs, words in reversed(better):
        because = pl.when(differs).then(pl.lit(words)).otherwise(because)
    first = pl.col("image_id").first().alias("kept")
    chosen = ranked.group_by("group", maintain_order=True).agg(first, because=because)
    return table.join(chosen, on="group", how="left", validate="m:1")


def advice() -> pl.Expr:
    """Return what the note of a group's member says of `kept` and `because`."""
    return (
        pl.when(pl.col("kept") == pl.col("image_id"))
        .then(pl.format("the copy to keep: {}", "because"))
        .otherwise(pl.format("keep {}: {}", "kept", "because"))
    )
