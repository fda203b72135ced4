"""Health of the pictures: readable, usual, and of good quality."""

from collections.abc import Sequence

import polars as pl

from dataprep.report import intervals
from dataprep.report.facts import CONFIRMED, Facts, flagged
from dataprep.report.health.copies import CONFLICTS, COPIES, LEAKS
from dataprep.report.health.share_of import Basis, Health, counted, readable_rows, share_without
from dataprep.report.inputs import Inputs
from dataprep.report.views import View

UNREADABLE = "unreadable"
STRANGE = ("outlier", "out_of_distribution")
# All other kinds tell of the picture, those of detectors to come as well.
NOT_OF_PICTURES = (LEAKS, CONFLICTS, UNREADABLE, "label_error", "small_class", *COPIES, *STRANGE)


def readable(inputs: Inputs, facts: Facts, written: bool) -> Health | None:
    """Return the share of files that can be decoded. What is written can."""
    rows = facts.state.filter("kept") if written else facts.state
    return counted("readable", rows, ~pl.col("readable"), View(issue=UNREADABLE), written)


def typical(inputs: Inputs, facts: Facts, written: bool) -> Health | None:
    """Return the share of judged images that are no outliers, as `_seen` counts them."""
    rows = readable_rows(facts, written).filter(pl.col("image_id").is_in(facts.judged["image_id"].implode()))
    return _seen("typical", inputs, facts, rows, STRANGE, written)


def good_pictures(inputs: Inputs, facts: Facts, written: bool) -> Health | None:
    """Return the share of readable images whose picture no kind flags, as `_seen` counts them."""
    kinds = [kind for kind in inputs.issues["issue"].unique().sort() if kind not in NOT_OF_PICTURES]
    return _seen("good_pictures", inputs, facts, readable_rows(facts, written), kinds, written)


def _seen(
    name: str, inputs: Inputs, facts: Facts, rows: pl.DataFrame, kinds: Sequence[str], written: bool
) -> Health | None:
    """Count flagged images: those that people looked at by their verdict, the others by the precision among these.

    Confirmed is what was dropped, relabeled or disputed; without a verdict all count. The precision's Wilson interval
    widens that of the share (`intervals.added`). People look at the worst first, as a rule, so that fewer of the rest
    may be true.
    """
    if not rows.height:
        return None
    suspect = pl.col("image_id").is_in(flagged(inputs, *kinds).implode())
    verdicts = facts.state.filter(suspect & pl.col("readable")).drop_nulls("verdict")["verdict"]
    confirmed = int(verdicts.is_in(CONFIRMED).sum())
    precision = intervals.wilson(confirmed, len(verdicts)) if len(verdicts) else intervals.exactly(1.0)
    mended = pl.col("verdict") == "relabel" if written else pl.lit(False)
    sure = pl.when(mended | (pl.col("verdict") == "keep")).then(0.0).when(pl.col("verdict").is_not_null()).then(1.0)
    bad = pl.when(suspect).then(sure.otherwise(precision.value)).otherwise(0.0)
    share, number = share_without(rows, bad, written)
    unseen = rows.filter(suspect & pl.col("verdict").is_null()).height
    share = intervals.added(share, precision.complement, unseen / rows.height)
    basis: Basis = "sample" if not written else "people" if len(verdicts) and unseen else "counted"
    note = f"people confirmed {confirmed} of {len(verdicts)} that they looked at" if len(verdicts) else ""
    return Health(name, share, number, rows.height, _view(inputs, kinds, written), basis, note)


def _view(inputs: Inputs, kinds: Sequence[str], written: bool) -> View:
    most = max(kinds, key=lambda kind: len(flagged(inputs, kind)), default=None)
    return View(issue=most, state="kept" if written else None)
