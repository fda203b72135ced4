"""What health, verdict and sections are made of: each image's fate, and what networks and people say of its label."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from dataprep.decisions.remaining import Remaining, remaining
from dataprep.decisions.table import Settled, settle
from dataprep.decisions.turns import turns
from dataprep.detectors.copy_groups import joined
from dataprep.judged import judge
from dataprep.noise_model import estimate, log_probabilities
from dataprep.report.inputs import Inputs
from dataprep.report.predicted import predicted

CONFIRMED = ("drop", "relabel", "disputed")  # verdicts that say something is wrong with an image


@dataclass(frozen=True)
class Facts:
    """What was found out of the images, in tables by image_id.

    state: a row per image: image_id, split, given (label), now (the written label; null when removed), readable, kept,
    verdict (keep, drop, relabel, disputed, or null where nobody decided), copies (a number shared by copies of one
    picture, unique to all others). judged: a row per labeled image that a fold held out: image_id, fold, given,
    predicted (class of the highest probability, the first of equals), confidence (that probability), own and alone:
    P(given label is right) by all networks together, and by those alone that held the image out. order: TURNS.
    settled, left: what people decided, and what that tells of the rest.
    """

    state: pl.DataFrame
    judged: pl.DataFrame
    order: pl.DataFrame
    settled: Settled
    left: Remaining


def gather(inputs: Inputs) -> Facts:
    """Return the facts of all images."""
    broken = inputs.measurements.filter(pl.col("unreadable").is_not_null())["image_id"]
    settled = settle(inputs.images, broken, inputs.decisions)
    order = turns(inputs.images, inputs.measurements, inputs.issues)
    left = remaining(order, settled.agreed, settled.disputed, inputs.params.session.enough)
    return Facts(_state(inputs, settled), _judged(inputs), order, settled, left)


def flagged(inputs: Inputs, *kinds: str) -> pl.Series:
    """Return the image_ids that any of the kinds flags, sorted."""
    rows = inputs.issues.filter(pl.col("is_issue") & pl.col("issue").is_in(kinds))
    return rows["image_id"].unique().sort()


def groups_of(inputs: Inputs, kind: str) -> pl.DataFrame:
    """Return image_id and group of the flagged images of a kind that are in a group."""
    return inputs.issues.filter((pl.col("issue") == kind) & pl.col("is_issue")).drop_nulls("group")["image_id", "group"]


def remaining_findings(inputs: Inputs, facts: Facts) -> pl.DataFrame:
    """Return issue and image_id of the findings in the written images.

    Copies count while another one of their group is written as well; leaks and conflicts while the written copies
    differ in split or in label as written.
    """
    kept = facts.state.filter("kept").select("image_id", "now", "split")
    rows = inputs.issues.filter("is_issue").join(kept, on="image_id", how="inner")
    group = ["issue", "group"]
    alone = pl.col("group").is_not_null() & (pl.len().over(group) < 2)
    for kind, column in (("split_leak", "split"), ("label_conflict", "now")):
        alone |= (pl.col("issue") == kind) & (pl.col(column).n_unique().over(group) < 2)
    return rows.filter(~alone).select("issue", "image_id").sort("issue", "image_id")


def _state(inputs: Inputs, settled: Settled) -> pl.DataFrame:
    verdicts = pl.concat(
        [
            settled.agreed.select("image_id", "verdict"),
            settled.disputed.select("image_id", verdict=pl.lit("disputed", pl.String)),
        ]
    )
    broken = inputs.measurements.filter(pl.col("unreadable").is_not_null())["image_id"]
    kept = inputs.kept.select("image_id", now="label", kept=pl.lit(True))
    table = inputs.images.select("image_id", "split", given="label")
    for other in (kept, verdicts, _copies(inputs)):
        table = table.join(other, on="image_id", how="left", validate="1:1", maintain_order="left")
    return table.with_columns(
        kept=pl.col("kept").fill_null(False), readable=~pl.col("image_id").is_in(broken.implode())
    ).sort("image_id")


def _copies(inputs: Inputs) -> pl.DataFrame:
    exact, near = (inputs.issues.filter(pl.col("issue") == kind) for kind in ("exact_duplicate", "near_duplicate"))
    named = joined(inputs.images.select("image_id"), exact, near)
    name = pl.coalesce("copies", pl.concat_str(pl.lit("/"), "image_id"))
    return named.select("image_id", copies=name.rank("dense").cast(pl.Int64) - 1)


def _judged(inputs: Inputs) -> pl.DataFrame:
    judged = judge(inputs.images, inputs.predictions)
    if not judged.ids:
        schema = {"image_id": pl.String, "fold": pl.Int32, "given": pl.String, "predicted": pl.String}
        return pl.DataFrame(schema=schema | dict.fromkeys(("confidence", "own", "alone"), pl.Float64))
    names = np.array(judged.classes, dtype=object)
    # Classes that no judged image has are left out of `judge`, but a network may have said them all the same.
    said = pl.DataFrame({"image_id": judged.ids}).join(predicted(inputs), on="image_id", maintain_order="left")
    rows = np.arange(len(judged.ids))
    joint, alone = (
        estimate(opinion, judged.labels).right[rows, judged.labels]
        for opinion in (judged.joint, log_probabilities(judged.probabilities))
    )
    return pl.DataFrame(
        {
            "image_id": judged.ids,
            "fold": pl.Series(judged.folds, dtype=pl.Int32),
            "given": pl.Series(names[judged.labels].tolist(), dtype=pl.String),
            "predicted": said["predicted"],
            "confidence": said["confidence"].cast(pl.Float64),
            "own": joint,
            "alone": alone,
        }
    )


def relabeled(kept: pl.DataFrame) -> pl.DataFrame:
    """Return the kept rows whose label is not the given one; a label given to an unlabeled image counts."""
    return kept.filter(pl.col("label").ne_missing(pl.col("given_label")))


def sizes(frame: pl.DataFrame, column: str) -> dict[str, int]:
    """Return the number of rows of each value, nulls left out, the most frequent first and equals by name."""
    counted = frame.drop_nulls(column)[column].value_counts().sort("count", column, descending=[True, False])
    return dict(counted.iter_rows())
