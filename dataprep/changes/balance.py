"""Images per class before and now."""

from collections.abc import Iterator

import polars as pl

from dataprep.changes.bars import MOST_BARS, balance_bars
from dataprep.changes.budget import Block, Rows, Shown, head_of, row
from dataprep.changes.compared import Compared
from dataprep.changes.words import UNKNOWN, label, plural, signed
from dataprep.markdown import count
from dataprep.report.grids import Picture

MOST = 30  # rows of the table


def balance(compared: Compared) -> Iterator[Block]:
    """Yield a table and a picture of the classes; of very many those that changed most."""
    rows = compared.balance
    source, written = (_known(rows, *names) for names in (("before", "now"), ("written_before", "written_now")))
    if compared.first or not rows.height or not (source or written):
        return
    move = pl.max_horizontal(
        *((pl.col(b) - pl.col(a)).abs() for a, b in (("before", "now"), ("written_before", "written_now")))
    ).fill_null(0)
    moved = rows.with_columns(move=move).filter(pl.col("move") > 0)
    yield "### Classes"
    if not moved.height:
        yield f"All {plural(rows.height, 'class', 'classes')} have as many images as before."
        return
    listed = rows if rows.height <= MOST else moved.sort("move", descending=True, maintain_order=True)
    header = ("class", "came in, before", "now", "change", "written, before", "now", "change")
    lines = [_line(r) for r in listed.head(MOST).iter_rows()] if rows.height else []
    yield Rows(lines, listed.height, "classes that changed", head_of(header, [False, *[True] * 6]))
    if rows.height > MOST:
        same = plural(rows.height - moved.height, "class", "classes")
        yield f"{same} of {count(rows.height)} have as many images as before."
    yield Shown(_picture(rows, moved, written))


def _known(rows: pl.DataFrame, *names: str) -> bool:
    return all(name in rows.columns and not rows[name].null_count() for name in names)


def _line(values: tuple[str | None, int | None, int | None, int | None, int | None]) -> str:
    name, *numbers = values
    cells = [label(name)]
    for before, now in (numbers[:2], numbers[2:4]):
        change = signed(now - before) if before is not None and now is not None else ""
        cells += [*(UNKNOWN if n is None else count(n) for n in (before, now)), change]
    return row(cells)


def _picture(rows: pl.DataFrame, moved: pl.DataFrame, written: bool) -> Picture:
    names = ("written_before", "written_now") if written else ("before", "now")
    chosen = rows
    if rows.height > MOST_BARS:
        keys = moved.sort("move", descending=True, maintain_order=True).head(MOST_BARS)
        chosen = rows.join(keys.select("label"), on="label", how="semi", nulls_equal=True)
    what = "images per class, as written" if written else "images per class, as they came in"
    part = f", the {chosen.height} classes that changed most of {rows.height}" if chosen.height < rows.height else ""
    drawn = chosen.select("label", before=names[0], now=names[1])
    return Picture("classes.png", f"{what.capitalize()}, before and now{part}", balance_bars(drawn, what))
