"""The picture of what augmentation changes: from which value on, operation by operation and class by class."""

from collections.abc import Sequence
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from dataprep.config import OPERATIONS
from dataprep.report import palette
from dataprep.report.lettering import drawable
from dataprep.report.plots import SMALL, render
from dataprep.wording import operation_value, operation_wording

MOST_CLASSES = 12  # in a map that still reads
LATEST = 0.12  # of the color map, for what begins at the last value tried
TEXT = 11  # points
ASIDE = 3.2  # inches for the names of rows
ROOM, WIDE = 7.8, 0.95  # inches for all columns, and for the widest
LONGEST = 16  # letters of a class
LETTER = 0.115  # inches

Cells = dict[tuple[str, int, str], dict[str, Any]]  # by operation, side and label


def beginnings(audit: pl.DataFrame, names: Sequence[str]) -> bytes | None:
    """Return a map of the mildest values that change a class: a row per operation and side, a column per class.

    The darker, the milder; white where no value does. Below it, where a value makes another class of it, which one and
    where that is clearest. Framed is what is in use. Rows without a change are left out, and of many classes those that
    change least often; None when nothing changes.
    """
    single = audit.filter(pl.col("step") != 0).with_columns(side=pl.col("step").sign())
    tried = single.group_by("operation", "side").agg(pl.col("step").abs().max())
    steps = {(name, side): int(most) for name, side, most in tried.iter_rows()}
    mildest_last = single.filter("changes").sort(pl.col("step").abs(), descending=True)
    first, other = _last(mildest_last), _last(single.filter("another").sort("gain"))
    order = list(OPERATIONS)
    lines = sorted({(name, side) for name, side, _ in first}, key=lambda line: (order.index(line[0]), line[1]))
    if not lines:
        return None
    shown = _most_changed(first, names)
    used = set(audit.filter(pl.col("in_use"))["operation"])

    width = min(WIDE, ROOM / len(shown))
    letters = int((width - 0.06) / LETTER)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.set(xlim=(-0.5, len(shown) - 0.5), ylim=(len(lines) - 0.5, -0.5))
        for row, (name, side) in enumerate(lines):
            for column, label in enumerate(shown):
                key = (name, side, label)
                _cell(axes, (column, row), steps[name, side], first.get(key), other.get(key), letters)
        _name(axes, lines, shown, used)
        rest = len(names) - len(shown)
        note = f"\nnot shown, as they change less often: {rest} of {len(names)} classes" if rest else ""
        _legend(figure, any(row["in_use"] for row in first.values()), bool(used), note)

    heading = LETTER * max(len(drawable(name, LONGEST)) for name in shown) if _upright(shown) else 0.0
    return render(draw, ASIDE + width * max(len(shown), 6), 1.5 + 0.46 * len(lines) + heading)


def _legend(figure: Figure, framed: bool, used: bool, rest: str) -> None:
    marks = [
        Patch(fc=palette.AMOUNT(1.0), label="changes soon"),
        Patch(fc=palette.AMOUNT(LATEST), label="changes late"),
        Patch(fc="white", ec=palette.RULE, label="never changes"),
    ]
    if framed:
        marks.append(Patch(fc="white", ec=palette.BAD, lw=3, label="changes in use"))
    figure.legend(handles=marks, loc="outside upper center", ncols=4, frameon=False, fontsize=SMALL)
    bold = "; bold rows: in use" if used else ""
    note = f"number: where it begins; →: what the class then becomes{bold}{rest}"
    figure.supxlabel(note, fontsize=SMALL, color=palette.MUTED)


def _last(rows: pl.DataFrame) -> Cells:
    return {(row["operation"], row["side"], row["label"]): row for row in rows.iter_rows(named=True)}


def _most_changed(first: Cells, names: Sequence[str]) -> list[str]:
    often = {name: sum(label == name for _, _, label in first) for name in names}
    chosen = set(sorted(names, key=lambda name: -often[name])[:MOST_CLASSES])
    return [name for name in names if name in chosen]


def _cell(
    axes: Axes,
    place: tuple[int, int],
    steps: int,
    first: dict[str, Any] | None,
    other: dict[str, Any] | None,
    letters: int,
) -> None:
    column, row = place
    corner = (column - 0.48, row - 0.46)
    if first is None:
        axes.add_patch(Rectangle(corner, 0.96, 0.92, fc="white", ec=palette.RULE, lw=1))
        return
    late = (abs(first["step"]) - 1) / (steps - 1) if steps > 1 else 0.0
    color = palette.AMOUNT(1 - (1 - LATEST) * late)
    axes.add_patch(Rectangle(corner, 0.96, 0.92, color=color, lw=0))
    text = "yes" if OPERATIONS[first["operation"]].key is None else _value(first)
    if other is not None:
        text += f"\n{_becomes(other, other['value'] != first['value'], letters)}"
    ink, weight = palette.ink_on(color), ("normal" if other is None else "bold")
    axes.text(column, row, text, ha="center", va="center", fontsize=TEXT, color=ink, weight=weight, linespacing=1.0)
    if first["in_use"]:
        axes.add_patch(Rectangle((column - 0.45, row - 0.43), 0.9, 0.86, fill=False, ec=palette.BAD, lw=3.5))


def _becomes(other: dict[str, Any], later: bool, letters: int) -> str:
    """Return the class that it becomes, and from where on if that is `later` and there is room."""
    at = f" {_value(other)}" if later else ""
    into = f"→{drawable(other['becomes'])}{at}"
    return into if len(into) <= letters else f"→{drawable(other['becomes'], LONGEST)[: letters - 2]}…"


def _value(row: dict[str, Any]) -> str:
    return operation_value(row["operation"], row["value"], unit=False)


def _name(axes: Axes, lines: Sequence[tuple[str, int]], shown: Sequence[str], used: set[str]) -> None:
    axes.set_yticks(range(len(lines)), [_line(name, side) for name, side in lines], fontsize=13)
    for tick, (name, _) in zip(axes.get_yticklabels(), lines, strict=True):
        tick.set_fontweight("bold" if name in used else "normal")
    labels = [drawable(name, LONGEST) for name in shown]
    axes.set_xticks(range(len(labels)), labels, rotation=90 if _upright(shown) else 0)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _upright(shown: Sequence[str]) -> bool:
    return max(len(drawable(name, LONGEST)) for name in shown) > 4


def _line(name: str, side: int) -> str:
    words = operation_wording(name)
    title = f"{words.title} {words.more if side > 0 else words.less}".strip()
    return f"{title}, {words.unit.strip()}" if words.unit else title
