"""Images that came, went or changed in the source."""

from collections.abc import Iterator

import polars as pl

from dataprep.changes.budget import Block, Rows, Shown, head_of, row
from dataprep.changes.compared import Compared
from dataprep.changes.thumbnails import by_label, by_old_label, image_grid, pair_grid
from dataprep.changes.words import integer, label, names, plural, step
from dataprep.datasets.diff import KINDS
from dataprep.markdown import escape

SHOWN = 24  # rows of classes and splits
TITLES = {
    "added": "added",
    "removed": "removed",
    "renamed": "renamed, with the same bytes",
    "relabeled": "with another label in the source",
    "moved": "moved to another split",
    "changed": "with other bytes under the same name",
}


def images(compared: Compared) -> Iterator[Block]:
    """Yield how many images came, went or changed, by class and split, with pictures and names."""
    before, now = (
        integer(state.metrics.get("images")) if state.images is None else state.images.height
        for state in (compared.old, compared.new)
    )
    if compared.source is None:
        if before != now and not compared.first:
            yield f"### Images in the source\n\n{step(before, now)}; which ones cannot be told."
        return
    if not compared.source.height:
        return
    yield f"### Images in the source: {step(before, now)}"
    yield from _pictures(compared)
    yield _by_class(compared.source)
    for kind in KINDS:
        rows = compared.of_source(kind)
        if rows.height:
            yield _listed(kind, rows)


def _by_class(changes: pl.DataFrame) -> Rows:
    kinds = [kind for kind in KINDS if (changes["change"] == kind).any()]
    wide = (
        changes.group_by("label", "split", "change")
        .agg(n=pl.len())
        .pivot("change", index=["label", "split"], values="n")
    )
    ordered = wide.with_columns(total=pl.sum_horizontal(kinds)).sort(
        "total", "label", "split", descending=[True, False, False]
    )
    lines = [
        row([label(name), escape(split), *("" if n is None else f"{n:,}" for n in rest)])
        for name, split, *rest in ordered.select("label", "split", *kinds).head(SHOWN).iter_rows()
    ]
    head = head_of(("class", "split", *kinds), [False, False, *[True] * len(kinds)])
    return Rows(lines, ordered.height, "rows", head, "By class and split")


def _pictures(compared: Compared) -> Iterator[Block]:
    sides = {"added": compared.new, "removed": compared.old, "relabeled": compared.new}
    for kind, state in sides.items():
        caption = by_old_label if kind == "relabeled" else by_label
        alt = f"Images {TITLES[kind]}, each with its label{' before and now' if kind == 'relabeled' else ' and split'}"
        made = image_grid(state, compared.of_source(kind), f"source-{kind}", alt, caption)
        if made:
            yield Shown(made, f"{plural(compared.of_source(kind).height, 'image')} {TITLES[kind]}:")
    changed = compared.of_source("changed")
    made = (
        pair_grid(compared.old, compared.new, changed, "source-changed", "Images with other bytes, before and now")
        if changed.height
        else None
    )
    if made:
        yield Shown(made, f"{plural(changed.height, 'image')} {TITLES['changed']}:")


def _listed(kind: str, rows: pl.DataFrame) -> Rows:
    title = f"{plural(rows.height, 'image')} {TITLES[kind]}"
    if kind == "renamed":
        return names(title, rows, ("was",), "old_id")
    if kind == "relabeled":
        return names(title, rows, ("before", "now", "split"), "old_label", "label", "split")
    if kind == "moved":
        return names(title, rows, ("before", "now", "class"), "old_split", "split", "label")
    return names(title, rows, ("class", "split"), "label", "split")
