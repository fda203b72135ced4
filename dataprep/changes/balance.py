"""Images per class before and now."""

from collections.abc import Iterator

import polars as pl

from dataprep.changes.bars import MOST_BARS, balance_bars
from dataprep.changes.budget import Block, Rows, Shown, head_of, row
from dataprep.changes.compared import Compared
from dataprep.changes.words import label, plural, signed
from dataprep.markdown import count
from dataprep.report.grids import Picture

MOST = 30  # rows of the table
SIDES = {"came in": ("before", "now"), "written": ("written_before", "written_now")}


def balance(compared: Compared) -> Iterator[Block]:
    """Yield a table and a picture of the classes; of very many those that changed most."""
    rows = compared.balance
    sides = {side: pair for side, pair in SIDES.items() if not any(rows[name].null_count() for name in pair)}
    if compared.first:
        yield from _present(rows)
        return
    if not rows.height or not sides:
        return
    yield "### Classes"
    differ = {side: pair for side, pair in sides.items() if (rows[pair[0]] != rows[pair[1]]).any()}
    for side in sides:
        if side not in differ:
            yield f"As {'they ' if side == 'came in' else ''}{side}, all classes have as many images as before."
    if not differ:
        return
    move = pl.max_horizontal((pl.col(now) - pl.col(before)).abs() for before, now in differ.values())
    moved = rows.with_columns(move=move).filter(pl.col("move") > 0).sort("move", descending=True, maintain_order=True)
    listed = rows if rows.height <= MOST else moved
    lines = [_line(values, list(differ.values())) for values in listed.head(MOST).iter_rows(named=True)]
    header = [cell for side in differ for cell in (f"{side}, before", "now", "change")]
    head = head_of(("class", *header), [False, *[True] * len(header)])
    if rows.height > MOST:
        same = plural(rows.height - moved.height, "class", "classes")
        yield f"{same} of {count(rows.height)} have as many images as before."
    side = "written" if "written" in differ else "came in"
    yield Shown(_picture(rows, moved, side))
    yield Rows(lines, listed.height, "classes", head, "Images per class, before and now")


def _present(rows: pl.DataFrame) -> Iterator[Block]:
    """Yield the classes of a first report, the largest first."""
    known = {side: now for side, (_, now) in SIDES.items() if not rows[now].null_count()}
    if rows.height and known:
        ordered = rows.sort(next(iter(known.values())), descending=True, maintain_order=True)
        chosen = ordered.select("label", *known.values()).head(MOST).iter_rows()
        lines = [row([label(name), *map(count, numbers)]) for name, *numbers in chosen]
        yield "### Classes"
        yield Rows(lines, rows.height, "classes", head_of(("class", *known), [False, *[True] * len(known)]))


def _line(values: dict[str, int], pairs: list[tuple[str, str]]) -> str:
    name = values["label"]
    cells = [label(None if name is None else str(name))]
    for before, now in pairs:
        cells += [count(values[before]), count(values[now]), signed(values[now] - values[before])]
    return row(cells)


def _picture(rows: pl.DataFrame, moved: pl.DataFrame, side: str) -> Picture:
    chosen = rows
    if rows.height > MOST_BARS:
        chosen = rows.join(moved.head(MOST_BARS).select("label"), on="label", how="semi", nulls_equal=True)
    what = "images per class, as written" if side == "written" else "images per class, as they came in"
    part = f", the {chosen.height} classes that changed most of {rows.height}" if chosen.height < rows.height else ""
    before, now = SIDES[side]
    drawn = chosen.select("label", before=before, now=now)
    return Picture("classes.png", f"{what.capitalize()}, before and now{part}", balance_bars(drawn, what))
