"""Assign images to folds so that copies never straddle two of them."""

import numpy as np
import polars as pl

from dataprep.errors import DataprepError
from dataprep.schema import FOLDS, check

UNREADABLE = "unreadable"
UNLABELED = "no label"


def assign_folds(
    images: pl.DataFrame,
    measurements: pl.DataFrame,
    exact: pl.DataFrame,
    near: pl.DataFrame,
    *,
    k: int,
    seed: int,
) -> pl.DataFrame:
    """Return FOLDS: a fold 0..k-1 per image, or null with the reason.

    Folds are stratified by label (scikit-learn's StratifiedGroupKFold, shuffled by seed); the
    images of one exact- or near-duplicate group share a fold. Images of all splits take part.
    In no fold: unreadable and unlabeled images, and classes with fewer than k groups, which
    could not be trained on in every fold: they are not trained on and not judged.

    exact, near: ISSUES of those detectors. Raises DataprepError when fewer than two classes are left.
    """
    from sklearn.model_selection import StratifiedGroupKFold  # takes a second to import, and training does without

    table = (
        images.select("image_id", "label")
        .join(measurements.select("image_id", "unreadable"), on="image_id", validate="1:1")
        .join(_groups(exact, "exact"), on="image_id", how="left", validate="1:1")
        .join(_groups(near, "near"), on="image_id", how="left", validate="1:1")
        .with_columns(copies=pl.coalesce("near", "exact", "image_id"))
        .sort("image_id")
    )
    usable = pl.col("unreadable").is_null() & pl.col("label").is_not_null()
    groups = pl.col("copies").filter(usable).n_unique().over("label")
    table = table.with_columns(
        reason=pl.when(pl.col("unreadable").is_not_null())
        .then(pl.lit(UNREADABLE))
        .when(pl.col("label").is_null())
        .then(pl.lit(UNLABELED))
        .when(groups < k)
        .then(pl.format("class '{}' has {} distinct images, fewer than {} folds", "label", groups, pl.lit(k)))
    )
    chosen = table.filter(pl.col("reason").is_null())
    if chosen["label"].n_unique() < 2:
        raise DataprepError(
            f"fewer than two classes have {k} distinct readable images, so no network can be trained",
            where=f"params.yaml, folds.k: {k}",
            remedy="lower folds.k (2 is the least), or add images",
        )
    fold = np.zeros(chosen.height, np.int32)
    splitter = StratifiedGroupKFold(k, shuffle=True, random_state=seed)
    placeholder = np.zeros(chosen.height)
    rounds = splitter.split(placeholder, chosen["label"].to_numpy(), chosen["copies"].to_numpy())
    for number, (_, held_out) in enumerate(rounds):
        fold[held_out] = number
    assigned = chosen.select("image_id").with_columns(pl.Series("fold", fold))
    return check(
        table.join(assigned, on="image_id", how="left", validate="1:1").select("image_id", "label", "fold", "reason"),
        FOLDS,
        "folds",
    )


def warnings(folds: pl.DataFrame) -> list[str]:
    """Return a line for each class that is in no fold: which, and what happens instead."""
    small = folds.filter(pl.col("fold").is_null() & pl.col("reason").str.starts_with("class "))
    return [
        f"{reason}: it is left out of training and not judged for label errors; its images stay in the data set"
        for reason in small["reason"].unique().sort()
    ]


def _groups(issues: pl.DataFrame, name: str) -> pl.DataFrame:
    return issues.select("image_id", (pl.lit(f"{name}:") + pl.col("group").cast(pl.String)).alias(name))
