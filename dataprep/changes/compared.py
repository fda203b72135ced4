"""Two states of the data -> what differs, in tables."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from dataprep.changes.state import State
from dataprep.datasets.diff import changes_of, different
from dataprep.decisions.table import settle, usable
from dataprep.schema import DECISIONS, REMOVED, class_names

JUDGMENT = ("verdict", "label", "sha256", "note")
BY = ("image_id", "reviewer")


@dataclass(frozen=True)
class Base:
    """What is compared with: the revision as it was named, the commit and its date (ISO 8601)."""

    name: str
    commit: str
    date: str


@dataclass(frozen=True)
class Kind:
    """A kind of finding: images flagged before and now (None: not known), and those flagged newly or no longer.

    came and gone: image_id, label, split, score, suggested_label and suggested_probability, worst first; None where the
    tables are not there. In a first report all have come. added: how many of `came` are images that were added.
    """

    name: str
    before: int | None
    after: int | None
    came: pl.DataFrame | None
    gone: pl.DataFrame | None
    added: int = 0


@dataclass(frozen=True)
class Compared:
    """All that differs between two states; None is what cannot be compared.

    parameters: name, old and new value. decisions: DECISIONS of those that are new, changed or withdrawn, with
    `change`, old_verdict, old_label and `fault`, why it is not applied. code: path, lines added and removed; None for a
    file that is no text. source, written: as `changes_of` returns them, of the images as they came in and as they are
    written. balance: label, before, now, and written_before, written_now where they are known.
    stale: what on disk is older than what it is made from. predictions: path of predictions of one's own that differ.
    """

    base: Base
    old: State
    new: State
    parameters: list[tuple[str, Any, Any]] | None
    decisions: pl.DataFrame | None
    code: list[tuple[str, int | None, int | None]]
    source: pl.DataFrame | None
    written: pl.DataFrame | None
    findings: list[Kind]
    balance: pl.DataFrame
    stale: list[str]
    predictions: str | None = None

    @property
    def first(self) -> bool:
        """Whether the old revision has no report that anything could be compared with."""
        return not self.old.reported

    def of_source(self, kind: str) -> pl.DataFrame:
        return _of(self.source, kind)

    def of_written(self, kind: str) -> pl.DataFrame:
        return _of(self.written, kind)


def compare_states(
    base: Base, old: State, new: State, code: list[tuple[str, int | None, int | None]], stale: list[str]
) -> Compared:
    """Return what differs between two states."""
    source = _source(old, new)
    return Compared(
        base=base,
        old=old,
        new=new,
        parameters=None if old.params is None or new.params is None else different(old.params, new.params),
        decisions=_decisions(old, new),
        code=code,
        source=source,
        written=_written(old, new),
        findings=_findings(old, new, source),
        balance=_balance(old, new),
        stale=stale,
        predictions=_predictions(old, new),
    )


def _predictions(old: State, new: State) -> str | None:
    chosen = (new.params or {}).get("predictions")
    path = chosen.get("path") if isinstance(chosen, dict) and chosen.get("kind") == "file" else None
    sides = [state.inputs.get(str(path)) for state in (old, new)]
    return str(path) if all(sides) and sides[0] != sides[1] else None


def _known(*tables: pl.DataFrame | None) -> bool:
    return all(table is not None for table in tables)


def _of(changes: pl.DataFrame | None, kind: str) -> pl.DataFrame:
    return pl.DataFrame() if changes is None else changes.filter(pl.col("change") == kind)


def _source(old: State, new: State) -> pl.DataFrame | None:
    if old.images is None or new.images is None:
        return None
    nothing = pl.lit(None, pl.String)
    before, after = (
        images.with_columns(given_label="label", reason=nothing, decided_by=nothing)
        for images in (old.images, new.images)
    )
    return changes_of(before, after, REMOVED.empty(), REMOVED.empty())


def _written(old: State, new: State) -> pl.DataFrame | None:
    if old.kept is None or new.kept is None or old.removed is None or new.removed is None:
        return None
    return changes_of(old.kept, new.kept, old.removed, new.removed)


def _decisions(old: State, new: State) -> pl.DataFrame | None:
    if new.decisions is None or old.decisions is None:
        return None
    before = old.decisions.select(*BY, *(pl.col(name).alias(f"old_{name}") for name in JUDGMENT), was=pl.lit(True))
    both = new.decisions.join(before, on=BY, how="left", nulls_equal=True, validate="1:1")
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"old_{name}")) for name in JUDGMENT)
    change = pl.when(pl.col("was").is_null()).then(pl.lit("new")).when(differs).then(pl.lit("changed"))
    came = both.with_columns(change=change).drop_nulls("change")
    gone = old.decisions.join(new.decisions, on=BY, how="anti", nulls_equal=True)
    gone = gone.with_columns(change=pl.lit("withdrawn"), old_verdict="verdict", old_label="label")
    columns = [*DECISIONS.columns, "change", "old_verdict", "old_label"]
    found = pl.concat([came.select(columns), gone.select(columns)]).sort("change", *BY)
    return _judged(found, new)


def _judged(found: pl.DataFrame, new: State) -> pl.DataFrame:
    """Return the decisions with `fault`: why one is not applied; null for one that is, and where nobody can tell."""
    faults: dict[tuple[str, str | None], str] = {}
    mine = found.filter(pl.col("change") != "withdrawn").select(list(DECISIONS.columns)).sort(BY)
    if new.images is not None and new.decisions is not None and mine.height:
        unreadable = set() if new.issues is None else set(_flagged(new.issues, "unreadable")["image_id"])
        good, lines = usable(new.images, class_names(new.images), unreadable, mine)
        bad = mine.join(good, on=BY, how="anti", nulls_equal=True, maintain_order="left")
        for row, line in zip(bad.iter_rows(named=True), lines, strict=True):
            faults[row["image_id"], row["reviewer"]] = line.removeprefix(f"{row['image_id']}: ")
        disputed = settle(new.images, unreadable, new.decisions, hints=0).disputed
        said = dict(disputed.select("image_id", "said").iter_rows())
        for row in good.iter_rows(named=True):
            if row["image_id"] in said:
                faults[row["image_id"], row["reviewer"]] = f"reviewers differ ({said[row['image_id']]})"
    keys = found.select(BY).iter_rows()
    return found.with_columns(fault=pl.Series([faults.get(key) for key in keys], dtype=pl.String))


def _flagged(issues: pl.DataFrame, kind: str) -> pl.DataFrame:
    return issues.filter(pl.col("is_issue") & (pl.col("issue") == kind))


def _findings(old: State, new: State, source: pl.DataFrame | None) -> list[Kind]:
    before, after = (_counts(state) for state in (old, new))
    names = sorted({*before, *after})
    found = []
    for name in names:
        came = gone = None
        added = 0
        if _known(old.issues, new.issues, old.images, new.images):
            came, gone, added = _came_and_gone(old, new, name, source)
        elif not old.reported and new.issues is not None and new.images is not None:
            came = _described(_flagged(new.issues, name), new.images)
        found.append(Kind(name, before.get(name), after.get(name), came, gone, added))
    return found


def _counts(state: State) -> dict[str, int]:
    """Return images per kind of finding; a kind that is missing here was not looked for."""
    if state.issues is not None:
        counted = state.issues.group_by("issue").agg(pl.col("is_issue").sum().cast(pl.Int64))
        return dict(counted.iter_rows())
    issues = state.metrics.get("issues")
    listed = issues.items() if isinstance(issues, dict) else ()
    return {str(name): int(n) for name, n in listed if isinstance(n, (int, float))}


def _came_and_gone(
    old: State, new: State, kind: str, source: pl.DataFrame | None
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    assert old.issues is not None and new.issues is not None and old.images is not None and new.images is not None
    renamed = _of(source, "renamed")
    names = dict(renamed.select("old_id", "image_id").iter_rows()) if renamed.height else {}
    before, after = _flagged(old.issues, kind), _flagged(new.issues, kind)
    now = before.with_columns(now=pl.col("image_id").replace(names))
    came = after.join(now.select(image_id="now"), on="image_id", how="anti")
    gone = now.join(after, left_on="now", right_on="image_id", how="anti").drop("now")
    added = _of(source, "added")
    ours = came.join(added, on="image_id", how="semi").height if added.height else 0
    return _described(came, new.images), _described(gone, old.images), ours


def _described(rows: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    joined = rows.join(images.select("image_id", "label", "split"), on="image_id", how="left")
    return joined.sort("score", "image_id")


def _balance(old: State, new: State) -> pl.DataFrame:
    counts = {
        "before": _per_class(old.images, old.balance),
        "now": _per_class(new.images, new.balance),
        "written_before": _per_class(old.kept, None),
        "written_now": _per_class(new.kept, None),
    }
    labels = (
        pl.concat([found.select("label") for found in counts.values() if found is not None]).unique()
        if any(found is not None for found in counts.values())
        else pl.DataFrame({"label": []}, schema={"label": pl.String})
    )
    for name, found in counts.items():
        column = pl.lit(None, pl.Int64).alias(name)
        labels = (
            labels.with_columns(column)
            if found is None
            else labels.join(found.rename({"images": name}), on="label", how="left", nulls_equal=True).with_columns(
                pl.col(name).fill_null(0)
            )
        )
    order = {name: place for place, name in enumerate(class_names(labels))}
    place = pl.col("label").replace_strict(order, default=len(order), return_dtype=pl.Int64)
    return labels.sort(place)


def _per_class(table: pl.DataFrame | None, counted: pl.DataFrame | None) -> pl.DataFrame | None:
    if table is not None:
        return table.group_by("label").agg(images=pl.len().cast(pl.Int64))
    return None if counted is None else counted.group_by("label").agg(pl.col("images").sum())
