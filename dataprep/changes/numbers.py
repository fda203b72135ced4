"""The metrics that differ, as `dvc metrics diff` tells them, and where to look further."""

import json
from collections.abc import Iterator
from typing import Any

from dataprep.changes.budget import Block, Rows, head_of, row
from dataprep.changes.compared import Compared
from dataprep.changes.state import METRICS, TRAINING
from dataprep.changes.words import UNKNOWN, plural
from dataprep.datasets.diff import different
from dataprep.history import SHORT
from dataprep.markdown import code, escape, visible

MOST = 120


def metrics(compared: Compared) -> Iterator[Block]:
    """Yield the metrics that differ, in a list that opens on a click."""
    found = []
    for path in (METRICS, TRAINING):
        old, new = (state.metrics if path == METRICS else state.training for state in (compared.old, compared.new))
        found += [(path, *change) for change in different(old, new)] if old and new else []
    if found:
        lines = [
            row([code(f"{path}: {name}", 160), _value(before), _value(now), _change(before, now)])
            for path, name, before, now in found[:MOST]
        ]
        head = head_of(("metric", "before", "now", "change"), [False, True, True, True])
        yield Rows(lines, len(found), "metrics", head, f"{plural(len(found), 'metric')} changed")


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.5g}"
    return UNKNOWN if value is None else escape(visible(json.dumps(value, ensure_ascii=False, default=str)), 60)


def _change(before: Any, now: Any) -> str:
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (before, now))
    return f"{now - before:+.5g}".replace("-", "−") if numbers else ""


def further(compared: Compared) -> Iterator[Block]:
    """Yield the commands that tell more."""
    commit = compared.base.commit[:SHORT]
    if compared.first:
        yield "To look at it: `reports/summary.md`, `make review`."
        return
    yield (
        f"To look further: `dvc metrics diff {commit}`, `dvc plots diff {commit}`, `dataprep diff {commit}`, "
        "`make review`, `reports/summary.md`."
    )
