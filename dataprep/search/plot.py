"""The picture of a search: an axis per parameter, a line per trial."""

import math
import statistics
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dataprep.config import Choices, Span
from dataprep.report.lettering import drawable
from dataprep.report.palette import AMOUNT, GRAY, MUTED
from dataprep.report.plots import SMALL, render
from dataprep.search.results import Outcome, ranked, written
from dataprep.search.space import position

CLOSEST = 0.07  # of an axis: tick labels nearer than this would overlap
REACH = 3.0  # times the distance from the best to the median accuracy: what lies below is drawn at the bottom
PALEST = 0.3  # of the color map, for the worst trial: paler lines are lost on paper
LEAST_WIDTH = 9.0  # inches, for the caption
STEPS = [1, 2, 5, 10]


def parallel_coordinates(outcomes: Sequence[Outcome], space: dict[str, Span | Choices]) -> bytes:
    """Return a PNG with one axis per parameter in its own scale and the accuracy as the last.

    One line per drawn trial with a result, colored by accuracy, the best drawn thick; the failed ones and what
    params.yaml itself reaches are told below. At least one drawn trial has a result.
    """
    best = ranked([outcome for outcome in outcomes if outcome.number])
    low, high = _reach([outcome.accuracy for outcome in best])

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for rank, outcome in reversed(list(enumerate(best))):
            heights = [position(axis, outcome.values[key]) for key, axis in space.items()]
            heights.append(max(0.0, (outcome.accuracy - low) / (high - low)))
            axes.plot(heights, color=AMOUNT(max(PALEST, heights[-1])), linewidth=1.6 if rank else 5.0, zorder=2)
        for place, (key, axis) in enumerate(space.items()):
            log = isinstance(axis, Span) and axis.scale == "log"
            _scale(axes, place, f"{key}\n(log)" if log else key, _ticks(axis))
        clipped = best[-1].accuracy < low
        _scale(axes, len(space), "out-of-fold\naccuracy", _shares(low, high, clipped), side=1)
        axes.set(xlim=(-0.45, len(space) + 0.5), ylim=(-0.04, 1.04))
        axes.axis("off")
        figure.supxlabel(_caption(outcomes, best[0]), fontsize=SMALL, color=MUTED)

    return render(draw, max(LEAST_WIDTH, 0.6 + 1.8 * (len(space) + 1)), 5.2)


def _reach(accuracies: list[float]) -> tuple[float, float]:
    """Return the ends of the accuracy axis: a few hopeless trials would press all others together."""
    high = max(accuracies)
    low = max(min(accuracies), high - REACH * (high - statistics.median(accuracies)))
    return (low, high) if low < high else (min(min(accuracies), high - 0.01), high)


def _scale(axes: Axes, place: int, title: str, ticks: list[tuple[float, str]], side: int = -1) -> None:
    axes.plot([place, place], [0, 1], color=GRAY, linewidth=1, zorder=1)
    axes.text(place, 1.06, title, ha="center", va="bottom", fontsize=13)
    box: Any = {"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 0.8}
    for height, label in ticks:
        axes.plot([place, place + 0.03 * side], [height, height], color=GRAY, linewidth=1, zorder=1)
        beside: Any = {"ha": "left" if side > 0 else "right", "va": "center", "bbox": box, "zorder": 3}
        axes.text(place + 0.05 * side, height, label, fontsize=12, **beside)


def _ticks(axis: Span | Choices) -> list[tuple[float, str]]:
    """Return height and label: all choices, or both ends of a span and round numbers between them."""
    if isinstance(axis, Choices):
        return [(position(axis, choice), drawable(written(choice), 16)) for choice in axis.choices]
    found = [(0.0, f"{axis.low:g}"), (1.0, f"{axis.high:g}")]
    for value in _round_numbers(axis):
        height = position(axis, value)
        if all(abs(height - taken) >= CLOSEST for taken, _ in found):
            found.append((height, f"{value:g}"))
    return found


def _round_numbers(axis: Span) -> list[float]:
    if axis.scale == "linear":
        values = MaxNLocator(5, steps=STEPS, integer=axis.integer).tick_values(axis.low, axis.high)
    else:
        decades = range(math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high)) + 1)
        values = [10.0**decade for decade in decades]
        if len(decades) <= 4:
            values += [step * 10.0**decade for step in (2, 5) for decade in decades]
    return [float(f"{value:.6g}") for value in values if axis.low < value < axis.high]


def _shares(low: float, high: float, clipped: bool) -> list[tuple[float, str]]:
    bottom = f"≤ {_percent(low)}" if clipped else _percent(low)
    inner = [value for value in MaxNLocator(5, steps=STEPS).tick_values(low, high) if low < value < high]
    found = [(0.0, bottom), (1.0, _percent(high))]
    for value in inner:
        height = (value - low) / (high - low)
        if CLOSEST <= height <= 1.0 - CLOSEST:
            found.append((height, _percent(value)))
    return found


def _percent(value: float, _: Any = None) -> str:
    return f"{100 * value:.1f}%"


def _caption(outcomes: Sequence[Outcome], best: Outcome) -> str:
    drawn = [outcome for outcome in outcomes if outcome.number]
    failed = sum(not outcome.done for outcome in drawn)
    parts = [f"{len(drawn) - failed} trials; thick: the best, {best.name}, {_percent(best.accuracy)}"]
    parts += [f"{failed} failed and are left out" if failed > 1 else "1 failed and is left out"] * bool(failed)
    own = next((outcome for outcome in outcomes if outcome.number == 0 and outcome.done), None)
    parts += [f"the parameters as they are: {_percent(own.accuracy)}"] if own else []
    return "; ".join(parts)
