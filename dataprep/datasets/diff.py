"""What differs between two versions of a data set: which images, why, and which parameters."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from dataprep.datasets.reader import DataSet
from dataprep.schema import CHANGES, check

KINDS = ("added", "removed", "renamed", "relabeled", "moved", "changed")
SOURCE = "the source"
NEW = f"new in {SOURCE}"  # reasons of images that came and went with the source
GONE = f"not in {SOURCE} any more"


@dataclass(frozen=True)
class Diff:
    """changes: CHANGES; an image that differs in several ways has a row for each.

    parameters: name, value in the old and in the new version, of those that differ; None where there is none.
    """

    old: DataSet
    new: DataSet
    changes: pl.DataFrame
    parameters: list[tuple[str, Any, Any]]

    def counts(self) -> dict[str, int]:
        """Return the images per kind of change, in the order of KINDS."""
        found = dict(self.changes["change"].value_counts().rows())
        return {kind: found.get(kind, 0) for kind in KINDS}

    def by(self, column: str) -> pl.DataFrame:
        """Return change, `column` (label, split or reason) and images, most first."""
        counted = self.changes.group_by("change", column).agg(images=pl.len())
        order = pl.col("change").replace_strict({kind: place for place, kind in enumerate(KINDS)})
        return counted.sort(order, "images", column, descending=[False, True, False])


def compare(old: DataSet, new: DataSet) -> Diff:
    """Return what differs, image by image, as `changes_of` tells it, and in which parameters."""
    found = changes_of(old.index, new.index, old.removed, new.removed)
    return Diff(
        old, new, check(found, CHANGES, "diff"), different(old.manifest["parameters"], new.manifest["parameters"])
    )


def changes_of(
    old: pl.DataFrame, new: pl.DataFrame, old_removed: pl.DataFrame, new_removed: pl.DataFrame
) -> pl.DataFrame:
    """Return the columns of CHANGES for two tables of images and what was removed from each.

    old, new: image_id, sha256, label, split, given_label, reason and decided_by. old_removed, new_removed: REMOVED.
    Images are the same by image_id. removed and added: with the reason that REMOVED gives, or that the source differs.
    renamed: other image_id, same bytes, and no other image has them; its label and split are compared as well.
    relabeled, moved: other label or split. changed: other bytes. A label may be null, as in IMAGES.
    """
    columns = ["image_id", "sha256", "label", "split", "reason", "decided_by", "given_label"]
    before, after = (table.select(columns) for table in (old, new))
    both = before.join(after, on="image_id", suffix="_new", validate="1:1")
    gone = before.join(after, on="image_id", how="anti")
    came = after.join(before, on="image_id", how="anti")
    stayed = pl.concat([both["sha256"], both["sha256_new"]]).implode()
    pairs = _pairs(*(frame.filter(~pl.col("sha256").is_in(stayed)) for frame in (gone, came)))
    same = pl.concat([both, pairs.select(both.columns)])
    parts = [
        _came(came.join(pairs, on="image_id", how="anti"), old_removed),
        _gone(gone.join(pairs, left_on="image_id", right_on="old_id", how="anti"), new_removed),
        _renamed(pairs),
        _relabeled(same),
        _differing(same, "split", "moved", f"another split in {SOURCE}"),
        _differing(both, "sha256", "changed", f"other bytes in {SOURCE}"),
    ]
    found = pl.concat([CHANGES.empty(), *parts], how="diagonal")
    return found.select(list(CHANGES.columns)).sort(CHANGES.key)


def _came(came: pl.DataFrame, removed: pl.DataFrame) -> pl.DataFrame:
    known = removed.select("image_id", was="reason")
    return came.join(known, on="image_id", how="left").select(
        "image_id",
        "label",
        "split",
        "decided_by",
        change=pl.lit("added"),
        reason=pl.coalesce(pl.format("no longer removed: {}", "was"), pl.lit(NEW)),
    )


def _gone(gone: pl.DataFrame, removed: pl.DataFrame) -> pl.DataFrame:
    known = removed.select("image_id", why="reason", who="decided_by")
    return gone.join(known, on="image_id", how="left").select(
        "image_id",
        "label",
        "split",
        old_label="label",
        old_split="split",
        change=pl.lit("removed"),
        reason=pl.coalesce("why", pl.lit(GONE)),
        decided_by="who",
    )


def _pairs(gone: pl.DataFrame, came: pl.DataFrame) -> pl.DataFrame:
    """Return images of other names and the same bytes: old_id, the new image_id, and the columns of both versions."""
    alone = [frame.filter(pl.col("sha256").is_unique()) for frame in (gone, came)]
    renamed = alone[0].rename({"image_id": "old_id"})
    return renamed.join(alone[1], on="sha256", suffix="_new", coalesce=False, validate="1:1")


def _renamed(pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.select(
        "image_id",
        "old_id",
        label="label_new",
        old_label="label",
        split="split_new",
        old_split="split",
        change=pl.lit("renamed"),
        reason=pl.lit(f"another name in {SOURCE}"),
    )


def _relabeled(same: pl.DataFrame) -> pl.DataFrame:
    given = pl.when(pl.col("label_new") == pl.col("given_label_new"), pl.col("label") != pl.col("given_label"))
    reason = pl.coalesce(
        "reason_new", given.then(pl.lit("correction taken back")), pl.lit(f"another label in {SOURCE}")
    )
    return _differing(same, "label", "relabeled", reason).join(
        same.select("image_id", decided_by="decided_by_new"), on="image_id"
    )


def _differing(both: pl.DataFrame, column: str, kind: str, reason: str | pl.Expr) -> pl.DataFrame:
    rows = both.filter(pl.col(column).ne_missing(pl.col(f"{column}_new")))
    return rows.select(
        "image_id",
        label="label_new",
        old_label="label",
        split="split_new",
        old_split="split",
        change=pl.lit(kind),
        reason=pl.lit(reason) if isinstance(reason, str) else reason,
    )


def different(old: Any, new: Any) -> list[tuple[str, Any, Any]]:
    """Return name, old and new value, of those of two nested mappings that differ; None where there is none."""
    before, after = flat(old), flat(new)
    names = sorted(set(before) | set(after))
    return [(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)]


def flat(values: Any, path: str = "") -> dict[str, Any]:
    """Return nested mappings and lists as one mapping with dotted names.

    >>> flat({"a": {"b": 1}, "c": [2, {"d": 3}]})
    {'a.b': 1, 'c.0': 2, 'c.1.d': 3}
    """
    if not isinstance(values, (dict, list)) or not values:
        return {path: values}
    pairs = values.items() if isinstance(values, dict) else ((str(n), value) for n, value in enumerate(values))
    found: dict[str, Any] = {}
    for name, value in pairs:
        found |= flat(value, f"{path}.{name}" if path else str(name))
    return found
