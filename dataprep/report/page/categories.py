"""What the page knows of images in words: class, split, format, what was done and why."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep.report.inputs import Inputs
from dataprep.report.predicted import predicted, prediction
from dataprep.schema import POLICY, class_names
from dataprep.wording import in_order, wording

# id -> title. Those of DETAILS are shown with an image, the others filter as well.
TITLES = {
    "label": "Class",
    "split": "Split",
    "predicted": "Predicted label",
    "prediction": "The prediction is",
    "suggested": "Suggested label",
    "consensus": "Consensus of annotators",
    "format": "File format",
    "reason": "Why it was removed or changed",
    "now": "Label after cleaning",
    "decided_by": "Decided by",
    "decided_at": "Decided at",
    "unreadable": "Cannot be decoded",
}
DETAILS = ("now", "decided_by", "decided_at", "unreadable")
OUTCOMES = ("kept", "relabeled", "removed")


@dataclass(frozen=True)
class Category:
    """A word per image. codes: int32 (N,), the number in `values`, -1 for none; filters: offered as a filter."""

    name: str
    title: str
    values: list[str]
    codes: NDArray[np.int32]
    filters: bool


def categories(inputs: Inputs) -> list[Category]:
    """Return the categories that any image has, row i for the i-th of IMAGES; classes in their fixed order."""
    table = _words(inputs)
    found = []
    for name, title in TITLES.items():
        classes = class_names(inputs.images) if name in ("label", "predicted", "suggested", "consensus") else []
        others = sorted(set(table[name].drop_nulls()) - set(classes))
        used = set(table[name].drop_nulls())
        values = [value for value in classes if value in used] + others
        if values:
            found.append(Category(name, title, values, _codes(table[name], values), name not in DETAILS))
    return found


def outcome(inputs: Inputs) -> NDArray[np.int32]:
    """Return of each image its number in OUTCOMES: relabeled when it was kept with another label than the given one."""
    kept = inputs.kept.select(
        "image_id", state=pl.when(pl.col("label").ne_missing(pl.col("given_label"))).then(1).otherwise(0)
    )
    states = inputs.images.select("image_id").join(kept, on="image_id", how="left", maintain_order="left")
    return states["state"].fill_null(2).to_numpy().astype(np.int32)


def decided(inputs: Inputs) -> NDArray[np.uint8]:
    """Return 1 for each image that people's decisions settled, 2 for those in dispute, else 0."""
    why = pl.concat([inputs.kept, inputs.removed], how="diagonal").select("image_id", "reason", "decided_by")
    disputed = pl.col("reason").fill_null("").str.starts_with("disputed:")
    by_people = pl.col("decided_by").is_not_null() & (pl.col("decided_by") != POLICY)
    why = why.with_columns(
        state=pl.when(disputed & by_people).then(2).when(by_people).then(1).otherwise(0).cast(pl.UInt8)
    )
    states = inputs.images.select("image_id").join(why, on="image_id", how="left", maintain_order="left")
    return states["state"].fill_null(0).to_numpy()


def _codes(column: pl.Series, values: list[str]) -> NDArray[np.int32]:
    number = {value: index for index, value in enumerate(values)}
    return np.array([number.get(value, -1) for value in column], dtype=np.int32)


def _words(inputs: Inputs) -> pl.DataFrame:
    done = pl.concat([inputs.kept.rename({"label": "now"}), inputs.removed], how="diagonal")
    changed = pl.col("now").ne_missing(pl.col("given_label"))
    done = done.select(
        "image_id",
        pl.when(changed).then("now").alias("now"),
        pl.col("reason").map_elements(reason, return_dtype=pl.String),
        "decided_by",
        "decided_at",
    )
    table = inputs.images.select("image_id", "label", "split", "format")
    for part in (
        predicted(inputs).select("image_id", "predicted"),
        prediction(inputs),
        _suggested(inputs.issues),
        inputs.consensus.select("image_id", consensus="label"),
        inputs.measurements.select("image_id", "unreadable"),
        done,
    ):
        table = table.join(part, on="image_id", how="left", validate="1:1", maintain_order="left")
    return table


def _suggested(issues: pl.DataFrame) -> pl.DataFrame:
    """Return image_id and the label that the gravest of its findings suggests."""
    kinds = in_order(issues["issue"].unique().to_list())
    rows = issues.filter(pl.col("is_issue") & pl.col("suggested_label").is_not_null())
    rows = rows.with_columns(gravity=pl.col("issue").cast(pl.Enum(kinds)).to_physical()).sort("gravity", "image_id")
    return rows.group_by("image_id", maintain_order=True).agg(pl.col("suggested_label").first().alias("suggested"))


def reason(text: str) -> str:
    """Return a reason of KEPT or REMOVED in the words of the report.

    >>> reason("label_error"), reason("decision drop: blurred")
    ('Suspect labels', 'decision drop: blurred')
    """
    kind, _, rest = text.partition(":")
    if kind.startswith(("decision", "disputed", "no label")):
        return text
    return wording(kind).title + (f": {rest.strip()}" if rest else "")
