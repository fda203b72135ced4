"""What all kinds of health have in common: the share, what its interval stands for, the images behind it."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from dataprep.report import intervals
from dataprep.report.facts import Facts
from dataprep.report.intervals import Share
from dataprep.report.views import View

Basis = Literal["counted", "sample", "model", "people"]


@dataclass(frozen=True)
class Health:
    """The share of images, 0 (none) to 1 (all), that are as they should be in one respect.

    bad: the number of those that are not, of `of`; an estimate where the share is one. view: the images behind it.
    basis: what the interval stands for: counted (nothing, low = high), sample (what further images of the source would
    have), model (the networks may err), people (they have seen a part only). note: what else to know, in words.
    behind: what `view` shows where that is not all of the bad ones.
    """

    name: str
    share: Share
    bad: float
    of: int
    view: View
    basis: Basis
    note: str = ""
    behind: str = ""


def readable_rows(facts: Facts, written: bool) -> pl.DataFrame:
    """Return the readable rows of `Facts.state`, or the written ones, with `label` as it stands there."""
    rows = facts.state.filter("kept" if written else "readable")
    return rows.with_columns(label=pl.col("now" if written else "given"))


def share_without(rows: pl.DataFrame, bad: pl.Expr, written: bool) -> tuple[Share, float]:
    """Return the share of rows that are not `bad` (0 to 1 each), and the sum of bad.

    Of what came in with an interval for further images of the same source, in which copies of one picture are no
    independent images; of the written images exactly.
    """
    values = rows.select(bad.cast(pl.Float64)).to_series().to_numpy()
    if written:
        return intervals.exactly(1 - float(values.mean())), float(values.sum())
    return intervals.clustered(values, rows["copies"].to_numpy()).complement, float(values.sum())


def counted(name: str, rows: pl.DataFrame, bad: pl.Expr, view: View, written: bool) -> Health | None:
    """Return the share of rows that are not `bad`, as `share_without` has it; None of no row."""
    if not rows.height:
        return None
    share, number = share_without(rows, bad, written)
    return Health(name, share, number, rows.height, view, "counted" if written else "sample")
