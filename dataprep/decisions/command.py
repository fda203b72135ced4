"""`dataprep decisions`: bring in decisions from other files, take one's last act back, say how far reviews are."""

import json
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from dataprep import tables
from dataprep.decisions import journal
from dataprep.decisions.agreement import mean_agreement, pairs
from dataprep.decisions.merge import merge
from dataprep.decisions.remaining import in_words, remaining
from dataprep.decisions.table import KEY, read_decisions, settle, usable
from dataprep.errors import DataprepError, listing
from dataprep.markdown import visible
from dataprep.schema import DECISIONS, IMAGES, MEASUREMENTS, TURNS, class_names


@dataclass(frozen=True)
class Data:
    """Where the tables lie that say which images, bytes and classes there are, and the session."""

    images: Path
    measurements: Path
    session: Path

    def read(self) -> tuple[pl.DataFrame, set[str]]:
        """Return IMAGES, and which of them are unreadable."""
        broken = tables.read(self.measurements, MEASUREMENTS).filter(pl.col("unreadable").is_not_null())
        return tables.read(self.images, IMAGES), set(broken["image_id"])


def bring_in(path: Path, files: list[Path], by: str, data: Data) -> list[str]:
    """Merge the decisions of `files` into those at `path`, and return lines about what was taken and what was not.

    Not taken is what fits no image or class (`usable`), and what `merge` leaves out; disputes are listed.
    All files are read before anything is changed, and together they are one act to undo.
    Raises DataprepError when there are none, or one cannot be read.
    """
    if not files:
        raise DataprepError("no file is named", where="dataprep decisions import", remedy="name one or more CSV files")
    for file in files:
        if not file.is_file():
            raise DataprepError("there is no such file", where=str(file), remedy="name the file that was downloaded")
    incoming = [(file, read_decisions(file)) for file in files]
    images, unreadable = data.read()
    lines = journal.recover(path)
    table = read_decisions(path)
    changed = DECISIONS.empty()
    for file, rows in incoming:
        good, unfit = usable(images, class_names(images), unreadable, rows)
        taken, left = merge(table, good)
        table, changed = _with(table, taken), _with(changed, taken)
        same = good.height - taken.height - len(left)
        lines += [f"{visible(str(file))}: {rows.height} decisions, {taken.height} taken, {same} known already"]
        lines += [f"  not taken: {visible(line)}" for line in (*unfit, *left)]
    if changed.height:
        journal.record(path, changed.iter_rows(named=True), by)
    disputed = settle(images, unreadable, table).disputed
    return lines + [f"disputed: {visible(f'{name}: {said}')}" for name, said in disputed.iter_rows()]


def _with(table: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([table.join(rows, on=KEY, how="anti", nulls_equal=True), rows])


def take_back(path: Path, by: str) -> list[str]:
    """Undo the last act of `by`, an import included; return what was undone."""
    names, left = journal.undo(path, by)
    lines = [f"undone: {visible(listing(names))}"] if names else []
    lines += [f"left alone, as the decision has changed since: {visible(listing(left))}"] if left else []
    return lines or [f"{visible(by)} has nothing to undo"]


def status(path: Path, data: Data) -> list[str]:
    """Return how many decisions there are and by whom, how far reviewers agree, what is disputed, and what is left."""
    lines = journal.recover(path)
    decisions = read_decisions(path)
    images, unreadable = data.read()
    settled = settle(images, unreadable, decisions)
    people = decisions["reviewer"].fill_null("somebody").value_counts().sort("reviewer")
    counted = visible(listing((f"{who} {count}" for who, count in people.iter_rows()), 20))
    lines += [f"{decisions.height} decisions" + (f": {counted}" if people.height else "")]
    found = pairs(decisions, images)
    lines += [f"{visible(f'{p.one} and {p.other}')} agree on {p.alike:.1%} of {p.images} images" for p in found]
    mean = mean_agreement(found)
    lines += [f"reviewers agree on {mean:.1%}, the mean over pairs"] if mean is not None and len(found) > 1 else []
    lines += [f"not applied: {visible(line)}" for line in settled.unused]
    turns = tables.read(data.session / "turns.parquet", TURNS)
    return [*lines, in_words(remaining(turns, settled.agreed, settled.disputed, _enough(data.session)))]


def _enough(session: Path) -> float:
    path = session / "metadata.json"
    try:
        return float(json.loads(path.read_text(encoding="utf-8"))["info"]["enough"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataprepError(
            "the review session is not whole", where=str(path), remedy="run `dvc repro` to make it"
        ) from error
