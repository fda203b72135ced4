"""What goes into a data set, the version id that follows from it, and whether there is enough of it."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep.config import Write
from dataprep.errors import DataprepError, listing
from dataprep.schema import KEPT, POLICY, REMOVED

FORMAT = 2  # raised when the same content and parameters would give other files
VERSION_DIGITS = 12
APART = ("score", "decided_at")  # of no part in what the data are
PARAMETERS = "params.yaml, clean.policy"


@dataclass(frozen=True)
class Content:
    """What goes into a data set.

    images: IMAGES. kept: KEPT. removed: REMOVED. pixels: (N, S, S, 3) uint8, row i for the i-th row of images.
    normalized: (M, 3, S, S) float32, row i for the i-th kept row. augmented: (A, 3, S, S) float32, row i for the i-th
    row of augmented_index: AUGMENTED. normalization: the file or folder of what was fitted, carried along as it is.
    source: the kind of source. parameters: all that shaped the content, as JSON values.
    """

    images: pl.DataFrame
    kept: pl.DataFrame
    removed: pl.DataFrame
    pixels: NDArray[np.uint8]
    normalized: NDArray[np.float32]
    augmented: NDArray[np.float32]
    augmented_index: pl.DataFrame
    normalization: Path
    source: str
    parameters: dict[str, Any]


def version_of(kept: pl.DataFrame, removed: pl.DataFrame, parameters: dict[str, Any]) -> str:
    """Return 12 hexadecimal digits of the SHA-256 of content and parameters.

    Content is the rows of KEPT and REMOVED (further columns do not count), which name each image's sha256, labels,
    split and reason; machines, paths, times, scores and the rounding of pixels have no part in it.
    """
    columns = [
        frame.select([name for name in table.columns if name not in APART]).sort("image_id").to_dict(as_series=False)
        for frame, table in ((kept, KEPT), (removed, REMOVED))
    ]
    text = json.dumps([FORMAT, columns, parameters], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:VERSION_DIGITS]


def check_content(content: Content, params: Write) -> None:
    """Raise DataprepError where cleaning left nothing of a split or a class, or the tensors cannot be had.

    A class is not missed when people gave all of its images another label: then two classes became one.
    """
    _check_left(content, "split", _names(content.images["split"]) - _names(content.kept["split"]))
    relabeled = content.kept.filter(pl.col("label") != pl.col("given_label"), pl.col("decided_by") != POLICY).group_by(
        label="given_label"
    )
    merged = (
        relabeled.len()
        .join(content.images["label"].value_counts(), on="label")
        .filter(pl.col("len") == pl.col("count"))
    )
    given, left = _names(content.images["label"]), _names(content.kept["label"])
    _check_left(content, "class", given - left - _names(merged["label"]))
    if params.tensors == "uint8":
        _check_program(content)


def _names(column: pl.Series) -> set[str]:
    return set(column.unique().drop_nulls())


def _check_left(content: Content, what: str, missing: set[str]) -> None:
    if not missing:
        return
    name = sorted(missing)[0]
    column = "split" if what == "split" else "given_label"
    gone = content.removed.filter(pl.col(column) == name)
    why = gone["reason"].str.split(":").list.first().value_counts(sort=True)
    relabeled = content.kept.filter(pl.col(column) == name).height
    reasons = [f"{count} {reason}" for reason, count in sorted(why.rows(), key=lambda row: (-row[1], row[0]))]
    reasons += [f"{relabeled} given another label"] if relabeled else []
    more = f" (nor of {len(missing) - 1} more)" if len(missing) > 1 else ""
    raise DataprepError(
        f"cleaning left no image of the {what} '{name}'{more}: {listing(reasons) or 'it had none'}",
        where=PARAMETERS,
        remedy=f"lessen that policy, decide by hand to keep some images, or take the {what} out of the source",
    )


def _check_program(content: Content) -> None:
    if content.augmented_index.height:
        raise DataprepError(
            f"uint8 tensors are not normalized yet, but the {content.augmented_index.height} augmented copies are",
            where="params.yaml, write.tensors",
            remedy="set augment.copies: 0 and augment while training, or choose tensors: float16",
        )
    if not list(content.normalization.glob("*.pt2")):
        raise DataprepError(
            "uint8 tensors need the exported program that normalizes them, and there is none",
            where=str(content.normalization),
            remedy="run `dvc repro --force normalize`, or choose write.tensors: float16",
        )
