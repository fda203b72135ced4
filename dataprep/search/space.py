"""What each trial trains with: a pure function of the seed, the trial's number and the parameter's name."""

import copy
import hashlib
import json
import math
from dataclasses import dataclass
from typing import Any

from dataprep.config import Choices, Search, Span, parse
from dataprep.errors import DataprepError

SECTION = "train"
DIGITS = 4  # significant digits of a drawn number: what a table shows is what was trained with


@dataclass(frozen=True)
class Trial:
    """One way to train. number: from 1; 0 is params.yaml as it is. raw: params.yaml with the changes made."""

    number: int
    changes: dict[str, Any]  # value by key under `train`, dotted where nested
    raw: dict[str, Any]

    def values(self, space: dict[str, Any]) -> dict[str, Any]:
        """Return the value of every parameter of the space, drawn or not."""
        return {key: lookup(self.raw[SECTION], key) for key in space}


def trials(raw: dict[str, Any], search: Search, where: str) -> list[Trial]:
    """Return trial 0 and `search.trials` drawn ones; more of them extend the same list.

    raw: the parsed params.yaml, which `where` names. Raises DataprepError, naming trial and parameter,
    when a drawn value is none that `train` takes.
    """
    drawn = [{key: draw(axis, search.seed, n, key) for key, axis in search.space.items()} for n in _numbers(search)]
    found = [Trial(0, {}, raw)]
    for number, changes in enumerate(drawn, 1):
        changed = _changed(raw, changes, where)
        parse(changed, f"{where}, search.space, trial {number}")
        found.append(Trial(number, changes, changed))
    return found


def _numbers(search: Search) -> range:
    return range(1, search.trials + 1)


def draw(axis: Span | Choices, seed: int, number: int, key: str) -> Any:
    """Return the value of parameter `key` in trial `number`. No other parameter's draws depend on it."""
    uniform = _uniform(f"{seed} {number} {key}")
    if isinstance(axis, Choices):
        return json.loads(json.dumps(axis.choices[int(uniform * len(axis.choices))]))
    # Whole numbers are rounded to; half a step beyond either end gives the ends their full share.
    margin = 0.5 if axis.integer else 0.0
    low, high = _scaled(axis, axis.low - margin), _scaled(axis, axis.high + margin)
    value = low + uniform * (high - low)
    value = math.exp(value) if axis.scale == "log" else value
    rounded = round(value) if axis.integer else float(f"{value:.{DIGITS}g}")
    within = min(max(rounded, axis.low), axis.high)
    return int(within) if axis.integer else float(within)


def position(axis: Span | Choices, value: Any) -> float:
    """Return where on its axis, 0 to 1, a drawn value lies: by its own scale, or evenly by choice."""
    if isinstance(axis, Choices):
        known = [json.dumps(choice) for choice in axis.choices]
        return known.index(json.dumps(value)) / (len(known) - 1) if len(known) > 1 else 0.5
    low, high = _scaled(axis, axis.low), _scaled(axis, axis.high)
    return (_scaled(axis, value) - low) / (high - low)


def lookup(raw: Any, key: str) -> Any:
    """Return the value at a dotted key; None where there is none."""
    for part in key.split("."):
        raw = raw.get(part) if isinstance(raw, dict) else None
    return raw


def _scaled(axis: Span, value: float) -> float:
    return math.log(value) if axis.scale == "log" else value


def _uniform(words: str) -> float:
    # A hash rather than a generator's stream: it needs no order, and no library's next release changes it.
    return (int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big") >> 11) / 2**53


def _changed(raw: dict[str, Any], changes: dict[str, Any], where: str) -> dict[str, Any]:
    changed = copy.deepcopy(raw)
    for key, value in changes.items():
        section, _, last = key.rpartition(".")
        parent = lookup(changed[SECTION], section) if section else changed[SECTION]
        if not isinstance(parent, dict):
            raise DataprepError(
                f"search.space has {key}, but {SECTION}.{section} is null",
                where=where,
                remedy=f"set {SECTION}.{section}, or search over whole values of it: {section}: {{choices: [...]}}",
            )
        parent[last] = value
    return changed
