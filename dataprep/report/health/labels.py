"""Health of the labels: right, as far as the networks and people can tell, and there at all."""

import math
from dataclasses import dataclass

import polars as pl

from dataprep.report import intervals
from dataprep.report.facts import Facts
from dataprep.report.health.share_of import Basis, Health, counted, readable_rows
from dataprep.report.inputs import Inputs
from dataprep.report.intervals import Share
from dataprep.report.views import View

LABELS = "label_error"


@dataclass(frozen=True)
class Opinion:
    """The share of labels that are right. of: how many labels that is about."""

    share: Share
    of: int
    basis: Basis
    note: str


def labeled(inputs: Inputs, facts: Facts, written: bool) -> Health | None:
    """Return the share of readable images that have a label; None where all had one."""
    if not facts.state.filter("readable")["given"].null_count():
        return None
    return counted("labeled", readable_rows(facts, written), pl.col("label").is_null(), View(), written)


def labels_right(inputs: Inputs, facts: Facts, written: bool) -> Health | None:
    """Return the share of labels that are right: by people where they know better, else by the noise model.

    People know better when their interval is the narrower one, or when the model's estimate lies outside of it: theirs
    takes nothing for granted, being that of a random sample. None where neither can tell.
    """
    people, model = by_people(facts, written), by_model(inputs, facts, written)
    better = people
    if people is not None and model is not None:
        inside = people.share.low <= model.share.value <= people.share.high
        better = model if inside and _width(model.share) < _width(people.share) else people
    found = better or model
    if found is None:
        return None
    view = View(issue=LABELS, state="kept" if written else None, sort=LABELS)
    wrong = found.of * (1 - found.share.value)
    return Health("labels_right", found.share, wrong, found.of, view, found.basis, found.note)


def by_model(inputs: Inputs, facts: Facts, written: bool) -> Opinion | None:
    """Return what the networks say: the mean of P(given label is right), see `noise_model`; None without judged images.

    There are two opinions: of all networks together, of which most have seen the label, and of the one alone that held
    the image out. Weak networks part them: on 1,584 CIFAR-10N images, of whose labels 91.4 % are right, they say 85.1
    and 93.0 %. So each probability is the mean of both, and their standard deviation widens `intervals.probable`.
    Labels that people kept or gave are right, those that they changed are wrong in what came in; what the policy
    relabeled has the probability of its suggestion. Images that nobody judged count for nothing.
    """
    rows = readable_rows(facts, written).drop_nulls("label").join(facts.judged, on="image_id", how="left")
    suggested = inputs.issues.filter(pl.col("issue") == LABELS).select("image_id", "suggested_probability")
    rows = rows.join(suggested, on="image_id", how="left", validate="1:1")
    changed = pl.col("label").ne_missing(pl.col("given"))
    by_policy = pl.col("suggested_probability").cast(pl.Float64)
    kept = pl.when(pl.col("verdict") == "keep").then(1.0)
    relabeled = pl.col("verdict") == "relabel"
    known = kept.when(relabeled).then(1.0).when(changed).then(by_policy) if written else kept.when(relabeled).then(0.0)
    rows = rows.with_columns(own=known.otherwise("own"), alone=known.otherwise("alone")).drop_nulls("own")
    if not rows.height or not facts.judged.height:
        return None
    own, alone = rows["own"].to_numpy(), rows["alone"].to_numpy()
    share = intervals.probable((own + alone) / 2, abs(float(own.mean() - alone.mean())) / math.sqrt(2))
    return Opinion(share, rows.height, "model", "by the networks")


def by_people(facts: Facts, written: bool) -> Opinion | None:
    """Return what decisions in the order of review tell of all images: see `decisions.remaining`.

    A fault is a label that people changed or dispute, or an image that they dropped while it is no copy. Those found
    are wrong in what came in and mended in what is written, save those in dispute. None before the first turn.
    """
    left = facts.left
    expected, low, high = left.expected, left.low, left.high
    rows = facts.order if not written else facts.order.join(facts.state.filter("kept"), on="image_id", how="semi")
    if expected is None or not left.decided or not rows.height:
        return None
    found = facts.settled.disputed.height if written else left.wrong
    wrong = Share(*(min(1.0, (found + number) / rows.height) for number in (expected, low, high)))
    return Opinion(wrong.complement, rows.height, "people", f"by {left.decided:,} decisions in the order of review")


def _width(share: Share) -> float:
    return share.high - share.low
