"""Probabilities and embeddings of the user's own model in place of networks trained here."""

from pathlib import Path

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from dataprep.errors import DataprepError, listing, nearest
from dataprep.folds import UNREADABLE
from dataprep.noise_model import calibrated, fit, log_probabilities
from dataprep.schema import PREDICTIONS, check, class_names

PREFIX = "probability:"
REMEDY = "reviews/predictions/README.md says what the file needs"
MOST_OFF = 0.001  # what rounding to float16 leaves of a sum of 1


def read_predictions(path: Path, images: pl.DataFrame, folds: pl.DataFrame) -> pl.DataFrame:
    """Return PREDICTIONS of the user's Parquet file, or of all Parquet files of a folder, one below the other.

    Needed columns: image_id, one number per class named probability:<class>, and embedding (a list of
    numbers of one length). Optional: fold (whole numbers from 0), the part of the data that a model
    did not see, null for an image that all saw; without it every labeled image counts as unseen.
    Rows are divided by their sum; those of unreadable images are left out.
    Raises DataprepError for an absent or unreadable file, missing or unknown images, images given twice,
    missing or unknown classes, values that are not finite or are negative, rows whose sum is more than 0.001
    off 1, embeddings of several lengths.
    """
    given = _read(path)
    classes = class_names(images)
    where = f"params.yaml, predictions.path: {path}"
    _check_columns(given, classes, where)
    _check_images(given, folds, where)
    given = given.sort("image_id").filter(~pl.col("image_id").is_in(_unreadable(folds).implode()))
    probabilities = given.select(pl.col(f"{PREFIX}{name}").cast(pl.Float64) for name in classes).to_numpy()
    _check_probabilities(probabilities, given["image_id"], where)
    probabilities = probabilities / probabilities.sum(1, keepdims=True)
    embeddings = _embeddings(given, where)
    labels = folds.select("image_id", "label")
    frame = given.select(
        "image_id", pl.col("fold").cast(pl.Int32) if "fold" in given.columns else pl.lit(0, pl.Int32).alias("fold")
    )
    frame = frame.join(labels, on="image_id", how="left", validate="1:1", maintain_order="left").with_columns(
        pl.when(pl.col("label").is_not_null()).then("fold").alias("fold"),
        pl.Series("probabilities", probabilities.astype(np.float32), pl.Array(pl.Float32, len(classes))),
        pl.Series("embedding", embeddings, pl.Array(pl.Float32, embeddings.shape[1])),
    )
    joint = pl.Series("joint_logits", _joint(frame, probabilities, classes), pl.Array(pl.Float32, len(classes)))
    return check(frame.with_columns(joint).select(list(PREDICTIONS.columns)), PREDICTIONS, str(path))


def _joint(frame: pl.DataFrame, probabilities: np.ndarray, classes: list[str]) -> np.ndarray:
    logits = log_probabilities(probabilities)
    place = {name: number for number, name in enumerate(classes)}
    judged = frame["fold"].is_not_null().to_numpy()
    labels = np.array([place[label] for label in frame["label"].filter(pl.Series(judged))], np.int64)
    return calibrated(fit(logits[judged], labels), logits).astype(np.float32)


def _read(path: Path) -> pl.DataFrame:
    paths = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not paths or not all(file.is_file() for file in paths):
        raise DataprepError(
            "there is no Parquet file with predictions",
            where=f"params.yaml, predictions.path: {path}",
            remedy=f"put it there, or set predictions.kind: training; {REMEDY}",
        )
    try:
        return pl.concat([pl.read_parquet(file) for file in paths], how="vertical_relaxed")
    except (PolarsError, OSError) as error:
        raise DataprepError(f"the predictions cannot be read: {error}", where=str(path), remedy=REMEDY) from error


def _check_columns(given: pl.DataFrame, classes: list[str], where: str) -> None:
    lacking = [name for name in ("image_id", "embedding") if name not in given.columns]
    if lacking:
        raise DataprepError(f"the predictions lack the column {' and '.join(lacking)}", where=where, remedy=REMEDY)
    named = [name.removeprefix(PREFIX) for name in given.columns if name.startswith(PREFIX)]
    unknown = [name for name in named if name not in classes]
    missing = [name for name in classes if name not in named]
    if unknown or missing:
        what = (
            f"know nothing of the classes {listing(missing)}" if missing else f"name unknown classes {listing(unknown)}"
        )
        hint = nearest(unknown[0], classes) if unknown else ""
        raise DataprepError(
            f"the predictions {what}",
            where=where,
            remedy=f"{hint}name a column {PREFIX}<class> for each class of the data",
        )
    for name in [f"{PREFIX}{name}" for name in classes] + (["fold"] if "fold" in given.columns else []):
        if not given.schema[name].is_numeric():
            raise DataprepError(f"the column {name} is {given.schema[name]}, no number", where=where, remedy=REMEDY)
    if given.schema["image_id"] != pl.String:
        raise DataprepError("the column image_id is no text", where=where, remedy=REMEDY)
    if "fold" in given.columns:
        whole = given.schema["fold"].is_integer()
        if not whole or not given["fold"].is_between(0, 2**31 - 1).all():
            what = "numbers below 0 or too large" if whole else "fractions"
            raise DataprepError(f"the column fold holds {what}", where=where, remedy=REMEDY)


def _check_images(given: pl.DataFrame, folds: pl.DataFrame, where: str) -> None:
    ids = given["image_id"]
    repeated = ids.filter(ids.is_duplicated()).unique().sort()
    wanted = folds["image_id"].filter(~folds["image_id"].is_in(_unreadable(folds).implode()))
    unknown = ids.filter(~ids.is_in(folds["image_id"].implode())).sort()
    missing = wanted.filter(~wanted.is_in(ids.implode()))
    for found, what in (
        (repeated, "give images twice"),
        (unknown, "name images that the source does not have"),
        (missing, "lack images"),
    ):
        if len(found):
            raise DataprepError(
                f"the predictions {what}: {listing(found)}",
                where=where,
                remedy="give one row per readable image, with image_id as in data/images.parquet",
            )
    if ids.null_count():
        raise DataprepError("the predictions have rows without image_id", where=where, remedy=REMEDY)


def _unreadable(folds: pl.DataFrame) -> pl.Series:
    return folds.filter(pl.col("reason") == UNREADABLE)["image_id"]


def _check_probabilities(probabilities: np.ndarray, ids: pl.Series, where: str) -> None:
    wrong = ~np.isfinite(probabilities).all(1)
    what = "are not finite"
    if not wrong.any():
        wrong, what = (probabilities < 0).any(1), "are negative"
    if not wrong.any():
        wrong, what = np.abs(probabilities.sum(1) - 1) > MOST_OFF, "do not sum to 1"
    if wrong.any():
        raise DataprepError(
            f"probabilities {what} for {listing(ids.filter(pl.Series(wrong)))}",
            where=where,
            remedy="give probabilities (after the softmax), one row per image, none missing",
        )


def _embeddings(given: pl.DataFrame, where: str) -> np.ndarray:
    column = given["embedding"]
    numbers = isinstance(column.dtype, pl.List | pl.Array) and column.dtype.inner.is_numeric()
    lists = column.cast(pl.List(pl.Float32), strict=False) if numbers else None
    lengths = lists.list.len().unique().to_list() if lists is not None else []
    if lists is None or len(lengths) != 1 or not lengths[0]:
        raise DataprepError("the embeddings are not lists of numbers of one length", where=where, remedy=REMEDY)
    values = lists.cast(pl.Array(pl.Float32, lengths[0])).to_numpy()
    if not np.isfinite(values).all():
        wrong = given["image_id"].filter(pl.Series(~np.isfinite(values).all(1)))
        raise DataprepError(f"embeddings are not finite for {listing(wrong)}", where=where, remedy=REMEDY)
    return values
