"""The images that predictions are compared with labels on, as arrays."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import log_softmax

from dataprep.errors import DataprepError, listing
from dataprep.schema import class_names

LEAST = 1e-12  # of a probability: Float32 rounds the smallest to 0, of which there is no logarithm
MOST_OFF = 0.001  # what rounding leaves of a sum of 1


@dataclass(frozen=True)
class Judged:
    """Images with a label that a fold held out, sorted by image_id.

    classes: the C names that at least one of the images has, in the order of `class_names`.
    ids: (N,) image_id. labels: (N,) int64, 0..C-1. folds: (N,) int64. embeddings: (N, D) float32.
    probabilities: (N, C) float64, above 0, rows sum to 1, by networks that did not see the image.
    joint: (N, C) float64, log probabilities by all networks together (`committee.joint_logits`).
    """

    classes: list[str]
    ids: list[str]
    labels: NDArray[np.int64]
    folds: NDArray[np.int64]
    embeddings: NDArray[np.float32]
    probabilities: NDArray[np.float64]
    joint: NDArray[np.float64]


def judge(images: pl.DataFrame, predictions: pl.DataFrame) -> Judged:
    """Return the judged images of IMAGES and PREDICTIONS; N and C may be 0.

    A class without a judged image is left out, and the probabilities of the others are scaled to sum 1. A class
    that is never predicted is judged like any other.
    Raises DataprepError, naming the images, as `probabilities_of` does, and when joint logits are not one per class, or
    they or embeddings are not finite.
    """
    names = class_names(images)
    known = images.select("image_id", "label").drop_nulls("label")
    rows = predictions.drop("label").drop_nulls("fold").join(known, on="image_id", how="inner").sort("image_id")
    everything, joint = probabilities_of(rows, names), _array(rows, "joint_logits", names)
    embeddings = rows["embedding"].to_numpy()
    ids = rows["image_id"].to_list()
    _refuse(ids, np.flatnonzero(~np.isfinite(joint).all(1)), "joint logits that are not finite")
    _refuse(ids, np.flatnonzero(~np.isfinite(embeddings).all(1)), "embeddings that are not finite")
    place = {name: number for number, name in enumerate(names)}
    present, labels = np.unique(np.array([place[name] for name in rows["label"]], np.int64), return_inverse=True)
    probabilities = everything[:, present]
    return Judged(
        classes=[names[number] for number in present],
        ids=ids,
        labels=labels.astype(np.int64),
        folds=rows["fold"].to_numpy().astype(np.int64),
        embeddings=embeddings,
        probabilities=probabilities / probabilities.sum(1, keepdims=True),
        joint=log_softmax(joint[:, present], axis=1) if len(present) else joint[:, present],
    )


def probabilities_of(predictions: pl.DataFrame, classes: list[str]) -> NDArray[np.float64]:
    """Return (N, C) float64, at least 1e-12, of the column `probabilities`, row by row.

    Raises DataprepError, naming the images, when they are not one per class, not finite and 0 or more, or off a
    sum of 1 by more than 0.001.
    """
    found = _array(predictions, "probabilities", classes)
    near = np.isclose(found.sum(1), 1, rtol=0, atol=MOST_OFF)  # not a number is not close
    bad = np.flatnonzero((found < 0).any(1) | ~near)
    _refuse(predictions["image_id"].to_list(), bad, "probabilities that are not finite, 0 or more, with a sum of 1")
    return found.clip(LEAST)


def _array(predictions: pl.DataFrame, column: str, classes: list[str]) -> NDArray[np.float64]:
    width = predictions.schema[column].shape[0]  # type: ignore[attr-defined]
    if width != len(classes):
        raise _unfit(f"there are {width} {column} per image, but {len(classes)} classes")
    return predictions[column].to_numpy().astype(np.float64).reshape(predictions.height, width)


def _refuse(ids: list[str], bad: NDArray[np.int64], what: str) -> None:
    if len(bad):
        raise _unfit(f"there are {what}, of {len(bad)} images: {listing(ids[row] for row in bad)}")


def _unfit(what: str) -> DataprepError:
    return DataprepError(
        what, where="the predictions", remedy="run `dvc repro --force predict`, or mend the file of your predictions"
    )
