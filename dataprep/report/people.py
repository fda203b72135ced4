"""The report's section on several annotators: how good each one is, and people's agreement beside the networks'."""

from collections.abc import Iterator

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from dataprep.annotators import Baseline, human_baseline
from dataprep.markdown import count, escape, share, table
from dataprep.report.grids import Picture
from dataprep.report.inputs import Inputs
from dataprep.report.lettering import drawable
from dataprep.report.plots import COLORS, render

MOST_PEOPLE = 24
LEAST_SPAN = 8.0  # percentage points that the plot shows, so that small differences do not fill it
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
        alt = "Share of each annotator's labels that are right by estimate, like other people's, and like the networks'"
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


def agreements(people: pl.DataFrame, baseline: Baseline) -> bytes:
    """Return a row per annotator, three marks each: estimated quality, agreement with people, with the networks."""
    names = people["annotator"].to_list()
    marks = (
        ("right, by estimate", people["quality"].to_list(), "D", COLORS[0]),
        ("like other people's", people["agreement_with_others"].to_list(), "o", COLORS[1]),
        ("like the networks'", [baseline.by_annotator.get(name) for name in names], "s", COLORS[2]),
    )

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place in range(len(names)):
            found = [100 * value for _, values, _, _ in marks if (value := values[place]) is not None]
            axes.plot([min(found), max(found)], [place, place], color="#c8c8c8", lw=4, zorder=1, solid_capstyle="round")
        for label, values, marker, color in marks:
            known = [(place, 100 * value) for place, value in enumerate(values) if value is not None]
            if known:
                rows, shares = zip(*known, strict=True)
                axes.scatter(shares, rows, s=75, marker=marker, color=color, zorder=3, label=label)
        axes.set_yticks(
            range(len(names)),
            [f"{drawable(name)}  ({count(n)})" for name, n in people["annotator", "labels"].iter_rows()],
        )
        axes.set_ylim(len(names) - 0.4, -0.6)
        _scale(axes)
        axes.set(xlabel="share of the annotator's labels", ylabel="annotator (labels given)")
        figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=12)

    return render(draw, 9, 2.0 + 0.4 * max(len(names), 3))


def _scale(axes: Axes) -> None:
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, (low + high - LEAST_SPAN) / 2), min(101.0, max(high, (low + high + LEAST_SPAN) / 2)))
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)
