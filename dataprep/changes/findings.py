"""What the detectors find: per kind before and now, new and gone, and the worst of what is new."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from dataprep.changes.budget import Block, Rows, Shown, head_of, row
from dataprep.changes.compared import Compared, Kind
from dataprep.changes.thumbnails import GROUPS, group_grid, image_grid
from dataprep.changes.words import UNKNOWN, names, plural, signed
from dataprep.markdown import count, escape
from dataprep.report.grids import Picture, label_lines
from dataprep.report.pictures import certainty
from dataprep.wording import in_order, wording

PICTURES = 4  # kinds whose worst new images are shown
LISTED = 6  # kinds whose images are named
SHOWN = 40  # kinds in the table


def findings(compared: Compared) -> Iterator[Block]:
    """Yield a table of the kinds that any report found, gravest first, then pictures and names of what is new."""
    known = {kind.name: kind for kind in compared.findings}
    kinds = [known[name] for name in in_order(list(known))]
    kinds = [kind for kind in kinds if kind.before or kind.after or (kind.gone is not None and kind.gone.height)]
    if not kinds:
        return
    differing = [kind for kind in kinds if _differs(kind)]
    shown = kinds if compared.first else differing
    yield "### Findings"
    if not shown:
        yield f"The same as before, of {plural(len(kinds), 'kind')}."
        return
    lines = [(_present if compared.first else _line)(kind) for kind in shown[:SHOWN]]
    yield Rows(lines, len(shown), "kinds", _FIRST if compared.first else _HEAD)
    if len(shown) < len(kinds):
        yield f"Of {plural(len(kinds) - len(shown), 'other kind')} the findings are the same as before."
    fresh = [kind for kind in differing if kind.came is not None and kind.came.height]
    yield from _pictures(compared, fresh)
    for kind in fresh[:LISTED]:
        assert kind.came is not None
        title = (
            f"{plural(kind.came.height, 'image')} {_newly(compared)}: {escape(wording(kind.name).title.lower(), 60)}"
        )
        yield names(title, kind.came, ("class", "split", "suggested"), "label", "split", "suggested_label")


_FIRST = head_of(("kind", "images"), [False, True])
_HEAD = head_of(("kind", "before", "now", "change", "new", "of these in added images", "gone"), [False, *[True] * 6])


def _differs(kind: Kind) -> bool:
    moved = any(rows is not None and rows.height for rows in (kind.came, kind.gone))
    return moved or kind.before != kind.after


def _newly(compared: Compared) -> str:
    return "found" if compared.first else "newly found"


def _present(kind: Kind) -> str:
    return row([escape(wording(kind.name).title, 60), UNKNOWN if kind.after is None else count(kind.after)])


def _line(kind: Kind) -> str:
    change = signed(kind.after - kind.before) if kind.before is not None and kind.after is not None else ""
    new, gone = (UNKNOWN if rows is None else count(rows.height) for rows in (kind.came, kind.gone))
    ours = UNKNOWN if kind.came is None else count(kind.added)
    numbers = [UNKNOWN if n is None else count(n) for n in (kind.before, kind.after)]
    return row([escape(wording(kind.name).title, 60), *numbers, change, new, ours, gone])


def _pictures(compared: Compared, kinds: list[Kind]) -> Iterator[Block]:
    made = 0
    for kind in kinds:
        if made == PICTURES or kind.came is None:
            return
        if kind.name == "unreadable":  # there is nothing to be seen
            continue
        title = wording(kind.name).title
        picture = _picture(compared, kind, kind.came, f"new-{made + 1}", title)
        if picture:
            made += 1
            yield Shown(picture, f"**{escape(title, 60)}**, {_newly(compared)}, the worst first:")


def _picture(compared: Compared, kind: Kind, came: pl.DataFrame, name: str, title: str) -> Picture | None:
    """Return the worst of what is new; images that belong together stand side by side, those found before as well."""
    groups = came["group"].drop_nulls().unique(maintain_order=True).to_list()
    if not groups or compared.new.issues is None or compared.new.images is None:
        alt = f"{title}: {_newly(compared)}, the worst first, each with its label"
        return image_grid(compared.new, came, name, alt, _caption)
    members = compared.new.issues.filter((pl.col("issue") == kind.name) & pl.col("group").is_in(groups))
    described = members.join(compared.new.images.select("image_id", "label", "split"), on="image_id", how="left")
    boxes = [described.filter(pl.col("group") == group).sort("image_id") for group in groups[:GROUPS]]
    alt = f"{title}: groups with images {_newly(compared)}, each with label and split"
    return group_grid(compared.new, boxes, len(groups), name, alt)


def _caption(row_: dict[str, Any]) -> tuple[tuple[str, ...], int | None]:
    lines, accent = label_lines(row_["label"], row_["suggested_label"])
    sure = row_["suggested_probability"]
    return (*lines, f"score {row_['score']:.2f}" if sure is None else certainty(sure)), accent
