"""The report as a document: can one train on the data, what is wrong, how sure that is, what was done, what is left."""

from collections.abc import Iterator

import polars as pl

from dataprep.markdown import code, count, details, escape, table
from dataprep.report import (
    augmentation_section,
    augmented_copies,
    changes_section,
    class_section,
    data_section,
    findings_section,
    left_section,
    more_data,
    normalization_section,
    numbers,
    opening,
    people,
    pictures,
    planted_section,
    plots,
    reviewers,
    training_checks,
    trust_section,
)
from dataprep.report.assessment import Assessment, assess
from dataprep.report.document import Document
from dataprep.report.grids import Picture
from dataprep.report.inputs import Inputs
from dataprep.report.spurious_section import section as spurious_section

LISTED_FILES = 20


def compose(inputs: Inputs, folder: str, assessment: Assessment | None = None) -> tuple[str, list[Picture]]:
    """Return the report as Markdown and its pictures, which it expects in `folder` beside it.

    Numbers link to the images behind them by `View.address`, as in a page with an explorer; `views.in_document` turns
    these into links to headings. Headings are unique, their anchors `views.slug`.
    assessment: that of the inputs; worked out where it is not given.
    """
    found = assess(inputs) if assessment is None else assessment
    document = Document(folder)
    document.extend(opening.section(inputs, found))
    document.extend(data_section.section(inputs))
    findings_section.add(document, inputs, found)
    document.extend(trust_section.section(inputs, found))
    document.extend(changes_section.section(inputs, found))
    document.extend(left_section.section(inputs, found))
    _details(document, inputs)
    return "\n\n".join(document.blocks) + "\n", document.pictures


def _details(document: Document, inputs: Inputs) -> None:
    document.add("## Details", "Everything else, each part on a click.")
    document.fold("Spurious correlations", spurious_section(inputs))
    document.fold("Classes: mixed up, overlapping, made of several", class_section.section(inputs))
    document.fold("Several people's labels", people.section(inputs))
    document.fold("What people decided, and how far they agree", reviewers.section(inputs))
    document.fold(f"The training: {training_checks.verdict(inputs.checks)}", _training(inputs))
    document.fold("How much more data would help", more_data.section(inputs))
    document.fold("Normalization", normalization_section.section(inputs))
    document.fold("Augmentation", [*_augmentation(inputs), *augmentation_section.section(inputs)])
    document.fold("Detectors against planted faults", planted_section.section(inputs))
    document.fold("Left out", _left_out(inputs))


def _training(inputs: Inputs) -> Iterator[str | Picture]:
    yield from training_checks.section(inputs)
    if inputs.history.height:
        last = inputs.history.filter(pl.col("epoch") == pl.col("epoch").max().over("fold", "seed"))
        alt = (
            "Training loss, held-out loss and held-out accuracy by epoch, each network and their mean, which ends at "
            f"{100 * float(last['held_out_accuracy'].mean()):.1f}%"  # type: ignore[arg-type]
        )
        yield "The course of the training: lines that end far apart are folds that differ."
        yield Picture("training.png", alt, plots.training(inputs.history))


def _augmentation(inputs: Inputs) -> Iterator[str | Picture]:
    shown = pictures.augmented(inputs)
    if shown is not None:
        yield "## Augmentation"
        yield augmented_copies.sentences(inputs.augmented_index)
        yield "Training images beside their augmented copies:"
        yield shown


def _left_out(inputs: Inputs) -> Iterator[str]:
    blocks = [*_unjudged(inputs), *_skipped(inputs)]
    if blocks:
        yield "## Left out"
        yield from blocks


def _unjudged(inputs: Inputs) -> Iterator[str]:
    judged = inputs.predictions.filter(pl.col("fold").is_not_null())["image_id"]
    reasons = inputs.folds.filter(pl.col("fold").is_null() & ~pl.col("image_id").is_in(judged.implode()))
    counted = numbers.counts_by(reasons, "reason").filter(pl.col("reason") != "unreadable")
    if counted.height:
        rows = [(escape(reason, 200), count(n)) for reason, n in counted.iter_rows()]
        yield "Not trained on and not judged for label errors:"
        yield table(("why", "images"), rows)


def _skipped(inputs: Inputs) -> Iterator[str]:
    if inputs.skipped.height:
        rows = [(code(path), escape(reason)) for path, reason in inputs.skipped.head(LISTED_FILES).iter_rows()]
        more = inputs.skipped.height - len(rows)
        note = f", the first {len(rows)} of them" if more > 0 else ""
        yield details(f"{count(inputs.skipped.height)} files that are no images{note}", table(("file", "why"), rows))
