"""The picture of what augmentation changes: from which value on, operation by operation and class by class."""

import io
from collections.abc import Sequence
from typing import Any

import polars as pl
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from dataprep.config import OPERATIONS
from dataprep.report.lettering import drawable
from dataprep.report.plots import COLORS, render
from dataprep.wording import operation_value, operation_wording

MOST_CLASSES = 20  # in a map that still reads
NEVER = "#efefef"
LIGHT = 0.9  # of the color map, for what begins at the last value tried
TEXT = 9.5  # points
COLORS_KEPT = 64
LONGEST = 16  # letters of a class
LETTER = 0.12  # inches

Cells = dict[tuple[str, int, str], dict[str, Any]]  # by operation, side and label


def beginnings(audit: pl.DataFrame, names: Sequence[str]) -> bytes | None:
    """Return a map of the mildest values that change a class: a row per operation and side, a column per class.

    The darker, the milder; gray where no value does. Below it, where a value makes another class of it, which one and
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

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.set(xlim=(-0.5, len(shown) - 0.5), ylim=(len(lines) - 0.5, -0.5))
        for row, (name, side) in enumerate(lines):
            for column, label in enumerate(shown):
                key = (name, side, label)
                _cell(axes, (column, row), steps[name, side], first.get(key), other.get(key))
        _name(axes, lines, shown, used)
        rest = len(names) - len(shown)
        note = f"\n{rest} classes that change less often are not shown" if rest else ""
        legend = "dark: changes soon; gray: never; →: into which class\nbold: in use; framed: changes in use"
        axes.set_xlabel(legend + note, fontsize=11)

    width = 0.8 if any(len(drawable(row["becomes"])) > 2 for row in other.values()) else 0.66
    heading = LETTER * max(len(drawable(name, LONGEST)) for name in shown) if _upright(shown) else 0.0
    return _small(render(draw, 3.8 + width * max(len(shown), 5), 1.6 + 0.42 * len(lines) + heading))


def _small(png: bytes) -> bytes:
    """Return the picture in few colors, all that it has but for the edges of letters: a quarter of the size."""
    stream = io.BytesIO()
    drawn = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLORS_KEPT, dither=Image.Dither.NONE)
    drawn.save(stream, format="PNG", optimize=True)
    return stream.getvalue()


def _last(rows: pl.DataFrame) -> Cells:
    return {(row["operation"], row["side"], row["label"]): row for row in rows.iter_rows(named=True)}


def _most_changed(first: Cells, names: Sequence[str]) -> list[str]:
    often = {name: sum(label == name for _, _, label in first) for name in names}
    chosen = set(sorted(names, key=lambda name: -often[name])[:MOST_CLASSES])
    return [name for name in names if name in chosen]


def _cell(
    axes: Axes, place: tuple[int, int], steps: int, first: dict[str, Any] | None, other: dict[str, Any] | None
) -> None:
    column, row = place
    if first is None:
        axes.add_patch(Rectangle((column - 0.48, row - 0.46), 0.96, 0.92, color=NEVER, lw=0))
        return
    late = (abs(first["step"]) - 1) / (steps - 1) if steps > 1 else 0.0
    color = colormaps["cividis"](LIGHT * late)
    axes.add_patch(Rectangle((column - 0.48, row - 0.46), 0.96, 0.92, color=color, lw=0))
    plain = OPERATIONS[first["operation"]].key is None
    text = "yes" if plain else operation_value(first["operation"], first["value"], unit=False)
    if other is not None:
        at = (
            ""
            if other["value"] == first["value"]
            else f" {operation_value(other['operation'], other['value'], unit=False)}"
        )
        text += f"\n→{drawable(other['becomes'], 6)}{at}"
    ink, weight = ("white" if late < 0.5 else "black"), ("normal" if other is None else "bold")
    axes.text(column, row, text, ha="center", va="center", fontsize=TEXT, color=ink, weight=weight, linespacing=1.1)
    if first["in_use"]:
        axes.add_patch(Rectangle((column - 0.44, row - 0.42), 0.88, 0.84, fill=False, ec=COLORS[5], lw=3.5))


def _name(axes: Axes, lines: Sequence[tuple[str, int]], shown: Sequence[str], used: set[str]) -> None:
    axes.set_yticks(range(len(lines)), [_line(name, side) for name, side in lines], fontsize=11)
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
