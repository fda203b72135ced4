"""All that the page knows of each image, packed for the page's scripts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataprep.report.inputs import Inputs
from dataprep.report.page import selection
from dataprep.report.page.axes import Axis, axes
from dataprep.report.page.categories import OUTCOMES, Category, categories, decided, outcome
from dataprep.report.page.encoding import pack, rounded
from dataprep.report.page.findings import Finding, chosen_findings, decisions, findings

DIGITS = 4  # of a suggestion's probability


@dataclass(frozen=True)
class Content:
    """Columns over all images, row i for the i-th of IMAGES."""

    inputs: Inputs
    numbers: list[Axis]
    words: list[Category]
    kinds: list[Finding]
    outcome: NDArray[np.int32]
    decided: NDArray[np.uint8]

    def packed(self, rows: NDArray[np.int64], lengths: list[int]) -> str:
        """Return the text for the page: header and columns of the images in `rows`, in order.

        lengths: bytes of each image's thumbnail, 0 for none. The columns are: lengths, outcome and decided, then each
        axis, category, and each finding's flags and groups, as the header lists them. Axes are `rounded` float32;
        those of whole numbers are not rounded, so exact up to 2^24.
        """
        found = chosen_findings(self.kinds, rows)
        columns: list[NDArray[Any]] = [np.array(lengths, np.int32), self.outcome[rows], self.decided[rows]]
        columns += [axis.values[rows] if axis.whole else rounded(axis.values[rows]) for axis in self.numbers]
        columns += [category.codes[rows] for category in self.words]
        for one in found:
            columns += [one.flags] + ([] if one.groups is None else [one.groups])
        return pack(self._header(rows, found), columns)

    def _header(self, rows: NDArray[np.int64], found: list[Finding]) -> dict[str, Any]:
        return {
            "rows": len(rows),
            "note": selection.note(len(rows), self.inputs.images.height),
            "names": self.inputs.images["image_id"].gather(rows).to_list(),
            "outcomes": OUTCOMES,
            "axes": [
                {"id": a.name, "title": a.title, "unit": a.unit, "heading": a.heading, "whole": a.whole}
                for a in self.numbers
            ],
            "categories": [
                {"id": c.name, "title": c.title, "values": c.values, "filters": c.filters} for c in self.words
            ],
            "findings": [
                {"id": f.kind, "title": f.title, "meaning": f.meaning, "grouped": f.groups is not None, **_said(f)}
                for f in found
            ],
            "decisions": decisions(self.inputs, rows),
        }


def described(inputs: Inputs) -> Content:
    """Return what is known of all images."""
    return Content(
        inputs,
        axes(inputs),
        categories(inputs),
        findings(inputs),
        outcome(inputs),
        decided(inputs),
    )


def _said(finding: Finding) -> dict[str, Any]:
    """Return notes and suggestions, each text once."""
    notes = finding.said["note"].drop_nulls().unique().sort().to_list()
    labels = finding.said["suggested_label"].drop_nulls().unique().sort().to_list()
    probabilities = finding.said["suggested_probability"].cast(float).round(DIGITS)
    return {
        "said": finding.said["row"].to_list(),
        "notes": notes,
        "note": _numbers(finding.said["note"].to_list(), notes),
        "labels": labels,
        "label": _numbers(finding.said["suggested_label"].to_list(), labels),
        "probability": probabilities.to_list(),
    }


def _numbers(texts: list[str | None], values: list[str]) -> list[int]:
    number = {value: index for index, value in enumerate(values)}
    return [-1 if text is None else number[text] for text in texts]
