"""The health numbers before and now, each with its interval, and which of them moved."""

from collections.abc import Iterator
from typing import Any

from dataprep.changes.budget import Block, Rows, head_of, row
from dataprep.changes.compared import Compared
from dataprep.changes.words import UNKNOWN, plural
from dataprep.markdown import escape
from dataprep.report.intervals import Share
from dataprep.wording import HEALTH, health_wording

SIDES = {"health": "came in", "health_written": "written"}
MOST = 24  # kinds


def health(compared: Compared) -> Iterator[Block]:
    """Yield a table, a row per kind, gravest first; kinds that are as before open on a click.

    Nothing where no report has such numbers.
    """
    before, now = ([_shares(state.metrics.get(side)) for side in SIDES] for state in (compared.old, compared.new))
    names = {name for shares in (*before, *now) for name in shares}
    order = list(HEALTH)
    ordered = sorted(names, key=lambda name: (order.index(name) if name in order else len(order), name))
    differ = [name for name in ordered if any(a.get(name) != b.get(name) for a, b in zip(before, now, strict=True))]
    same = [name for name in ordered if name not in differ]
    header = [f"{side}, {when}" for side in SIDES.values() for when in ("before", "now")]
    head = head_of(("images as they should be", *header), [False, *[True] * 4])
    for listed, title in ((differ, None), (same, f"{plural(len(same), 'kind')} of health as before")):
        if listed:
            yield "### Health" if listed is differ or not differ else ""
            lines = [_line(name, before, now) for name in listed[:MOST]]
            yield Rows(lines, len(listed), "kinds", head, title)
    if differ:
        yield _KEY


def _line(name: str, before: list[dict[str, Share]], now: list[dict[str, Share]]) -> str:
    words = health_wording(name)
    title = f"**{escape(words.title, 60)}**" + (f"<br>{words.meaning}" if words.meaning else "")
    return row([title, *(cell for a, b in zip(before, now, strict=True) for cell in _cells(a.get(name), b.get(name)))])


_KEY = (
    "In brackets the 95% interval; numbers without one are counted. **▲** better and **▼** worse: "
    "moved beyond the uncertainty, as the intervals do not meet."
)


def moved(before: Share, now: Share) -> int:
    """Return 1 or -1 where the share rose or fell by more than its uncertainty (the intervals do not meet), else 0."""
    return (now.low > before.high) - (now.high < before.low)


def _cells(before: Share | None, now: Share | None) -> tuple[str, str]:
    cells = [UNKNOWN if share is None else str(share) for share in (before, now)]
    # What reads the same before and now would puzzle with an arrow.
    direction = moved(before, now) if before and now and cells[0] != cells[1] else 0
    sign = {1: " **▲**", -1: " **▼**", 0: ""}[direction]
    return cells[0], cells[1] + sign


def _shares(values: Any) -> dict[str, Share]:
    """Return the shares of a report; what is not as expected is left out: other versions may write other things."""
    found = {}
    for name, value in values.items() if isinstance(values, dict) else ():
        numbers = [value.get(key) for key in ("value", "low", "high")] if isinstance(value, dict) else []
        known = [float(number) for number in numbers if isinstance(number, (int, float))]
        if len(known) == 3:
            found[str(name)] = Share(*known)
    return found
