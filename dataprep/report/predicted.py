"""What the networks predict of each image, and whether that is its given label."""

import numpy as np
import polars as pl

from dataprep.report.inputs import Inputs
from dataprep.schema import class_names

SAME, OTHER = "the given label", "another class"


def predicted(inputs: Inputs) -> pl.DataFrame:
    """Return image_id, predicted, confidence and given_probability of each image that the networks were asked about.

    given_probability is null without a given label. Probabilities are those of PREDICTIONS, 0 to 1.
    """
    names = class_names(inputs.images)
    rows = inputs.predictions
    probabilities = rows["probabilities"].to_numpy() if rows.height else np.zeros((0, max(len(names), 1)), np.float32)
    number = {name: index for index, name in enumerate(names)}
    given = np.array([number.get(label, -1) for label in rows["label"]], dtype=np.int64)
    of_given = np.where(given >= 0, probabilities[np.arange(rows.height), given], np.nan)
    best = probabilities.argmax(axis=1)
    return rows.select("image_id").with_columns(
        pl.Series("predicted", [names[index] for index in best], pl.String),
        pl.Series("confidence", probabilities.max(axis=1), pl.Float32),
        pl.Series("given_probability", of_given, pl.Float32).fill_nan(None),
    )


def prediction(inputs: Inputs) -> pl.DataFrame:
    """Return image_id and prediction, SAME or OTHER, of each labeled image that the networks were asked about."""
    rows = predicted(inputs).join(inputs.images.select("image_id", "label"), on="image_id", how="inner")
    said = pl.when(pl.col("predicted") == pl.col("label")).then(pl.lit(SAME)).otherwise(pl.lit(OTHER))
    return rows.drop_nulls("label").select("image_id", prediction=said)
