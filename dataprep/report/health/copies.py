"""Health of copies: kept out of each other's splits, labeled alike, and none too many."""

import polars as pl

from dataprep.report.facts import Facts, flagged, groups_of
from dataprep.report.health.share_of import Health, counted, readable_rows
from dataprep.report.inputs import Inputs
from dataprep.report.views import View

LEAKS, CONFLICTS = "split_leak", "label_conflict"
COPIES = ("exact_duplicate", "near_duplicate")


def test_independent(inputs: Inputs, facts: Facts, written: bool) -> Health | None:
    """Return the share of held-out images (of other splits than the training split) that have no copy in another split.

    A copy is what `split_leak` calls so; of the written images those count whose group still spans splits. None where
    there are no held-out images, or nothing but one split.
    """
    rows = readable_rows(facts, written)
    held_out = rows.filter(pl.col("split") != inputs.params.normalize.training_split)
    if rows["split"].n_unique() < 2:
        return None
    bad = pl.col("image_id").is_in(leaking(inputs, rows).implode())
    names = held_out["split"].unique()
    view = View(issue=LEAKS, split=names[0] if len(names) == 1 else None, state="kept" if written else None)
    return counted("test_independent", held_out, bad, view, written)


def labels_consistent(inputs: Inputs, facts: Facts, written: bool) -> Health | None:
    """Return the share of labeled images that are in no group of copies with several labels."""
    rows = readable_rows(facts, written).drop_nulls("label")
    bad = pl.col("image_id").is_in(conflicting(inputs, rows).implode())
    view = View(issue=CONFLICTS, state="kept" if written else None)
    return counted("labels_consistent", rows, bad, view, written)


def unique(inputs: Inputs, facts: Facts, written: bool) -> Health | None:
    """Return the share of readable images that are left when of each group of copies, exact or near, one is kept."""
    rows = readable_rows(facts, written)
    extra = pl.int_range(pl.len()).over("copies") > 0
    # Of one kind, as a view has one: the one that flags most of the extra images.
    ids = rows.filter(extra)["image_id"]
    kind = max(COPIES, key=lambda kind: ids.is_in(flagged(inputs, kind).implode()).sum())
    return counted("unique", rows, extra, View(issue=kind, state="kept" if written else None), written)


def leaking(inputs: Inputs, rows: pl.DataFrame) -> pl.Series:
    """Return the image_ids of `rows` that are in a group of copies over several splits of theirs."""
    return _differing(rows, groups_of(inputs, LEAKS), "split")


def conflicting(inputs: Inputs, rows: pl.DataFrame) -> pl.Series:
    """Return the image_ids of `rows` that are in a group of copies with several labels, `label` of the rows."""
    return _differing(rows, groups_of(inputs, CONFLICTS), "label")


def _differing(rows: pl.DataFrame, groups: pl.DataFrame, column: str) -> pl.Series:
    both = rows.join(groups, on="image_id", how="inner", validate="1:1")
    return both.filter(pl.col(column).n_unique().over("group") > 1)["image_id"]
