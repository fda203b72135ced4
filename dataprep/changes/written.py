"""What follows for the written data set: images taken out or back in, and corrected labels."""

from collections.abc import Iterator

import polars as pl

from dataprep.changes.budget import Block, Rows, Shown, head_of, row
from dataprep.changes.compared import Compared
from dataprep.changes.thumbnails import by_label, by_old_label, by_reason, image_grid
from dataprep.changes.words import integer, label, names, plural, step
from dataprep.datasets.diff import GONE, NEW
from dataprep.markdown import count, escape
from dataprep.wording import KINDS, wording

SHOWN = 8  # rows of reasons and of labels
BACK = "no longer removed: "


def written(compared: Compared) -> Iterator[Block]:
    """Yield what was taken out, put back and relabeled, by reason, with pictures and names."""
    if compared.written is None:
        yield from _by_metrics(compared)
        return
    out = compared.of_written("removed").filter(pl.col("reason") != GONE)
    back = compared.of_written("added").filter(pl.col("reason") != NEW)
    changed = compared.of_written("relabeled")
    blocks = [*_added(compared), *_out(compared, out), *_back(compared, back), *_changed(compared, changed)]
    if blocks:
        yield "### Written data set"
        yield from blocks


def _by_metrics(compared: Compared) -> Iterator[Block]:
    lines = []
    for name in ("kept", "removed", "relabeled"):
        before, now = (integer(state.metrics.get(name)) for state in (compared.old, compared.new))
        if before != now and not compared.first:
            lines.append(f"- {name}: {step(before, now)}")
    if lines:
        yield "\n".join(["### Written data set", "", *lines])


def _added(compared: Compared) -> Iterator[Block]:
    """Yield what has become of the images that are new in the source, where some of them are not written."""
    came = compared.of_source("added")
    if not came.height or compared.new.removed is None:
        return
    lost = compared.new.removed.join(came, on="image_id", how="semi")
    if lost.height:
        why = "; ".join(f"{reason} ({count(n)})" for reason, _, n in _reasons(lost).head(5).iter_rows())
        added = plural(came.height, "added image")
        yield f"Of the {added} {count(came.height - lost.height)} are written, {count(lost.height)} not: {why}."


def _out(compared: Compared, rows: pl.DataFrame) -> Iterator[Block]:
    if rows.height:
        yield f"**{plural(rows.height, 'image')} taken out:**"
        yield _table(rows)
        made = image_grid(
            compared.old, rows, "written-removed", "Images taken out, each with its label and why", by_reason
        )
        yield from [Shown(made)] if made else []
        listed = names(
            f"{plural(rows.height, 'image')} taken out",
            rows,
            ("class", "reason", "by"),
            "label",
            "reason",
            "decided_by",
        )
        yield listed


def _back(compared: Compared, rows: pl.DataFrame) -> Iterator[Block]:
    if rows.height:
        shown = rows.with_columns(reason=pl.col("reason").str.strip_prefix(BACK))
        yield f"**{plural(rows.height, 'image')} kept again, removed before because:**"
        yield _table(shown)
        made = image_grid(
            compared.new, rows, "written-kept-again", "Images kept again, each with its label and split", by_label
        )
        yield from [Shown(made)] if made else []
        yield names(
            f"{plural(rows.height, 'image')} kept again", shown, ("class", "removed before because"), "label", "reason"
        )


def _changed(compared: Compared, rows: pl.DataFrame) -> Iterator[Block]:
    if rows.height:
        counted = rows.group_by("old_label", "label", "decided_by").agg(n=pl.len())
        counted = counted.sort("n", "old_label", "label", "decided_by", descending=[True, False, False, False])
        lines = [
            row([f"{label(old)} → {label(new)}", escape(who or "the source"), count(n)])
            for old, new, who, n in counted.head(SHOWN).iter_rows()
        ]
        yield f"**{plural(rows.height, 'label')} changed:**"
        if counted.height < rows.height:  # else the list of images says the same
            yield Rows(lines, counted.height, "rows", head_of(("before → now", "by", "images"), [False, False, True]))
        alt = "Images whose label changed, each with the label before and now and who decided"
        made = image_grid(compared.new, rows, "written-relabeled", alt, by_old_label)
        yield from [Shown(made)] if made else []
        header = ("before", "now", "reason", "by")
        yield names(
            f"{plural(rows.height, 'label')} changed, by image",
            rows,
            header,
            "old_label",
            "label",
            "reason",
            "decided_by",
        )


def _table(rows: pl.DataFrame) -> Rows:
    counted = _reasons(rows)
    lines = [row([reason, escape(who or "—"), count(n)]) for reason, who, n in counted.head(SHOWN).iter_rows()]
    return Rows(lines, counted.height, "reasons", head_of(("reason", "decided by", "images"), [False, False, True]))


def _reasons(rows: pl.DataFrame) -> pl.DataFrame:
    """Return reason in words (Markdown), decided_by and images, most first; notes and causes do not count apart."""
    plain = rows.select(pl.col("reason").str.split(":").list.first(), "decided_by")
    counted = plain.group_by("reason", "decided_by").agg(n=pl.len())
    said = [wording(reason).title.lower() if reason in KINDS else escape(reason) for reason in counted["reason"]]
    return counted.with_columns(reason=pl.Series(said, dtype=pl.String)).sort(
        "n", "reason", "decided_by", descending=[True, False, False]
    )
