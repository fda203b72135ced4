"""Images that are the same: byte for byte, or pixel for pixel in whatever file format."""

import polars as pl

from dataprep.config import ExactDuplicates
from dataprep.copies.choice import advice, with_choice
from dataprep.detectors.rows import issue_rows, number_groups


def detect(
    images: pl.DataFrame, measurements: pl.DataFrame, training_split: str, params: ExactDuplicates
) -> pl.DataFrame:
    """Return ISSUES of kind exact_duplicate; a group is the images with one hash.

    match `bytes` compares the SHA-256 of files, `pixels` that of the decoded RGB pixels and the
    size. Unreadable files show no picture and are in no group. Score 0 for a duplicate, 1 otherwise.
    The note names the copy to keep, by `copies.choice`.
    """
    hashed = images.select("image_id", "sha256", "bytes", "split").join(
        measurements.select("image_id", "pixel_hash", "pixel_count", "unreadable"), on="image_id", validate="1:1"
    )
    key = pl.col("sha256" if params.match == "bytes" else "pixel_hash")
    readable = pl.when(pl.col("unreadable").is_null()).then(key)
    grouped = number_groups(hashed.with_columns(readable.alias("hash")), "hash")
    copies = pl.len().over("group") - 1
    return issue_rows(
        with_choice(grouped, training_split),
        "exact_duplicate",
        score=pl.when(pl.col("group").is_null()).then(1.0).otherwise(0.0),
        is_issue=pl.col("group").is_not_null(),
        group=pl.col("group"),
        note=pl.format("same picture as {} other(s); {}", copies, advice()),
    )
