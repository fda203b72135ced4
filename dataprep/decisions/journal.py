"""The journal of a review: each decision is on disk before the next one starts, and can be undone.

A line of JSON per act of a reviewer is appended beside the decisions file and forced to disk; only then the decisions
file is written anew, and a mark follows. Acts behind the last mark are those that a kill kept from the decisions file:
`recover` applies them. What is in front of the mark is history, so edits of the file by hand or by Git stand.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import polars as pl

from dataprep.decisions.table import KEY, read_decisions, write_decisions
from dataprep.errors import DataprepError
from dataprep.schema import DECISIONS

SUFFIX = ".journal.jsonl"
MARK = b'{"written": true}\n'
Row = dict[str, Any]  # the columns of DECISIONS
Act = dict[str, Any]
FIELDS = {"by", "at", "set", "unset", "before", "skip", "undoes"}


class Undone(NamedTuple):
    """The images whose act was taken back, and those whose decision has changed since and was left alone."""

    images: list[str]
    left: list[str]


def journal_of(decisions: Path) -> Path:
    """Return the path of the journal that goes with a decisions file."""
    return decisions.with_name(decisions.stem + SUFFIX)


def now() -> str:
    """Return the time in UTC as ISO 8601, whole seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def record(path: Path, rows: Iterable[Row], by: str) -> None:
    """Add decisions to the file at `path`; each replaces the one of the same image and reviewer.

    rows: DECISIONS, columns that are left out are null. by: who acts, for `undo`.
    Returns when journal and file are on disk. Raises DataprepError when either cannot be read or written.
    """
    full = [dict.fromkeys(DECISIONS.columns) | row for row in rows]
    with _locked(path) as stream:
        table = _present(path, stream)
        _commit(path, stream, table, _act(by, table, full, []))


def skip(path: Path, image_ids: Iterable[str], by: str) -> None:
    """Note that `by` leaves the images undecided for now; nothing is decided."""
    with _locked(path) as stream:
        table = _present(path, stream)
        _commit(path, stream, table, _act(by, table, [], []) | {"skip": list(image_ids)})


def undo(path: Path, by: str) -> Undone:
    """Take back the last act of `by` that still stands; return its images, none when nothing is left to undo.

    What had been decided about them before comes back. A decision that is not the act's any more, because of another
    reviewer's act, Git or a hand, is left alone. Undoing again takes back the act before.
    """
    if not journal_of(path).is_file():
        return Undone([], [])
    with _locked(path) as stream:
        table = _present(path, stream)
        acts = [(line, act) for line, act in _read(stream)[0] if act["by"] == by]
        undone = {act["undoes"] for _, act in acts}
        standing = [(line, act) for line, act in acts if act["undoes"] is None and line not in undone]
        if not standing:
            return Undone([], [])
        line, last = standing[-1]
        ours = {_key(row): row for row in last["set"]}
        stays = _changed(table, ours)
        back = [row for row in last["before"] if _key(row) not in stays]
        gone = [key for key in ours if key not in stays | {_key(row) for row in back}]
        _commit(path, stream, table, _act(by, table, back, gone) | {"undoes": line})
        names = dict.fromkeys([*(name for name, who in ours if (name, who) not in stays), *last["skip"]])
        return Undone(list(names), list(dict.fromkeys(name for name, who in ours if (name, who) in stays)))


def recover(path: Path) -> list[str]:
    """Bring the decisions file up to date with the journal; return what a person should know of it, in lines."""
    if not journal_of(path).is_file():
        return []
    with _locked(path) as stream:
        acts, torn = _behind(stream)
        if acts:
            write_decisions(_present(path, stream), path)
        if acts or torn:
            _append(stream, None)
    told = [f"{len(acts)} acts were in the journal alone and are in the decisions now"] if acts else []
    return told + [f"line {n + 1} of the journal is not whole: cut off before it was confirmed" for n in torn]


def skipped(path: Path, by: str) -> set[str]:
    """Return the images that `by` skipped and has neither decided nor taken back since."""
    if not journal_of(path).is_file():
        return set()
    with _locked(path) as stream:
        acts = _read(stream)[0]
    mine = [(line, act) for line, act in acts if act["by"] == by]
    undone = {act["undoes"] for _, act in mine}
    left: set[str] = set()
    for line, act in mine:
        if line not in undone and act["undoes"] is None:
            left |= set(act["skip"])
            left -= {row["image_id"] for row in act["set"]}
    return left


def _act(by: str, table: pl.DataFrame, rows: list[Row], unset: list[tuple[str, str | None]]) -> Act:
    touched = {_key(row) for row in rows} | set(unset)
    near = table.filter(pl.col("image_id").is_in({name for name, _ in touched}))
    before = [row for row in near.iter_rows(named=True) if _key(row) in touched]
    return {"by": by, "at": now(), "set": rows, "unset": unset, "before": before, "skip": [], "undoes": None}


def _key(row: Row) -> tuple[str, str | None]:
    return row["image_id"], row["reviewer"]


def _changed(table: pl.DataFrame, ours: dict[tuple[str, str | None], Row]) -> set[tuple[str, str | None]]:
    """Return the keys of the rows that `table` does not hold as in `ours`; CSV has no empty text, only null."""
    near = table.filter(pl.col("image_id").is_in({name for name, _ in ours}))
    present = {_key(row): row for row in near.iter_rows(named=True)}
    return {
        key
        for key, row in ours.items()
        if key not in present or any((row.get(name) or None) != value for name, value in present[key].items())
    }


def _commit(path: Path, stream: BinaryIO, table: pl.DataFrame, act: Act) -> None:
    changed = _applied(table, act)
    _append(stream, act)
    write_decisions(changed, path)
    _append(stream, None)


def _applied(table: pl.DataFrame, act: Act) -> pl.DataFrame:
    rows = pl.DataFrame(act["set"], schema=DECISIONS.columns)
    unset = pl.DataFrame(act["unset"], schema={name: DECISIONS.columns[name] for name in KEY}, orient="row")
    gone = pl.concat([rows.select(KEY), unset])
    return pl.concat([table.join(gone, on=KEY, how="anti", nulls_equal=True), rows])


def _present(path: Path, stream: BinaryIO) -> pl.DataFrame:
    """Return the decisions file with the acts behind the mark applied; the file itself stays as it is."""
    table = read_decisions(path)
    for act in [] if _marked(stream) else _behind(stream)[0]:
        table = _applied(table, act)
    return table


def _marked(stream: BinaryIO) -> bool:
    """Return whether nothing is behind the last mark, by the journal's end alone."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - len(MARK)))
    return stream.read() in {MARK, b""}


def _behind(stream: BinaryIO) -> tuple[list[Act], list[int]]:
    """Return the acts behind the last mark, and the numbers of the lines there that are not whole."""
    acts, torn, mark = _read(stream)
    return [act for line, act in acts if line > mark], [line for line in torn if line > mark]


def _read(stream: BinaryIO) -> tuple[list[tuple[int, Act]], list[int], int]:
    """Return the acts with their line numbers, the numbers of lines that are not whole, and that of the last mark."""
    stream.seek(0)
    acts: list[tuple[int, Act]] = []
    torn: list[int] = []
    mark = -1
    for number, line in enumerate(stream):
        if line == MARK:
            mark = number
            continue
        try:
            act = json.loads(line)
        except ValueError:
            act = None
        if isinstance(act, dict) and act.keys() >= FIELDS:
            acts.append((number, act))
        else:
            torn.append(number)
    return acts, torn, mark


def _append(stream: BinaryIO, act: Act | None) -> None:
    """Append the act, or the mark for None, and return when it is on disk."""
    size = stream.seek(0, os.SEEK_END)
    if size:
        stream.seek(size - 1)
        if stream.read(1) != b"\n":
            stream.write(b"\n")
    stream.write(MARK if act is None else json.dumps(act, ensure_ascii=False).encode() + b"\n")
    stream.flush()
    os.fsync(stream.fileno())


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    journal = journal_of(path)
    try:
        journal.parent.mkdir(parents=True, exist_ok=True)
        with journal.open("a+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield stream
    except OSError as error:
        raise DataprepError(
            f"the decision is not kept: {error.strerror or error}",
            where=str(journal),
            remedy="free space, or make the folder writable (chmod u+w), then decide again",
        ) from error
