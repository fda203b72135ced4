"""How sure we are: what the networks predict, whether their probabilities hold, which classes they mix up."""

from collections.abc import Iterator

import polars as pl

from dataprep.markdown import count, escape, share, shorten
from dataprep.report import calibration, class_section, plots, trust_plots
from dataprep.report.assessment import Assessment
from dataprep.report.grids import Picture
from dataprep.report.inputs import Inputs
from dataprep.report.intervals import clustered
from dataprep.report.numbers import counts_by
from dataprep.report.views import View
from dataprep.schema import class_names

MOST_CLASSES = 24
MOST_PAIRS = 15
HALF = 0.5


def section(inputs: Inputs, found: Assessment) -> Iterator[str | Picture]:
    """Yield the section's blocks and pictures in order."""
    yield "## How sure we are"
    judged = found.facts.judged
    if not judged.height or "predictable" not in found.before:
        yield "No image was judged: there are no predictions, so nothing is known of the labels."
        return
    yield _accuracy(inputs, found)
    yield from _calibration(judged)
    yield from _classes(inputs, found)
    yield from _confusion(inputs, judged)
    if inputs.coverage.height:
        yield from class_section.coverage(inputs.coverage)


def _accuracy(inputs: Inputs, found: Assessment) -> str:
    health, judged = found.before["predictable"], found.facts.judged
    networks = inputs.history.select("fold", "seed").n_unique()
    who = (
        f"{networks} networks, each trained without one fold of the images, predict"
        if networks
        else f"The predictions in `{inputs.params.predictions.path}` give"
    )
    said = (
        f"{who} **{share(health.share.value)} of the {count(judged.height)} given labels** (95% interval "
        f"{share(health.share.low)[:-1]} to {share(health.share.high)})."
    )
    if networks:
        said += " Copies of an image share its fold."
    if health.share.value < HALF:
        said += (
            " **That is less than half: many labels are wrong, or the networks are too weak to judge most of them.** "
            "Look at suspect labels with care. More images would help."
        )
    return said


def _calibration(judged: pl.DataFrame) -> Iterator[str | Picture]:
    found = calibration.bins(judged)
    error = calibration.expected_error(found)
    wide = found.sort("images", descending=True).row(0, named=True)
    yield "### Do the probabilities hold?"
    yield (
        f"On average a probability is off by {100 * error:.1f} points (expected calibration error). Dots below the "
        "dashed line: the networks are too sure, or labels are wrong."
    )
    alt = (
        f"Reliability diagram of {judged.height:,} predictions, expected calibration error {error:.3f}; the largest "
        f"bin has {wide['images']:,} images, {share(wide['accuracy'])} predicted right"
    )
    yield Picture("calibration.png", alt, trust_plots.reliability(found))


def _classes(inputs: Inputs, found: Assessment) -> Iterator[str | Picture]:
    judged = found.facts.judged.join(found.facts.state.select("image_id", "copies"), on="image_id")
    wrong = judged.with_columns(wrong=(pl.col("given") != pl.col("predicted")).cast(pl.Float64))
    order = {name: place for place, name in enumerate(class_names(inputs.images))}
    parts = {str(name): rows for (name,), rows in wrong.group_by("given")}
    ranked = sorted(parts, key=lambda name: (-float(parts[name]["wrong"].mean()), order[name]))  # type: ignore[arg-type]
    shown = ranked[:MOST_CLASSES]
    shares = [clustered(parts[name]["wrong"].to_numpy(), parts[name]["copies"].to_numpy()).complement for name in shown]
    worst = View(label=shown[0], sort="label_error").link(escape(shown[0], 40))
    yield "### Accuracy by class"
    rest = f" The {len(shown)} lowest of {count(len(ranked))} classes." if len(ranked) > len(shown) else ""
    yield f"Lowest first: class {worst} with {share(shares[0].value)}. Short lines are what is known well.{rest}"
    lowest = f"{shorten(shown[0], 40)}, {share(shares[0].value)}"
    alt = f"Accuracy of {len(shown)} of {len(ranked)} classes with 95% intervals; lowest: {lowest}"
    images = [parts[name].height for name in shown]
    usual = found.before["predictable"].share.value
    yield Picture("class_accuracy.png", alt, trust_plots.class_accuracies(shown, shares, images, usual))


def _confusion(inputs: Inputs, judged: pl.DataFrame) -> Iterator[str | Picture]:
    wrong = counts_by(judged.filter(pl.col("given") != pl.col("predicted")), "given", "predicted")
    yield "### Given and predicted labels"
    yield ("What the networks, or people, mix up: the colored cells, with many classes the long bars.")
    first = wrong.row(0) if wrong.height else None
    names = f"{shorten(first[0], 40)} as {shorten(first[1], 40)}" if first else ""
    most = f"; most often {names}, {first[2]:,}" if first else ""
    alt = f"Given labels against out-of-fold predictions, {int(wrong['images'].sum()):,} differ{most}"
    yield Picture("confusion.png", alt, plots.confusion(judged, class_names(inputs.images)))
    suspects = inputs.issues.filter((pl.col("issue") == "label_error") & pl.col("is_issue")).drop_nulls(
        "suggested_label"
    )
    suspects = suspects.join(inputs.images.select("image_id", given="label"), on="image_id").drop_nulls("given")
    if not suspects.height:
        return
    pairs = counts_by(suspects, "given", "suggested_label")
    top = [(str(given), str(other), int(n)) for given, other, n in pairs.head(MOST_PAIRS).iter_rows()]
    yield "### Given and suggested labels"
    link = View(issue="label_error", sort="label_error").link(count(suspects.height))
    yield f"What the {link} suspect labels say, and what all networks together would say. A long bar is a habit."
    most = f"{shorten(top[0][0], 40)} for {shorten(top[0][1], 40)}, {top[0][2]:,} images"
    alt = f"Suspect labels by given and suggested label; most often {most}"
    yield Picture("suggested_labels.png", alt, trust_plots.flows(top, pairs.height))
