"""The report's section on reviews: who decided what, how far people agree, what is left."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from dataprep.annotators import human_baseline
from dataprep.decisions.agreement import Pair, mean_agreement, pairs
from dataprep.decisions.remaining import Remaining, in_words, remaining
from dataprep.decisions.table import Settled, settle
from dataprep.decisions.turns import turns
from dataprep.markdown import count, details, escape, share, table
from dataprep.report.inputs import Inputs
from dataprep.schema import VERDICTS

LISTED = 30
DIGITS = 4


def section(inputs: Inputs) -> Iterator[str]:
    """Yield the section's blocks in order; none without decisions."""
    if not inputs.decisions.height:
        return
    settled, left = _judged(inputs)
    yield "## What people decided"
    yield f"Of what was looked for label by label: {in_words(left)}. " + _rule(inputs.params.session.enough)
    yield table(("reviewer", "decisions", *VERDICTS), _people(inputs.decisions))
    found = pairs(inputs.decisions, inputs.images)
    yield _agreement(found, inputs)
    if len(found) > 1 or any(pair.alike < 1 for pair in found):
        rows = [(escape(p.one), escape(p.other), count(p.images), share(p.alike), _kappa(p.kappa)) for p in found]
        yield table(("reviewer", "and", "images of both", "alike", "Cohen's kappa"), rows[:LISTED])
    if settled.unused:
        lines = "\n".join(f"- {escape(line, 300)}" for line in settled.unused[:LISTED])
        more = f"\n\nand {count(len(settled.unused) - LISTED)} more" if len(settled.unused) > LISTED else ""
        noun = "decision is" if len(settled.unused) == 1 else "decisions are"
        yield details(f"{count(len(settled.unused))} {noun} not applied", lines + more)


def metrics(inputs: Inputs) -> dict[str, Any]:
    """Return the section's numbers; empty without decisions."""
    if not inputs.decisions.height:
        return {}
    settled, left = _judged(inputs)
    values: dict[str, Any] = {
        "decisions": inputs.decisions.height,
        "decided": left.decided,
        "disputed": settled.disputed.height,
        "still_wrong_at_most": round(left.rate[2], DIGITS),
    }
    if left.rate[0] is not None:
        values["still_wrong"] = round(left.rate[0], DIGITS)
    agree = mean_agreement(pairs(inputs.decisions, inputs.images))
    return values | ({} if agree is None else {"reviewers_agree": round(agree, DIGITS)})


def _judged(inputs: Inputs) -> tuple[Settled, Remaining]:
    broken = inputs.measurements.filter(pl.col("unreadable").is_not_null())["image_id"]
    settled = settle(inputs.images, broken, inputs.decisions)
    order = turns(inputs.images, inputs.measurements, inputs.issues)
    return settled, remaining(order, settled.agreed, settled.disputed, inputs.params.session.enough)


def _rule(enough: float) -> str:
    return (
        f"Enough is reviewed when, with 97.5 % confidence, at most {share(enough)} of the images are still wrong "
        "(`session.enough`)."
    )


def _people(decisions: pl.DataFrame) -> list[tuple[str, ...]]:
    counted = (
        decisions.with_columns(pl.col("reviewer").fill_null("somebody"))
        .group_by("reviewer")
        .agg(pl.len().alias("all"), *(pl.col("verdict").eq(verdict).sum().alias(verdict) for verdict in VERDICTS))
        .sort("reviewer")
    )
    return [(escape(name), *(count(number) for number in numbers)) for name, *numbers in counted.iter_rows()]


def _agreement(found: list[Pair], inputs: Inputs) -> str:
    mean = mean_agreement(found)
    if mean is None:
        return "No image was decided by two reviewers, so their agreement is not known."
    said = f"Two reviewers say the same of **{share(mean)}** of the images that both decided."
    people = human_baseline(inputs.images, inputs.predictions).people
    if people is None:
        return said
    return f"{said} Two annotators give the same label to {share(people)} of the images that both labeled."


def _kappa(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"
