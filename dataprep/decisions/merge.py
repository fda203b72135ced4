"""Bring in decisions from another file, such as the review page's download or a colleague's."""

import polars as pl

from dataprep.decisions.table import KEY, time_of
from dataprep.schema import DECISIONS

COMPARED = ("verdict", "label", "sha256", "note")
Row = dict[str, str | None]  # the columns of DECISIONS


def merge(current: pl.DataFrame, incoming: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return the rows of `incoming` to add to or put into `current`, and a line for each that is left out.

    Both are DECISIONS. A decision of somebody who had decided nothing about the image is added, also when others
    said otherwise: `settle` lists that as a dispute. Of the same person's two decisions

    - equal ones (verdict, label, sha256 and note) change nothing;
    - one about other bytes replaces the present one, as `usable` has matched it to those that the image has now;
    - of two verdicts or labels the later one holds; where the times do not tell which that is, the present one stays;
    - where only the note or the presence of sha256 differs, the present one stays if it is later, or if the times do
      not tell and the other says less.
    """
    old = {_key(row): row for row in current.iter_rows(named=True)}
    taken, told = [], []
    for row in incoming.iter_rows(named=True):
        present = old.get(_key(row))
        if present is not None and all(row[name] == present[name] for name in COMPARED):
            continue
        later = True if present is None else _replaces(row, present)
        if later:
            taken.append(row)
        elif present is not None:
            why = "is older than" if later is False else "has no time that tells whether it is later than"
            said = f"{_words(row)} {why} {_words(present)}, which stays"
            told.append(f"{row['image_id']}: {row['reviewer'] or 'somebody'}'s {said}")
    return pl.DataFrame(taken, schema=DECISIONS.columns), told


def _replaces(row: Row, present: Row) -> bool | None:
    """Return whether `row` takes the place of `present`, which differs from it; None: the times do not tell."""
    if row["sha256"] and present["sha256"] and row["sha256"] != present["sha256"]:
        return True
    later = _later(row["decided_at"], present["decided_at"])
    if later is None and all(row[name] == present[name] for name in ("verdict", "label")):
        return True if all(row[name] or not present[name] for name in ("sha256", "note")) else None
    return later


def _key(row: Row) -> tuple[str | None, ...]:
    return tuple(row[name] for name in KEY)


def _later(one: str | None, other: str | None) -> bool | None:
    first, second = time_of(one), time_of(other)
    if first is None or second is None or first == second:
        return None
    return first > second


def _words(row: Row) -> str:
    label = f" to {row['label']}" if row["verdict"] == "relabel" else ""
    note = f", {row['note']}" if row["note"] else ""
    return f"'{row['verdict']}{label}{note}' ({row['decided_at'] or 'no time'})"
