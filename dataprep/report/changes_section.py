"""What was done to the data: before and after, why images went, and which got another label."""

from collections.abc import Iterator
from functools import partial

import polars as pl

from dataprep.markdown import code, count, details, escape, shorten, table
from dataprep.report.assessment import Assessment
from dataprep.report.behind import linked
from dataprep.report.facts import relabeled, remaining_findings, sizes
from dataprep.report.grids import Picture, Tile, encode, grid, label_lines
from dataprep.report.inputs import Inputs, row_numbers
from dataprep.report.lettering import drawable
from dataprep.report.numbers import counts_by
from dataprep.report.pictures import budget
from dataprep.report.views import View
from dataprep.wording import in_order, wording

LISTED_CHANGES = 30
MOST_SPLITS = 8


def section(inputs: Inputs, found: Assessment) -> Iterator[str | Picture]:
    """Yield the section's blocks and pictures in order."""
    yield "## What was done"
    yield "What people and the policy (`clean.policy`) changed. Of each kind of finding: how many images it flags."
    yield table(("", "came in", "written", "change"), list(_rows(inputs, found)))
    yield from _removals(inputs)
    yield from _relabeled(inputs)


def _rows(inputs: Inputs, found: Assessment) -> Iterator[tuple[str, ...]]:
    state = found.facts.state
    kept = state.filter("kept")
    row = partial(_row, inputs)
    yield row("images", state.height, kept.height, View(), View(state="kept"))
    splits = sizes(state, "split")
    for name in list(splits)[:MOST_SPLITS]:
        there = kept.filter(pl.col("split") == name).height
        view = View(split=name)
        yield row(f"split {code(name, 40)}", splits[name], there, view, View(split=name, state="kept"))
    before, after = sizes(state, "given"), sizes(kept, "now")
    yield row("classes", len(before), len(after))
    if before and after:
        for word, pick in (("smallest", -1), ("largest", 0)):
            (old, was), (new, now) = list(before.items())[pick], list(after.items())[pick]
            names = escape(old, 30) if old == new else f"{escape(old, 30)}, then {escape(new, 30)}"
            yield row(f"{word} class ({names})", was, now, View(label=old), View(label=new, state="kept"))
    left = sizes(remaining_findings(inputs, found.facts), "issue")
    flagged = sizes(inputs.issues.filter("is_issue"), "issue")
    for kind in in_order(list(flagged)):
        views = View(issue=kind), View(issue=kind, state="kept")
        yield row(wording(kind).title.lower(), flagged[kind], left.get(kind, 0), *views)
    yield row("augmented copies", 0, inputs.augmented_index.height)


def _row(
    inputs: Inputs, name: str, before: int, after: int, first: View | None = None, second: View | None = None
) -> tuple[str, ...]:
    change = "—" if before == after else f"{after - before:+,}".replace("-", "−")
    shown = (
        count(number) if view is None else linked(inputs, number, view)
        for number, view in ((before, first), (after, second))
    )
    return name, *shown, change


def _removals(inputs: Inputs) -> Iterator[str]:
    reason = pl.col("reason").str.split(":").list.first()
    counted = counts_by(inputs.removed.with_columns(reason), "reason", "decided_by")
    if not counted.height:
        yield "No image was removed."
        return
    yield "Why images went:"
    rows = [(_reason(why), escape(who), count(n)) for why, who, n in counted.iter_rows()]
    yield table(("removed because", "decided by", "images"), rows)


def _reason(reason: str) -> str:
    return escape(reason) if reason.startswith(("decision", "no label")) else wording(reason).title


def _relabeled(inputs: Inputs) -> Iterator[str | Picture]:
    changed = relabeled(inputs.kept)
    if not changed.height:
        return
    link = View(state="relabeled").link(count(changed.height))
    yield f"{link} {'image' if changed.height == 1 else 'images'} got another label:"
    numbers = row_numbers(inputs.images)
    tiles = []
    for row in changed.head(inputs.params.report.worst).iter_rows(named=True):
        lines, accent = label_lines(row["given_label"], row["label"])
        tiles.append(Tile(inputs.pixels[numbers[row["image_id"]]], (*lines, drawable(row["decided_by"] or "")), accent))
    first = changed.row(0, named=True)
    alt = (
        f"{len(tiles)} of {changed.height:,} relabeled images, each with its given and new label and who decided; the "
        f"first from {shorten(first['given_label'] or 'none', 40)} to {shorten(first['label'], 40)}"
    )
    yield encode(grid(tiles), "relabeled", alt, budget(inputs))
    listed = [
        (code(row["image_id"]), code(row["given_label"]), code(row["label"]), escape(row["decided_by"] or ""))
        for row in changed.head(LISTED_CHANGES).iter_rows(named=True)
    ]
    more = f"\n\nand {count(changed.height - len(listed))} more" if changed.height > len(listed) else ""
    body = table(("image", "given", "now", "decided by"), listed) + more
    yield details(f"{count(changed.height)} relabeled {'image' if changed.height == 1 else 'images'}, by name", body)
