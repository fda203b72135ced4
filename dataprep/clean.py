"""Turn findings and human verdicts into kept and removed rows, each with its reason."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from dataprep.config import Clean
from dataprep.copies.choice import best_first
from dataprep.errors import DataprepError, listing, nearest
from dataprep.schema import DECISIONS, KEPT, POLICY, REMOVED, VERDICTS, check, class_names

UNREADABLE = "unreadable"
SIDES = {"drop_train": True, "drop_other": False}  # does the action take the training side?


@dataclass(frozen=True)
class Cleaned:
    kept: pl.DataFrame  # KEPT
    removed: pl.DataFrame  # REMOVED
    unused: list[str]  # a line for each decision that was not applied, and why


def read_decisions(path: Path) -> pl.DataFrame:
    """Return DECISIONS from the CSV file; a missing or empty file has none.

    Raises DataprepError for a file that is no CSV, lacks image_id or verdict, has an unknown
    column or verdict, or decides twice about one image.
    """
    if not path.is_file() or path.stat().st_size == 0:
        return pl.DataFrame(schema=DECISIONS.columns)
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except PolarsError as error:
        raise _wrong(f"the decisions are not valid CSV: {error}", path) from error
    for name in DECISIONS.required:
        if name not in frame.columns:
            raise _wrong(f"the decisions have no column '{name}'", path)
    unknown = [name for name in frame.columns if name not in DECISIONS.columns]
    if unknown:
        raise _wrong(f"unknown column '{unknown[0]}': {nearest(unknown[0], DECISIONS.columns)}", path)
    frame = frame.with_columns(pl.lit(None, pl.String).alias(n) for n in DECISIONS.columns if n not in frame.columns)
    frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    if frame["image_id"].null_count():
        raise _wrong("a decision has no image_id", path)
    verdicts = frame.filter(~pl.col("verdict").is_in(VERDICTS) | pl.col("verdict").is_null())["verdict"]
    if verdicts.len():
        raise _wrong(f"the verdict '{verdicts[0]}' is not one of {', '.join(VERDICTS)}", path)
    twice = frame.filter(pl.col("image_id").is_duplicated())["image_id"].unique().sort()
    if twice.len():
        raise _wrong(f"two decisions about the same image: {listing(twice)}", path)
    return check(frame, DECISIONS, str(path))


def clean(
    images: pl.DataFrame,
    measurements: pl.DataFrame,
    issues: pl.DataFrame,
    decisions: pl.DataFrame,
    params: Clean,
    training_split: str,
) -> Cleaned:
    """Apply decisions first, then the policy. Every image is either kept or removed.

    - keep: nothing is done to the image. drop: removed. relabel: kept under the decision's label.
    - A decision about an unknown image, one whose sha256 has changed, or with an unknown class
      is not applied and is listed in `unused`.
    - Policy, per issue kind in the order of params: `drop` removes flagged images; `drop_extra` all of a
      group but the best (see `copies.choice`) among those still kept, unless their labels differ: which label is
      right is for people; `drop_train` and `drop_other` that side of a group that spans splits; `relabel` takes the
      suggested label where the issue's score is at most `relabel_score`.
    - Unreadable images, and images without a label that no decision gives one, are always removed:
      nothing can be learned from them.

    issues: ISSUES of all detectors.
    """
    applied, unused = _usable(images, measurements, decisions)
    state = _State(images, measurements, applied, training_split)
    flagged = issues.filter(pl.col("is_issue")).sort("issue", "score", "image_id")
    for kind, action in params.policy.items():
        state.apply(kind, action, flagged.filter(pl.col("issue") == kind), params.relabel_score)
    return Cleaned(state.kept(), state.removed(), unused)


class _State:
    """What has become of each image so far."""

    def __init__(
        self, images: pl.DataFrame, measurements: pl.DataFrame, decisions: pl.DataFrame, training_split: str
    ) -> None:
        columns = images.select("image_id", "sha256", "split", "label", "bytes").join(
            measurements.select("image_id", "pixel_count", "unreadable"), on="image_id", validate="1:1"
        )
        self._rows: dict[str, dict[str, Any]] = {row["image_id"]: row for row in columns.iter_rows(named=True)}
        self._place = {name: place for place, name in enumerate(best_first(columns, training_split)["image_id"])}
        self._training_split = training_split
        self._label: dict[str, str] = {}
        self._why: dict[str, tuple[str, str]] = {}
        self._gone: dict[str, tuple[str, str]] = {}
        self._decided = set(decisions["image_id"])
        for row in decisions.iter_rows(named=True):
            who = row["reviewer"] or "reviewer"
            note = f": {row['note']}" if row["note"] else ""
            why = (f"decision {row['verdict']}{note}", who)
            if row["verdict"] == "drop":
                self._gone[row["image_id"]] = why
            else:
                self._why[row["image_id"]] = why
            if row["verdict"] == "relabel":
                self._label[row["image_id"]] = row["label"]
        for name, row in self._rows.items():
            if row["unreadable"] is not None:
                self._gone[name] = (f"{UNREADABLE}: {row['unreadable']}", POLICY)
            elif row["label"] is None and name not in self._label:
                self._gone.setdefault(name, ("no label", POLICY))

    def apply(self, kind: str, action: str, flagged: pl.DataFrame, relabel_score: float) -> None:
        if action == "keep":
            return
        if action in {"drop_extra", *SIDES}:
            for group in flagged.drop_nulls("group").partition_by("group", maintain_order=True):
                self._thin(kind, action, group["image_id"].to_list())
            return
        for row in flagged.iter_rows(named=True):
            if action == "drop":
                self._remove(row["image_id"], kind)
            elif row["suggested_label"] is not None and row["score"] <= relabel_score:
                self._relabel(row["image_id"], row["suggested_label"], kind, row["score"])

    def _thin(self, kind: str, action: str, members: list[str]) -> None:
        present = [name for name in members if name not in self._gone]
        if action == "drop_extra":
            if len({self._label.get(name, self._rows[name]["label"]) for name in present}) > 1:
                return
            for name in sorted(present, key=self._rank)[1:]:
                self._remove(name, kind)
            return
        side = [name for name in present if self._trains(name) == SIDES[action]]
        if len(side) < len(present):  # only what is left on the other side makes this side a leak
            for name in side:
                self._remove(name, kind)

    def _rank(self, name: str) -> tuple[bool, int]:
        return name not in self._decided, self._place[name]

    def _trains(self, name: str) -> bool:
        return bool(self._rows[name]["split"] == self._training_split)

    def _remove(self, name: str, kind: str) -> None:
        if name not in self._decided and name not in self._gone:
            self._gone[name] = (kind, POLICY)

    def _relabel(self, name: str, label: str, kind: str, score: float) -> None:
        if name not in self._decided and name not in self._gone:
            self._label[name] = label
            self._why[name] = (f"{kind}, score {score:.3f}", POLICY)

    def kept(self) -> pl.DataFrame:
        rows = [
            {
                "image_id": name,
                "sha256": row["sha256"],
                "split": row["split"],
                "label": self._label.get(name, row["label"]),
                "given_label": row["label"],
                "reason": self._why.get(name, (None, None))[0],
                "decided_by": self._why.get(name, (None, None))[1],
            }
            for name, row in self._rows.items()
            if name not in self._gone
        ]
        return check(pl.DataFrame(rows, schema=KEPT.columns), KEPT, "clean")

    def removed(self) -> pl.DataFrame:
        rows = [
            {
                "image_id": name,
                "sha256": self._rows[name]["sha256"],
                "split": self._rows[name]["split"],
                "given_label": self._rows[name]["label"],
                "reason": reason,
                "decided_by": who,
            }
            for name, (reason, who) in self._gone.items()
        ]
        return check(pl.DataFrame(rows, schema=REMOVED.columns), REMOVED, "clean")


def _usable(
    images: pl.DataFrame, measurements: pl.DataFrame, decisions: pl.DataFrame
) -> tuple[pl.DataFrame, list[str]]:
    unreadable = set(measurements.filter(pl.col("unreadable").is_not_null())["image_id"])
    classes = class_names(images)
    current = dict(images.select("image_id", "sha256").iter_rows())
    good, unused = [], []
    for row in decisions.iter_rows(named=True):
        name, label = row["image_id"], row["label"]
        if name not in current:
            unused.append(f"{name}: not in the data ({nearest(name, current).strip() or 'no name is close'})")
        elif row["sha256"] and row["sha256"] != current[name]:
            unused.append(f"{name}: the image has changed since the decision; review it again")
        elif row["verdict"] == "relabel" and label not in classes:
            hint = nearest(label or "", classes).strip() or f"the classes are {listing(classes)}"
            unused.append(f"{name}: '{label}' is no class ({hint})")
        elif name in unreadable and row["verdict"] != "drop":
            unused.append(f"{name}: unreadable, so it cannot be kept")
        else:
            good.append(name)
    return decisions.filter(pl.col("image_id").is_in(good)), unused


def _wrong(what: str, path: Path) -> DataprepError:
    return DataprepError(what, where=str(path), remedy=f"mend the file; its columns are {', '.join(DECISIONS.columns)}")
