"""The findings of each image as the page has them: flags and groups as columns, words where there are any."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep.report.inputs import Inputs
from dataprep.wording import in_order, wording


@dataclass(frozen=True)
class Finding:
    """A kind of finding over all images.

    flags: uint8 (N,), 1 where the image is flagged. groups: int32 (N,), -1 for none; None where the kind has no groups.
    said: of rows with a note or a suggested label, whose row number is `row`: note, suggested_label and
    suggested_probability.
    """

    kind: str
    title: str
    meaning: str
    flags: NDArray[np.uint8]
    groups: NDArray[np.int32] | None
    said: pl.DataFrame


def findings(inputs: Inputs) -> list[Finding]:
    """Return the kinds that flagged any image, gravest first."""
    rows = inputs.images.select("image_id").with_row_index("row")
    flagged = inputs.issues.filter("is_issue").join(rows, on="image_id", how="inner").sort("row")
    kinds = in_order(flagged["issue"].unique().to_list())
    return [_finding(kind, flagged.filter(pl.col("issue") == kind), rows.height) for kind in kinds]


def _finding(kind: str, flagged: pl.DataFrame, count: int) -> Finding:
    places = flagged["row"].to_numpy()
    flags = np.zeros(count, np.uint8)
    flags[places] = 1
    groups = None
    if flagged["group"].count():
        groups = np.full(count, -1, np.int32)
        groups[places] = flagged["group"].cast(pl.Int64).fill_null(-1).to_numpy()
    said = flagged.filter(pl.any_horizontal(pl.col("note", "suggested_label").is_not_null()))
    columns = said.select("row", "note", "suggested_label", "suggested_probability")
    return Finding(kind, wording(kind).title, wording(kind).meaning, flags, groups, columns)


def chosen_findings(found: list[Finding], rows: NDArray[np.int64]) -> list[Finding]:
    """Return the findings of the images in `rows` alone, which count from 0 then."""
    place = pl.DataFrame({"row": rows}, schema={"row": pl.UInt32}).with_row_index("place")
    return [
        Finding(
            one.kind,
            one.title,
            one.meaning,
            one.flags[rows],
            None if one.groups is None else one.groups[rows],
            one.said.join(place, on="row", how="inner").drop("row").rename({"place": "row"}).sort("row"),
        )
        for one in found
    ]


def decisions(inputs: Inputs, rows: NDArray[np.int64]) -> dict[str, list[Any]]:
    """Return people's decisions about the images in `rows`: columns row, verdict, label, reviewer, decided_at, note."""
    ids = inputs.images["image_id"].gather(rows)
    place = pl.DataFrame({"image_id": ids}).with_row_index("row")
    found = inputs.decisions.join(place, on="image_id", how="inner").sort("row", "reviewer", nulls_last=True)
    columns = found.select("row", "verdict", "label", "reviewer", "decided_at", "note")
    return columns.to_dict(as_series=False)
