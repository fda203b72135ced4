"""The report's section on several annotators: how good each one is, and people's agreement beside the networks'."""

from collections.abc import Iterator

import polars as pl

from dataprep.annotators import Baseline, human_baseline
from dataprep.markdown import count, escape, share, table
from dataprep.report.annotator_plot import agreements
from dataprep.report.grids import Picture
from dataprep.report.inputs import Inputs

MOST_PEOPLE = 24
CLOSE = 0.01  # agreements that differ by less are about the same


def section(inputs: Inputs) -> Iterator[str | Picture]:
    """Yield the section's blocks and the picture in order; none without annotators."""
    if not inputs.annotators.height:
        return
    baseline = human_baseline(inputs.images, inputs.predictions)
    people = inputs.annotators.sort("quality", "annotator", nulls_last=True)
    yield "## What several people say"
    yield _consensus(inputs)
    yield _agreements(baseline)
    yield table(
        ("annotator", "labels", "estimated right", "are the consensus", "like other people's", "like the networks'"),
        [_row(row, baseline) for row in people.head(MOST_PEOPLE).rows()],
    )
    if people.height > MOST_PEOPLE:
        yield f"The {MOST_PEOPLE} annotators of lowest quality, of {count(people.height)}."
    shown = people.drop_nulls("quality").head(MOST_PEOPLE)
    if shown.height:
        low, high = (share(float(shown["quality"].to_numpy()[place])) for place in (0, -1))
        alt = (
            "Share of each annotator's labels that are right by estimate, like other people's, and like the networks': "
            f"{shown.height} annotators, right by estimate from {low} to {high}"
        )
        yield Picture("annotators.png", alt, agreements(shown, baseline))


def _consensus(inputs: Inputs) -> str:
    labeled = inputs.consensus.drop_nulls("label")
    given = inputs.images.select("image_id", pl.col("label").alias("given")).drop_nulls("given")
    both = labeled.join(given, on="image_id")
    other = both.filter(pl.col("label") != pl.col("given")).height
    nobody = inputs.consensus.height - labeled.height
    unlabeled = f" {count(nobody)} images have no label of anybody, and no consensus." if nobody else ""
    right = labeled["probability"].mean()
    sure = f" By its own estimate {share(float(right))} of it is right." if isinstance(right, float) else ""
    return (
        f"{count(inputs.annotators.height)} annotators gave {count(int(inputs.annotators['labels'].sum()))} labels to "
        f"{count(labeled.height)} images. The consensus weighs them and the networks' predictions by how often each is "
        f"right. **It differs from the given label on {count(other)} images ({share(other, both.height)}).**"
        f"{sure}{unlabeled}"
    )


def _agreements(baseline: Baseline) -> str:
    if baseline.people is None or baseline.model is None:
        alone = "no two people labeled the same image" if baseline.people is None else "there are no predictions"
        return f"People's agreement cannot be set beside the networks', as {alone}."
    gap = baseline.model - baseline.people
    if abs(gap) < CLOSE:
        verdict = "The networks agree with a person about as well as another person does."
    elif gap > 0:
        verdict = (
            "The networks agree with a person better than another person does: they have learned what people have in "
            "common, and what is left is mostly the noise of single labels."
        )
    else:
        verdict = "People agree better with each other than the networks do with them: the networks can still improve."
    return (
        f"Two people give the same label in **{share(baseline.people)}** of the images that both labeled; a person and "
        f"the networks in **{share(baseline.model)}**. {verdict}"
    )


def _row(row: tuple[str, int, float | None, float | None, float | None], baseline: Baseline) -> tuple[str, ...]:
    name, labels, *shares = row
    cells = (*shares, baseline.by_annotator.get(name))
    return (escape(name), count(labels), *("—" if value is None else share(value) for value in cells))
