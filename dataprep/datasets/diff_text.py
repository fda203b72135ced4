"""A diff as text, Markdown or JSON."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from dataprep.datasets.diff import Diff
from dataprep.datasets.reader import DataSet
from dataprep.markdown import code, count, details, escape, picture, shorten, table, visible

MOST_ROWS = 20  # of a table for people; JSON has all
MOST_IDS = 20  # images named per kind of change
COLUMNS = {"label": "class", "split": "split", "reason": "reason"}


def as_text(diff: Diff, pictures: dict[str, Path]) -> str:
    """Return the diff for a terminal; texts from data stand on one line each, invisible characters spelled out."""
    lines = [f"{_name(diff.old)} -> {_name(diff.new)}", ""]
    if not diff.changes.height:
        lines.append("no image differs")
    for kind, images in diff.counts().items():
        if images:
            lines.append(f"{kind:<10} {count(images):>9}")
    for column, title in COLUMNS.items():
        header, rows = _table(diff, column, visible)
        if rows:
            lines += ["", *_aligned([[title, *header[1:]], *rows[:MOST_ROWS]]), *_rest(len(rows))]
    if diff.parameters:
        lines += [
            "",
            "parameters",
            *(f"  {visible(name)}: {_value(a)} -> {_value(b)}" for name, a, b in diff.parameters),
        ]
    lines += ["", *_ids(diff)] if diff.changes.height else []
    lines += [f"pictures of {kind}: {path}" for kind, path in pictures.items()]
    return "\n".join(lines).rstrip() + "\n"


def as_markdown(diff: Diff, pictures: dict[str, Path], links: Callable[[Path], str] = Path.as_posix) -> str:
    """Return the diff as Markdown that text from data cannot break; `links` makes a picture's address."""
    parts = [f"## Data set: {code(diff.old.version)} → {code(diff.new.version)}", _sizes(diff)]
    parts.append(_counts(diff) if diff.changes.height else "No image differs.")
    for kind, path in pictures.items():
        parts.append(f"### {kind.capitalize()}\n\n{picture(f'Images that were {kind}', links(path))}")
    for column, title in COLUMNS.items():
        header, rows = _table(diff, column, escape)
        if rows:
            rest = "".join(f"\n\n{line.strip()}" for line in _rest(len(rows)))
            parts.append(f"### By {title}\n\n{table([title, *header[1:]], rows[:MOST_ROWS])}{rest}")
    if diff.parameters:
        rows = [[code(name), code(_value(a)), code(_value(b))] for name, a, b in diff.parameters]
        parts.append(f"### Parameters\n\n{table(['name', 'before', 'after'], rows)}")
    if diff.changes.height:
        lines = "\n".join(f"- {escape(line, 300)}" for line in _ids(diff))
        parts.append(details("Which images", lines))
    return "\n\n".join(parts) + "\n"


def as_json(diff: Diff, pictures: dict[str, Path]) -> str:
    """Return the diff as JSON: versions, counts, by class, split and reason, parameters, and every change."""
    values = {
        "old": _described(diff.old),
        "new": _described(diff.new),
        "counts": diff.counts(),
        **{f"by_{title}": diff.by(column).rename({column: title}).to_dicts() for column, title in COLUMNS.items()},
        "parameters": [{"name": name, "old": before, "new": after} for name, before, after in diff.parameters],
        "changes": diff.changes.to_dicts(),
        "pictures": {kind: path.as_posix() for kind, path in pictures.items()},
    }
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Diff, dict[str, Path]], str]] = {
    "text": as_text,
    "markdown": as_markdown,
    "json": as_json,
}


def _described(data: DataSet) -> dict[str, Any]:
    return {key: data.manifest[key] for key in ("version", "images", "removed", "splits", "classes")}


def _name(data: DataSet) -> str:
    return f"{data.version} ({count(data.manifest['images'])} images)"


def _sizes(diff: Diff) -> str:
    splits = sorted({*diff.old.splits, *diff.new.splits})
    rows = [
        [escape(name), *(count(version.splits.get(name, 0)) for version in (diff.old, diff.new))] for name in splits
    ]
    total = ["all", *(count(version.manifest["images"]) for version in (diff.old, diff.new))]
    return table(["images in", "before", "after"], [*rows, total])


def _counts(diff: Diff) -> str:
    return table(["change", "images"], [[kind, count(images)] for kind, images in diff.counts().items() if images])


def _table(diff: Diff, column: str, shown: Callable[[str], str]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows, most images first: a value of the column, and its images per kind of change."""
    kinds = [kind for kind, images in diff.counts().items() if images]
    wide = diff.by(column).pivot("change", index=column, values="images", aggregate_function="sum")
    numbers = wide.select(column, *kinds).fill_null(0)
    ordered = numbers.sort(pl.sum_horizontal(kinds) if kinds else column, column, descending=[bool(kinds), False])
    rows = [[shown(name), *(count(images) if images else "—" for images in row)] for name, *row in ordered.iter_rows()]
    return [column, *kinds], rows


def _rest(rows: int) -> list[str]:
    return [f"  and {count(rows - MOST_ROWS)} more rows, all in --format json"] if rows > MOST_ROWS else []


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    width = min(60, max(len(row[0]) for row in rows))
    return [f"{shorten(name, width):<{width}}" + "".join(f" {cell:>10}" for cell in row) for name, *row in rows]


def _ids(diff: Diff) -> list[str]:
    """Return a line for each of the first images of each kind of change, and one for those left out."""
    lines = []
    for kind, images in diff.counts().items():
        rows = diff.changes.filter(pl.col("change") == kind).head(MOST_IDS)
        lines += [f"{kind} {visible(row['image_id'])}{_what(row)}" for row in rows.iter_rows(named=True)]
        lines += [f"{kind}: {count(images - MOST_IDS)} more, all in --format json"] if images > MOST_IDS else []
    return lines


def _what(row: dict[str, Any]) -> str:
    who = f", {visible(row['decided_by'])}" if row["decided_by"] else ""
    why = f" ({visible(row['reason'])}{who})"
    if row["change"] == "relabeled":
        return f": {visible(row['old_label'])} -> {visible(row['label'])}{why}"
    if row["change"] == "moved":
        return f": {visible(row['old_split'])} -> {visible(row['split'])}{why}"
    return f": was {visible(row['old_id'])}" if row["change"] == "renamed" else why


def _value(value: Any) -> str:
    return "—" if value is None else visible(json.dumps(value, ensure_ascii=False))
