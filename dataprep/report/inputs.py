"""Everything that the report reads, already in memory or mapped."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep.config import Params


@dataclass(frozen=True)
class Inputs:
    """The tables of `schema` and the arrays that go with them.

    images, skipped, measurements, folds, predictions, kept, removed: as in `schema`, sorted by key.
    issues: ISSUES of all detectors, one below the other; a row per image and kind.
    history, watched, checks: HISTORY, WATCHED and CHECKS; history and watched have no row when nothing was trained.
    check_arrays: what the checks' pictures are drawn from, by name, float32.
    learning_curve: LEARNING_CURVE, without a row when it was not asked for.
    correlations: SPURIOUS_CORRELATIONS, without a row when fewer than two classes have enough images.
    class_pairs, coverage, subclasses: CLASS_PAIRS, COVERAGE and SUBCLASSES, without a row when nothing was judged.
    consensus, annotators: CONSENSUS and ANNOTATORS, without a row when the source has no annotators.
    decisions: DECISIONS.
    faults: FAULTS of the built-in data; None for any other source.
    pixels: uint8 (N, S, S, 3), row i is row i of images; black where the image is unreadable.
    normalization: the fitted one, as its normalization.json has it: scale, channels, height, width, steps.
    normalized: float32 (M, 3, S, S), row i is row i of kept.
    augmented: float32 (A, 3, S, S), normalized alike; augmented_index: AUGMENTED.
    left_out: AUGMENTED_LEFT_OUT; left_out_pixels: uint8 (L, S, S, 3), those copies before normalization, row by row.
    audit: AUGMENTATION_AUDIT, without a row when no network could be asked; audit_examples: uint8 (E, S, S, 3), the
    augmented images of its examples in their order.
    manifest: version, images, splits (name to rows) and files (a list) of the written data set.
    """

    images: pl.DataFrame
    skipped: pl.DataFrame
    measurements: pl.DataFrame
    issues: pl.DataFrame
    folds: pl.DataFrame
    predictions: pl.DataFrame
    history: pl.DataFrame
    watched: pl.DataFrame
    checks: pl.DataFrame
    check_arrays: dict[str, NDArray[np.float32]]
    learning_curve: pl.DataFrame
    correlations: pl.DataFrame
    class_pairs: pl.DataFrame
    coverage: pl.DataFrame
    subclasses: pl.DataFrame
    consensus: pl.DataFrame
    annotators: pl.DataFrame
    kept: pl.DataFrame
    removed: pl.DataFrame
    decisions: pl.DataFrame
    faults: pl.DataFrame | None
    pixels: NDArray[np.uint8]
    normalization: dict[str, Any]
    normalized: NDArray[np.float32]
    augmented: NDArray[np.float32]
    augmented_index: pl.DataFrame
    left_out: pl.DataFrame
    left_out_pixels: NDArray[np.uint8]
    audit: pl.DataFrame
    audit_examples: NDArray[np.uint8]
    manifest: dict[str, Any]
    params: Params


def row_numbers(frame: pl.DataFrame) -> dict[str, int]:
    """Return the row of each image_id: the index into the array that goes with the table."""
    return {image_id: row for row, image_id in enumerate(frame["image_id"])}
