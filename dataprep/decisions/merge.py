"""Bring in decisions from another file, such as the review page's download or a colleague's."""

from datetime import UTC, datetime

import polars as pl

from dataprep.decisions.table import KEY
from dataprep.schema import DECISIONS


def merge(current: pl.DataFrame, incoming: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return the rows of `incoming` to add to or put into `current`, and a line for each that is left out.

    Both are DECISIONS. A decision of somebody who had decided nothing about the image is added, also when others
    said otherwise: `settle` lists that as a dispute. Of the same person's two decisions the later one holds; where the
    times do not tell which that is, the present one stays and the line says so. Equal ones change nothing.
    """
    old = {_key(row): row for row in current.iter_rows(named=True)}
    taken, told = [], []
    for row in incoming.iter_rows(named=True):
        present = old.get(_key(row))
        if present is None:
            taken.append(row)
        elif (row["verdict"], row["label"]) != (present["verdict"], present["label"]):
            later = _later(row["decided_at"], present["decided_at"])
            if later:
                taken.append(row)
            else:
                why = "is older than" if later is False else "has no time that tells whether it is later than"
                said = f"{_words(row)} {why} {_words(present)}, which stays"
                told.append(f"{row['image_id']}: {row['reviewer'] or 'somebody'}'s {said}")
    return pl.DataFrame(taken, schema=DECISIONS.columns), told


def _key(row: dict[str, str | None]) -> tuple[str | None, ...]:
    return tuple(row[name] for name in KEY)


def _later(one: str | None, other: str | None) -> bool | None:
    first, second = _time(one), _time(other)
    if first is None or second is None or first == second:
        return None
    return first > second


def _time(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _words(row: dict[str, str | None]) -> str:
    label = f" to {row['label']}" if row["verdict"] == "relabel" else ""
    return f"'{row['verdict']}{label}' ({row['decided_at'] or 'no time'})"
