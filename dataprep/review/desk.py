"""What a reviewer's buttons do: first the decision to disk, then its mark in the App."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataprep import tables
from dataprep.decisions import journal
from dataprep.decisions.remaining import Remaining, remaining
from dataprep.decisions.table import read_decisions, settle
from dataprep.errors import DataprepError, listing
from dataprep.review import marks
from dataprep.review.session import TURNS_NAME
from dataprep.review.views import DECISION
from dataprep.schema import TURNS

VARIABLES = {"decisions": "DATAPREP_DECISIONS", "session": "DATAPREP_SESSION", "reviewer": "DATAPREP_REVIEWER"}
SUGGESTION = "suggestion"  # in place of a label: each image's own


@dataclass(frozen=True)
class Desk:
    """Whose decisions about which session go into which file."""

    decisions: Path
    session: Path
    reviewer: str

    def to_environment(self) -> None:
        """Tell the App's server, a process of its own."""
        os.environ.update({name: str(getattr(self, field)) for field, name in VARIABLES.items()})


def from_environment() -> Desk:
    """Return the desk that `dataprep review` has set up. Raises DataprepError in an App that it has not opened."""
    values = {field: os.environ.get(name) for field, name in VARIABLES.items()}
    if not all(values.values()):
        raise DataprepError(
            "this App does not know where decisions go",
            where=listing(VARIABLES.values()),
            remedy="open it with `dataprep review`",
        )
    return Desk(Path(str(values["decisions"])), Path(str(values["session"])), str(values["reviewer"]))


def decide(desk: Desk, dataset: Any, ids: list[str], verdict: str, label: str | None = None) -> str:
    """Keep, drop or relabel the samples of these ids, and return what was done, in words.

    label: with relabel the new class, or SUGGESTION for what the label errors' detector suggests for each image.
    Raises DataprepError, and decides nothing, when an image is unreadable and shall be kept, there is nothing to
    relabel to, or `label` is no class.
    """
    samples = list(_samples(dataset, ids))
    rows = [{"image_id": s["image_id"], "sha256": s["sha256"], "verdict": verdict} for s in samples]
    if verdict == "relabel":
        for row, sample in zip(rows, samples, strict=True):
            row["label"] = _suggested(sample) if label == SUGGESTION else label
        _check_labels(rows, dataset.default_classes)
    if verdict != "drop":
        _check_readable(samples)
    journal.record(
        desk.decisions, (row | {"reviewer": desk.reviewer, "decided_at": journal.now()} for row in rows), desk.reviewer
    )
    names = [str(row["image_id"]) for row in rows]
    _show(desk, dataset, names)
    words = verdict if verdict != "relabel" else f"relabel to {listing(dict.fromkeys(str(r['label']) for r in rows))}"
    return f"{listing(names, 1)}: {words}"


def skip(desk: Desk, dataset: Any, ids: list[str]) -> str:
    """Leave the samples for later."""
    names = [sample["image_id"] for sample in _samples(dataset, ids)]
    journal.skip(desk.decisions, names, desk.reviewer)
    _show(desk, dataset, names)
    return f"{listing(names, 1)}: skipped"


def undo(desk: Desk, dataset: Any) -> tuple[str, list[str]]:
    """Take back the reviewer's last act; return it in words, and the ids of its samples."""
    names, left = journal.undo(desk.decisions, desk.reviewer)
    stays = f"{listing(left, 1)}: changed since, left alone" if left else ""
    if not names:
        return stays or "nothing is left to undo", []
    _show(desk, dataset, names)
    found = {s["image_id"]: str(s["_id"]) for s in dataset._sample_collection.find({"image_id": {"$in": names}})}
    words = f"{listing(names, 1)}: undone" + (f"; {stays}" if stays else "")
    return words, [found[name] for name in names if name in found]


def following(dataset: Any, view: Any, current: str | None) -> str | None:
    """Return the id of the next sample without a decision behind `current` in `view`, else of the first, else None."""
    pipeline = [*view._pipeline(), {"$project": {"_id": 1, f"{DECISION}.label": 1}}]
    first, behind = None, current is None
    for document in dataset._sample_collection.aggregate(pipeline, allowDiskUse=True):
        name = str(document["_id"])
        if name == current:
            behind = True
        elif not (document.get(DECISION) or {}).get("label"):
            if behind:
                return name
            first = first or name
    return first


def progress(desk: Desk, dataset: Any) -> Remaining:
    """Return what is left in the whole session after the decisions so far, of all reviewers."""
    turns = tables.read(desk.session / TURNS_NAME, TURNS)
    decisions = read_decisions(desk.decisions).join(turns, on="image_id", how="semi")  # some images have no turn
    settled = settle(turns, [], decisions, dataset.default_classes, hints=0)
    return remaining(turns, settled.agreed, settled.disputed, float(dataset.info["enough"]))


def _samples(dataset: Any, ids: list[str]) -> Iterator[dict[str, Any]]:
    from bson import ObjectId

    fields = {"image_id": 1, "sha256": 1, "suggested_label.label": 1, "predictions.label": 1, "metadata": 1}
    wanted = {"_id": {"$in": [ObjectId(name) for name in ids]}}
    return iter(dataset._sample_collection.find(wanted, fields).sort("image_id"))


def _show(desk: Desk, dataset: Any, names: list[str]) -> None:
    marks.show_some(dataset, names, read_decisions(desk.decisions), journal.skipped(desk.decisions, desk.reviewer))


def _suggested(sample: dict[str, Any]) -> str | None:
    for field in ("suggested_label", "predictions"):
        if (found := (sample.get(field) or {}).get("label")) is not None:
            return str(found)
    return None


def _check_labels(rows: list[dict[str, Any]], classes: list[str]) -> None:
    bare = [row["image_id"] for row in rows if row["label"] is None]
    if bare:
        raise DataprepError("no label is suggested", where=listing(bare), remedy="choose a class for it")
    for row in rows:
        if row["label"] not in classes:
            raise DataprepError(f"'{row['label']}' is no class", where=row["image_id"], remedy="choose another class")


def _check_readable(samples: list[dict[str, Any]]) -> None:
    broken = [sample["image_id"] for sample in samples if sample.get("metadata") is None]
    if broken:
        raise DataprepError("unreadable, so it cannot be kept", where=listing(broken), remedy="drop it, or skip it")
