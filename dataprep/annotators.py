"""What several people's labels and the networks say together: consensus, each person's quality, agreement."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from dataprep.crowd import GAP, Floats, Votes, fit, posterior
from dataprep.judged import probabilities_of
from dataprep.schema import ANNOTATOR_PREFIX, ANNOTATORS, CONSENSUS, annotator_columns, class_names


def judge(images: pl.DataFrame, predictions: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return CONSENSUS and ANNOTATORS; both empty without annotator columns.

    The consensus is the class of highest `posterior`, given all labels and the probabilities by networks that did not
    see the image's label. Gaps count for nothing; an image without a prediction has its votes alone; one that nobody
    labeled has no consensus.
    quality: the mean probability of the labels that the annotator gave.
    images: IMAGES. predictions: PREDICTIONS, of some or all images.
    Raises DataprepError as `judged.probabilities_of` does.
    """
    columns = sorted(annotator_columns(images))
    images = images.sort("image_id")
    classes = class_names(images)
    votes = read_votes(images, columns, classes)
    if not columns:
        return pl.DataFrame(schema=CONSENSUS.columns), pl.DataFrame(schema=ANNOTATORS.columns)
    right = np.full((len(votes), len(classes)), np.nan)
    people = (votes != GAP).sum(1)
    logits = _log_probabilities(images, predictions, classes)
    if people.any():
        right = posterior(fit(votes, logits), votes, logits)
    best = np.where(people > 0, right.argmax(1) if len(classes) else GAP, GAP)
    alike = (votes == best[:, None]).sum(1) / np.maximum(people, 1)
    consensus = pl.DataFrame(
        {
            "image_id": images["image_id"],
            "label": pl.Series([classes[number] if number >= 0 else None for number in best], dtype=pl.String),
            "probability": pl.Series(right.max(1, initial=0.0), dtype=pl.Float32),
            "annotators": pl.Series(people, dtype=pl.Int32),
            "agreement": pl.Series(alike, dtype=pl.Float32),
        }
    )
    nobody = pl.col("annotators") == 0
    consensus = consensus.with_columns(pl.when(~nobody).then(pl.col("probability", "agreement")))
    names = [column.removeprefix(ANNOTATOR_PREFIX) for column in columns]
    return consensus, pl.DataFrame(
        [_person(name, a, votes, right, best) for a, name in enumerate(names)], schema=ANNOTATORS.columns, orient="row"
    )


def read_votes(images: pl.DataFrame, columns: list[str], classes: list[str]) -> Votes:
    """Return (N, A) int64 class numbers of the annotator columns, GAP for null and for what is none of the classes.

    `ingest` refuses labels that are no classes of the source; a sample of it may lack a class, though.
    """
    position = {name: number for number, name in enumerate(classes)}
    table = [[position.get(label, GAP) for label in images[column]] for column in columns]
    return np.array(table, np.int64).reshape(len(columns), images.height).T


def _log_probabilities(images: pl.DataFrame, predictions: pl.DataFrame, classes: list[str]) -> Floats:
    """Return (N, C) log probabilities, a row of NaN where there is no prediction without the image's label."""
    honest = predictions.filter(pl.col("fold").is_not_null() | pl.col("label").is_null())
    rows = images.select("image_id").with_row_index("row").join(honest, on="image_id", how="inner")
    found = np.full((images.height, len(classes)), np.nan)
    found[rows["row"].to_numpy()] = np.log(probabilities_of(rows, classes))
    return found


def _person(name: str, annotator: int, votes: Votes, right: Floats, best: Votes) -> tuple[object, ...]:
    own = votes[:, annotator]
    rows = np.flatnonzero(own != GAP)
    if not len(rows):
        return (name, 0, None, None, None)
    others = [agreement(own, votes[:, other]) for other in range(votes.shape[1]) if other != annotator]
    shares = [share for share in others if share is not None]
    quality = float(right[rows, own[rows]].mean())
    with_others = float(np.mean(shares)) if shares else None
    return (name, len(rows), quality, float((own == best)[rows].mean()), with_others)


def agreement(one: Votes, other: Votes) -> float | None:
    """Return the share of labels alike where both (N,) have one, 0 to 1; None where they have none in common."""
    both = (one != GAP) & (other != GAP)
    return float((one == other)[both].mean()) if both.any() else None


@dataclass(frozen=True)
class Baseline:
    """Mean agreement of pairs of people, and of people with the networks' predictions; None: nothing in common."""

    people: float | None
    model: float | None
    by_annotator: dict[str, float | None]  # the networks' agreement with each


def human_baseline(images: pl.DataFrame, predictions: pl.DataFrame) -> Baseline:
    """Return how far people agree with each other, (mean over pairs), beside how far the networks agree with them.

    Each agreement is `agreement`, 0 to 1: means give every pair, or every person, the same weight.
    The networks' label is the class of highest held-out probability. Arguments and errors as for `judge`.
    """
    columns = sorted(annotator_columns(images))
    images = images.sort("image_id")
    votes = read_votes(images, columns, class_names(images))
    logits = _log_probabilities(images, predictions, class_names(images))
    seen = np.isfinite(logits).all(1) & (logits.shape[1] > 0)
    predicted = np.full(len(votes), GAP)
    predicted[seen] = logits[seen].argmax(1) if seen.any() else GAP
    pairs = [agreement(votes[:, a], votes[:, b]) for a, b in combinations(range(len(columns)), 2)]
    own = {name.removeprefix(ANNOTATOR_PREFIX): agreement(votes[:, a], predicted) for a, name in enumerate(columns)}
    return Baseline(_mean(pairs), _mean(list(own.values())), own)


def _mean(shares: list[float | None]) -> float | None:
    known = [share for share in shares if share is not None]
    return float(np.mean(known)) if known else None
