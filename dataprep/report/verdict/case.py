"""What a verdict is made of: the case that is looked at, and a reason against training on it."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from dataprep.markdown import count, escape
from dataprep.report.facts import Facts
from dataprep.report.health.share_of import Health, readable_rows
from dataprep.report.inputs import Inputs

MOST_NAMED = 5


@dataclass(frozen=True)
class Case:
    """The written data set: what it was made of, what is known of it, its health and its images.

    kept: the written rows of `Facts.state`, with `label`; training: those of the training split.
    """

    inputs: Inputs
    facts: Facts
    written: dict[str, Health]
    kept: pl.DataFrame
    training: pl.DataFrame


@dataclass(frozen=True)
class Reason:
    """Why not to train on the data set, or not without care.

    name: for machines. blocks: it must be mended first. what: a sentence in Markdown. todo: what to do, in Markdown, a
    command or parameter. section: the anchor of the report's section on it.
    """

    name: str
    blocks: bool
    what: str
    todo: str
    section: str


def case(inputs: Inputs, facts: Facts, written: dict[str, Health]) -> Case:
    """Return the case of the written data set."""
    kept = readable_rows(facts, True)
    return Case(inputs, facts, written, kept, kept.filter(pl.col("split") == inputs.params.normalize.training_split))


def many(number: int, one: str, more: str, shown: str = "") -> str:
    """Return the number, as `shown` where that is given, and the noun that it takes.

    >>> many(1, "image", "images"), many(1200, "image", "images", "[1,200](#images)")
    ('1 image', '[1,200](#images) images')
    """
    return f"{shown or count(number)} {one if number == 1 else more}"


def named(names: Sequence[str]) -> str:
    """Return the first few names, escaped, and how many more there are."""
    shown = ", ".join(escape(name, 40) for name in names[:MOST_NAMED])
    return shown if len(names) <= MOST_NAMED else f"{shown} and {count(len(names) - MOST_NAMED)} more"
