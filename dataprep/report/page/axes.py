"""Every number along which the page sorts images: what it is called, its unit, its value of each image."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep.report.inputs import Inputs
from dataprep.report.predicted import predicted
from dataprep.schema import MEASUREMENTS
from dataprep.wording import in_order, wording

PREDICTION, FINDING, PICTURE, FILE, PEOPLE = "What the networks say", "Findings", "Picture", "File", "People"

# id -> title, unit, heading. What MEASUREMENTS has beyond these gets its own name.
WORDS: dict[str, tuple[str, str, str]] = {
    "given_probability": ("Probability of the given label", "out of fold, 0 to 1", PREDICTION),
    "confidence": ("Probability of the predicted label", "out of fold, 0 to 1", PREDICTION),
    "suggested_probability": ("Probability of the suggested label", "0 to 1", PREDICTION),
    "copies": ("Images in its largest group of copies", "images", FINDING),
    "findings": ("Findings of the image", "findings", FINDING),
    "brightness": ("Brightness", "mean, 0 black to 1 white", PICTURE),
    "brightness_p1": ("Darkest pixels", "brightness, 1st percentile, 0 to 1", PICTURE),
    "brightness_p99": ("Brightest pixels", "brightness, 99th percentile, 0 to 1", PICTURE),
    "contrast": ("Contrast", "standard deviation of brightness, 0 to 0.5", PICTURE),
    "sharpness": ("Sharpness", "0 blurred to 1 sharp", PICTURE),
    "entropy": ("Richness in gray levels (entropy)", "bits, 0 to 8", PICTURE),
    "noise": ("Noise", "0 smooth to 1 white noise", PICTURE),
    "background": ("Plain background", "share of the picture, 0 to 1", PICTURE),
    "clipped_black": ("Quite black, away from the border", "share of the picture, 0 to 1", PICTURE),
    "clipped_white": ("Quite white, away from the border", "share of the picture, 0 to 1", PICTURE),
    "blockiness": ("Compression blocks", "0.5 none to 1", PICTURE),
    "chroma": ("Color", "0 gray to 1", PICTURE),
    "transparency": ("Changed when transparency is dropped", "share of the picture, 0 to 1", PICTURE),
    "pixel_count": ("Image size", "pixels", FILE),
    "width": ("Width", "px", FILE),
    "height": ("Height", "px", FILE),
    "aspect_ratio": ("Longer side over shorter side", "ratio", FILE),
    "bytes": ("File size", "bytes", FILE),
    "channels": ("Channels in the file", "channels", FILE),
    "orientation": ("EXIF orientation", "1 upright to 8", FILE),
    "consensus_probability": ("Probability of the consensus", "0 to 1", PEOPLE),
    "agreement": ("Annotators who agree with the consensus", "share, 0 to 1", PEOPLE),
    "annotators": ("Annotators", "people", PEOPLE),
}


@dataclass(frozen=True)
class Axis:
    """A number per image. values: float32 (N,), NaN where there is none; whole: all are integers."""

    name: str
    title: str
    unit: str
    heading: str
    values: NDArray[np.float32]
    whole: bool


def axes(inputs: Inputs) -> list[Axis]:
    """Return the axes along which at least two images differ, row i for the i-th of IMAGES.

    First what the networks say, then the scores of each kind of finding under the kind's own name, 0 (worst) to 1, the
    gravest first; then measurements, sizes and annotators. A measurement named like a kind is left out.
    """
    table = _numbers(inputs)
    kinds = in_order(inputs.issues["issue"].unique().to_list())
    scores = inputs.images.select("image_id")
    for kind in kinds:
        of_kind = inputs.issues.filter(pl.col("issue") == kind).select("image_id", pl.col("score").alias(kind))
        scores = scores.join(of_kind, on="image_id", how="left", validate="1:1", maintain_order="left")
    found = [_axis(kind, scores[kind], (wording(kind).title, "score, 0 worst to 1", FINDING)) for kind in kinds]
    for name in table.columns:
        if name not in (*kinds, "image_id"):
            found.append(_axis(name, table[name], WORDS.get(name, (name.replace("_", " ").capitalize(), "", PICTURE))))
    order = [PREDICTION, FINDING, PICTURE, FILE, PEOPLE]
    varied = [axis for axis in found if len(np.unique(axis.values[~np.isnan(axis.values)])) > 1]
    return sorted(varied, key=lambda axis: order.index(axis.heading))


def _axis(name: str, column: pl.Series, words: tuple[str, str, str]) -> Axis:
    values = column.cast(pl.Float32).fill_null(float("nan")).to_numpy()
    return Axis(name, *words, values, column.dtype.is_integer())


def _numbers(inputs: Inputs) -> pl.DataFrame:
    """Return every number that WORDS names, one row per image, in the order of WORDS, then those it does not name."""
    numeric = [name for name, dtype in MEASUREMENTS.columns.items() if _numeric(name, dtype)]
    table = inputs.images.select("image_id", "bytes", "width", "height", "channels")
    consensus = inputs.consensus.rename({"probability": "consensus_probability"})
    for part in (
        predicted(inputs).select("image_id", "given_probability", "confidence"),
        _found(inputs.issues),
        inputs.measurements.select("image_id", *numeric),
        consensus.select("image_id", "consensus_probability", "agreement", "annotators"),
    ):
        table = table.join(part, on="image_id", how="left", validate="1:1", maintain_order="left")
    table = table.with_columns(pl.col("findings").fill_null(0))
    named = [name for name in WORDS if name in table.columns]
    return table.select("image_id", *named, *(name for name in table.columns if name not in (*named, "image_id")))


def _numeric(name: str, dtype: pl.DataType | type[pl.DataType]) -> bool:
    return name != "perceptual_hash" and dtype in (pl.Float32, pl.Float64, pl.Int32, pl.Int64)


def _found(issues: pl.DataFrame) -> pl.DataFrame:
    """Return image_id, findings, copies and suggested_probability of the images that are flagged at all."""
    flagged = issues.filter("is_issue").with_columns(size=pl.len().over("issue", "group"))
    size = pl.when(pl.col("group").is_not_null()).then("size")
    return flagged.group_by("image_id").agg(
        pl.len().alias("findings"), size.max().alias("copies"), pl.col("suggested_probability").max()
    )
