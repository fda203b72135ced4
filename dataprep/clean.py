"""Turn findings and human verdicts into kept and removed rows, each with its reason."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

from dataprep.config import Clean
from dataprep.copies.choice import best_first
from dataprep.decisions.table import Settled, settle
from dataprep.schema import KEPT, POLICY, REMOVED, check

UNREADABLE = "unreadable"
SIDES = {"drop_train": True, "drop_other": False}  # does the action take the training side?


class _Why(NamedTuple):
    reason: str | None = None
    score: float | None = None
    decided_by: str | None = None
    decided_at: str | None = None


@dataclass(frozen=True)
class Cleaned:
    kept: pl.DataFrame  # KEPT
    removed: pl.DataFrame  # REMOVED
    unused: list[str]  # a line for each decision that was not applied, and why


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
    - A decision about an unknown image, one whose sha256 has changed, with an unknown class, or to keep what cannot be
      kept is not applied, nor are those of reviewers who differ (see `settle`); each is a line of `unused`. An image
      in dispute is kept as it is: no policy decides what people could not.
    - Policy, per issue kind in the order of params: `drop` removes flagged images; `drop_extra` all of a
      group but the best (see `copies.choice`) among those still kept, unless their labels differ: which label is
      right is for people; `drop_train` and `drop_other` that side of a group that spans splits; `relabel` takes the
      suggested label where its probability is at least `relabel_confidence`.
    - Unreadable images, and images without a label that no decision gives one, are always removed:
      nothing can be learned from them.

    Every row that was removed, relabeled or decided about says why, by whom and when, and with which score.
    issues: ISSUES of all detectors. decisions: DECISIONS.
    """
    unreadable = measurements.filter(pl.col("unreadable").is_not_null())["image_id"]
    settled = settle(images, unreadable, decisions)
    state = _State(images, measurements, settled, training_split)
    flagged = issues.filter(pl.col("is_issue")).sort("issue", "score", "image_id")
    for kind, action in params.policy.items():
        state.apply(kind, action, flagged.filter(pl.col("issue") == kind), params.relabel_confidence)
    return Cleaned(state.kept(), state.removed(), settled.unused)


class _State:
    """What has become of each image so far."""

    def __init__(self, images: pl.DataFrame, measurements: pl.DataFrame, settled: Settled, training_split: str) -> None:
        columns = images.select("image_id", "sha256", "split", "label", "bytes").join(
            measurements.select("image_id", "pixel_count", "unreadable"), on="image_id", validate="1:1"
        )
        self._rows: dict[str, dict[str, Any]] = {row["image_id"]: row for row in columns.iter_rows(named=True)}
        self._place = {name: place for place, name in enumerate(best_first(columns, training_split)["image_id"])}
        self._training_split = training_split
        self._label: dict[str, str] = {}
        self._why: dict[str, _Why] = {}
        self._gone: dict[str, _Why] = {}
        self._decided = {*settled.agreed["image_id"], *settled.disputed["image_id"]}
        self._decide(settled)
        for name, row in self._rows.items():
            if row["unreadable"] is not None:
                self._gone.setdefault(name, _Why(f"{UNREADABLE}: {row['unreadable']}", 0.0, POLICY))
            elif row["label"] is None and name not in self._label:
                self._gone.setdefault(name, _Why("no label", None, POLICY))

    def _decide(self, settled: Settled) -> None:
        for row in settled.agreed.iter_rows(named=True):
            note = f": {row['note']}" if row["note"] else ""
            who = row["reviewer"] or "reviewer"
            why = _Why(f"decision {row['verdict']}{note}", None, who, row["decided_at"])
            (self._gone if row["verdict"] == "drop" else self._why)[row["image_id"]] = why
            if row["verdict"] == "relabel":
                self._label[row["image_id"]] = row["label"]
        for name, said in settled.disputed.iter_rows():
            self._why[name] = _Why(f"disputed: {said}", None, "reviewers")

    def apply(self, kind: str, action: str, flagged: pl.DataFrame, confidence: float) -> None:
        if action == "keep":
            return
        if action in {"drop_extra", *SIDES}:
            for group in flagged.drop_nulls("group").partition_by("group", maintain_order=True):
                scores = dict(group.select("image_id", "score").iter_rows())
                self._thin(kind, action, scores)
            return
        if action == "drop":
            for name, score in flagged.select("image_id", "score").iter_rows():
                self._remove(name, kind, score)
            return
        sure = flagged.filter(pl.col("suggested_probability") >= confidence).drop_nulls("suggested_label")
        for name, label, score in sure.select("image_id", "suggested_label", "score").iter_rows():
            self._relabel(name, label, kind, score)

    def _thin(self, kind: str, action: str, scores: dict[str, float]) -> None:
        present = [name for name in scores if name not in self._gone]
        if action == "drop_extra":
            if len({self._label.get(name, self._rows[name]["label"]) for name in present}) > 1:
                return
            for name in sorted(present, key=self._rank)[1:]:
                self._remove(name, kind, scores[name])
            return
        side = [name for name in present if self._trains(name) == SIDES[action]]
        if len(side) < len(present):  # only what is left on the other side makes this side a leak
            for name in side:
                self._remove(name, kind, scores[name])

    def _rank(self, name: str) -> tuple[bool, int]:
        return name not in self._decided, self._place[name]

    def _trains(self, name: str) -> bool:
        return bool(self._rows[name]["split"] == self._training_split)

    def _remove(self, name: str, kind: str, score: float) -> None:
        if name not in self._decided and name not in self._gone:
            self._gone[name] = _Why(kind, score, POLICY)

    def _relabel(self, name: str, label: str, kind: str, score: float) -> None:
        if name not in self._decided and name not in self._gone:
            self._label[name] = label
            self._why[name] = _Why(kind, score, POLICY)

    def kept(self) -> pl.DataFrame:
        rows = [
            {
                "image_id": name,
                "sha256": row["sha256"],
                "split": row["split"],
                "label": self._label.get(name, row["label"]),
                "given_label": row["label"],
            }
            | self._why.get(name, _Why())._asdict()
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
            }
            | why._asdict()
            for name, why in self._gone.items()
        ]
        return check(pl.DataFrame(rows, schema=REMOVED.columns), REMOVED, "clean")
