"""The health numbers before and now, each with its interval, and which of them moved."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dataprep.changes.budget import Block, Rows, head_of, row
from dataprep.changes.compared import Compared
from dataprep.changes.words import UNKNOWN
from dataprep.markdown import escape
from dataprep.wording import KINDS, wording

SIDES = {"health": "as it came in", "health_written": "as written"}
MOST = 24


@dataclass(frozen=True)
class Share:
    """A share of the images, 0 to 1, and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.value:.1f}% ({100 * self.low:.1f} to {100 * self.high:.1f})"


def health(compared: Compared) -> Iterator[Block]:
    """Yield a table per side of the cleaning; nothing where no report has such numbers."""
    lines = []
    for key, side in SIDES.items():
        before, now = (_shares(state.metrics.get(key)) for state in (compared.old, compared.new))
        for name in sorted({*before, *now}, key=lambda name: (list(KINDS).index(name) if name in KINDS else -1, name)):
            lines.append(row([*_cells(name, before.get(name), now.get(name)), side]))
    if lines:
        yield "### Health"
        head = head_of(("share of the images", "before", "now", "moved?", "images"), [False, True, True, False, False])
        yield Rows(lines[: 2 * MOST], len(lines), "numbers", head)
        yield "In parentheses 95% intervals; **▲** up, **▼** down where they do not meet, so that it is hardly chance."


def moved(before: Share, now: Share) -> int:
    """Return 1 or -1 where the share rose or fell by more than its uncertainty (the intervals do not meet), else 0."""
    return (now.low > before.high) - (now.high < before.low)


def _cells(name: str, before: Share | None, now: Share | None) -> list[str]:
    title = wording(name).title if name in KINDS else name.replace("_", " ").capitalize()
    sign = {1: "**▲**", -1: "**▼**", 0: ""}[moved(before, now) if before and now else 0]
    return [escape(title, 60), *(UNKNOWN if share is None else str(share) for share in (before, now)), sign]


def _shares(values: Any) -> dict[str, Share]:
    """Return the shares of a report; what is not as expected is left out: other versions may write other things."""
    found = {}
    for name, value in values.items() if isinstance(values, dict) else ():
        numbers = [value.get(key) for key in ("value", "low", "high")] if isinstance(value, dict) else []
        known = [float(number) for number in numbers if isinstance(number, (int, float))]
        if len(known) == 3:
            found[str(name)] = Share(*known)
    return found
