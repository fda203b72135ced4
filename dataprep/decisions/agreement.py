"""How far reviewers agree, to be set beside the agreement of annotators."""

from dataclasses import dataclass
from itertools import combinations

import polars as pl


@dataclass(frozen=True)
class Pair:
    """Two reviewers' common images: how many, the share judged alike, and Cohen's kappa (None: undefined)."""

    one: str
    other: str
    images: int
    alike: float
    kappa: float | None


def pairs(decisions: pl.DataFrame, images: pl.DataFrame) -> list[Pair]:
    """Return a Pair for each two reviewers who decided about the same image, by name.

    A judgment is the label that the image shall have, or that it be dropped: keep and a relabeling to the given label
    are the same. Kappa is (alike - chance) / (1 - chance), where chance is what two people reach who judge as often
    alike but at random (Cohen 1960). Decisions without a reviewer's name count for nobody.
    decisions: DECISIONS. images: IMAGES; decisions about other images or other bytes are left out.
    """
    current = images.select("image_id", pl.col("sha256").alias("now"), pl.col("label").alias("given"))
    rows = decisions.drop_nulls("reviewer").join(current, on="image_id", how="inner", validate="m:1")
    rows = rows.filter(pl.col("sha256").fill_null(pl.col("now")) == pl.col("now"))
    label = pl.when(pl.col("verdict") == "relabel").then("label").otherwise("given")
    judgment = pl.when(pl.col("verdict") != "drop").then(pl.format("={}", label.fill_null("")))
    rows = rows.select("image_id", "reviewer", judgment=judgment.fill_null("drop"))
    found = []
    for one, other in combinations(sorted(rows["reviewer"].unique()), 2):
        both = rows.filter(reviewer=one).join(rows.filter(reviewer=other), on="image_id", how="inner", suffix="_other")
        if both.height:
            found.append(_pair(one, other, both["judgment"].to_list(), both["judgment_other"].to_list()))
    return found


def mean_agreement(found: list[Pair]) -> float | None:
    """Return the mean share alike over the pairs, each of the same weight as in `annotators.human_baseline`."""
    return sum(pair.alike for pair in found) / len(found) if found else None


def _pair(one: str, other: str, mine: list[str], theirs: list[str]) -> Pair:
    from sklearn.metrics import cohen_kappa_score  # takes a second to import, and most reports do without

    alike = sum(a == b for a, b in zip(mine, theirs, strict=True)) / len(mine)
    varied = len({*mine, *theirs}) > 1  # else chance is 1 and kappa 0 / 0
    return Pair(one, other, len(mine), alike, float(cohen_kappa_score(mine, theirs)) if varied else None)
