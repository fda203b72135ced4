"""What was changed by hand: parameters, decisions, code."""

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from dataprep.changes.budget import Block, Rows, head_of, row
from dataprep.changes.compared import Compared
from dataprep.changes.words import CELL, ORDER, UNKNOWN, label, plural
from dataprep.markdown import code, count, escape, visible

SHOWN = 30  # parameters and files
LISTED = 60  # decisions


def causes(compared: Compared) -> Iterator[Block]:
    """Yield parameters, predictions of one's own, decisions and code, as far as they changed."""
    blocks = [*_parameters(compared), *_predictions(compared), *_decisions(compared), *_code(compared)]
    if blocks:
        yield "### What was changed by hand"
        yield from blocks


def _parameters(compared: Compared) -> Iterator[Block]:
    found = compared.parameters or []
    if found:
        lines = [row([code(name), _value(old), _value(new)]) for name, old, new in found[:SHOWN]]
        yield Rows(lines, len(found), "parameters", head_of(("parameter", "before", "now"), [False] * 3))


def _value(value: Any) -> str:
    return UNKNOWN if value is None else code(visible(json.dumps(value, ensure_ascii=False, default=str)), CELL)


def _predictions(compared: Compared) -> Iterator[Block]:
    if compared.predictions:
        yield f"The predictions of one's own model changed: {code(compared.predictions, CELL)}."


def _decisions(compared: Compared) -> Iterator[Block]:
    found = compared.decisions
    if found is None or not found.height:
        return
    faults = found.filter(pl.col("fault").is_not_null())
    yield _by_reviewer(found, compared.new.images is not None)
    if faults.height:
        shown = [
            row([code(name, 160), escape(fault, 200)])
            for name, fault in faults["image_id", "fault"].head(SHOWN).iter_rows()
        ]
        yield f"**{plural(faults.height, 'decision is', 'decisions are')} not applied:**"
        yield Rows(shown, faults.height, "decisions", head_of(("image", "why"), [False, False]))
    yield _listed(found)


def _by_reviewer(found: pl.DataFrame, known: bool) -> Rows:
    """Return a row per kind of change and reviewer: decisions by verdict, and how many are applied, if `known`."""
    counts = [(pl.col("verdict") == verdict).sum().alias(verdict) for verdict in ORDER]
    applied = pl.col("fault").is_null().sum().alias("applied")
    rows = found.group_by("change", "reviewer").agg(pl.len().alias("decisions"), *counts, applied)
    ordered = rows.sort("change", "decisions", "reviewer", descending=[False, True, False])
    lines = [
        row(
            [
                f"{change}, {escape(who or 'somebody')}",
                *map(count, numbers),
                count(applies) if known and change != "withdrawn" else UNKNOWN,
            ]
        )
        for change, who, *numbers, applies in ordered.head(SHOWN).iter_rows()
    ]
    header = ("decisions", "all", *ORDER, "applied")
    return Rows(lines, ordered.height, "reviewers", head_of(header, [False] + [True] * 5))


def _listed(found: pl.DataFrame) -> Rows:
    header = ("image", "decision", "reviewer", "note")
    lines = [
        row([code(r["image_id"], 160), _act(r), escape(r["reviewer"] or "somebody"), escape(r["note"] or "", CELL)])
        for r in found.head(LISTED).iter_rows(named=True)
    ]
    return Rows(
        lines,
        found.height,
        "decisions",
        head_of(header, [False] * 4),
        f"{plural(found.height, 'decision')}, one by one",
    )


def _act(row_: dict[str, Any]) -> str:
    said = _said(row_["verdict"], row_["label"])
    if row_["change"] == "withdrawn":
        return f"withdrawn: {said}"
    return said if row_["change"] == "new" else f"{_said(row_['old_verdict'], row_['old_label'])} → {said}"


def _said(verdict: str, name: str | None) -> str:
    return f"{verdict} {label(name)}" if name is not None else verdict


def _code(compared: Compared) -> Iterator[Block]:
    if compared.code:
        came, gone = (
            count(sum(n or 0 for n in side)) for side in zip(*((a, b) for _, a, b in compared.code), strict=True)
        )
        title = f"{plural(len(compared.code), 'file')} of the pipeline's code (+{came} −{gone} lines)"
        lines = [
            row([code(path, 160), *(UNKNOWN if n is None else count(n) for n in sides)])
            for path, *sides in compared.code[:SHOWN]
        ]
        yield Rows(lines, len(compared.code), "files", head_of(("file", "+", "−"), [False, True, True]), title)
