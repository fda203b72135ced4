"""The report as a document: what the data is, what is wrong with it, what was done."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from dataprep.markdown import code, count, details, escape, share, table
from dataprep.report import (
    augmentation_section,
    augmented_copies,
    class_section,
    more_data,
    normalization_section,
    numbers,
    people,
    pictures,
    planted_section,
    plots,
    reviewers,
    training_checks,
)
from dataprep.report.document import Document
from dataprep.report.grids import Picture
from dataprep.report.inputs import Inputs
from dataprep.report.spurious_section import section as spurious_section
from dataprep.schema import class_names
from dataprep.wording import in_order, wording

LISTED_FILES = 20
LISTED_CHANGES = 30


def compose(inputs: Inputs, folder: str) -> tuple[str, list[Picture]]:
    """Return the report as Markdown and its pictures, which it expects in `folder` beside it.

    Numbers link to the images behind them by `View.address`, as in a page with an explorer; `views.in_document` turns
    these into links to headings. Headings are unique, their anchors `views.slug`.
    """
    document = Document(folder)
    values = numbers.metrics(inputs)
    _opening(document, inputs, values)
    _classes(document, inputs)
    _findings(document, inputs, values)
    document.extend(spurious_section(inputs))
    _networks(document, inputs, values)
    document.extend(people.section(inputs))
    document.extend(class_section.section(inputs))
    document.extend(training_checks.section(inputs))
    document.extend(more_data.section(inputs))
    document.extend(reviewers.section(inputs))
    _changes(document, inputs)
    document.extend(normalization_section.section(inputs))
    _augmentation(document, inputs)
    document.extend(augmentation_section.section(inputs))
    document.extend(planted_section.section(inputs))
    _left_out(document, inputs)
    return "\n\n".join(document.blocks) + "\n", document.pictures


def _opening(document: Document, inputs: Inputs, values: dict[str, Any]) -> None:
    splits = ", ".join(f"{escape(name)} {count(n)}" for name, n in values["splits"].items())
    found = {kind: n for kind, n in values["issues"].items() if n}
    gravest = [f"{count(found[kind])} {wording(kind).title.lower()}" for kind in in_order(list(found))[:4]]
    flagged = share(values["flagged"], values["images"])
    document.add(
        "# Data-set report",
        f"Data set **{values['version']}**: {count(values['images'])} images of {values['classes']} classes came in "
        f"({splits}), {count(values['kept'])} were kept. "
        + (f"{flagged} of the images have a finding; the gravest: {'; '.join(gravest)}." if found else "No findings."),
    )
    accuracy = values.get("out_of_fold_accuracy")
    rows = [
        ("images", count(values["images"])),
        ("classes", count(values["classes"])),
        ("unreadable", count(values["unreadable"])),
        ("in exact or near duplicate groups", count(_in_copies(inputs))),
        ("in leaks between splits", count(values["issues"].get("split_leak", 0))),
        ("suspect labels", _with_share(values["issues"].get("label_error", 0), values["judged"])),
        (
            "agreement of given labels with out-of-fold predictions",
            "—" if accuracy is None else share(accuracy),
        ),
        ("kept", count(values["kept"])),
        ("removed", count(values["removed"])),
        ("relabeled", count(values["relabeled"])),
        ("augmented copies written", count(values["augmented"])),
    ]
    document.add(table(("", "number"), rows))
    document.add(
        "To decide about the findings: `make review`. To change what is done with them: `params.yaml`, `clean`."
    )


def _in_copies(inputs: Inputs) -> int:
    kinds = ["exact_duplicate", "near_duplicate"]
    return inputs.issues.filter(pl.col("is_issue") & pl.col("issue").is_in(kinds))["image_id"].n_unique()


def _with_share(part: int, whole: int) -> str:
    return f"{count(part)} ({share(part, whole)})" if whole else count(part)


def _classes(document: Document, inputs: Inputs) -> None:
    names = class_names(inputs.images)
    totals = [images for _, images in numbers.counts_by(inputs.images.drop_nulls("label"), "label").iter_rows()]
    document.add(
        "## Classes",
        f"From {count(min(totals))} to {count(max(totals))} images per class, as they came in.",
    )
    alt = f"Images per class and split, {len(names)} classes"
    document.show(Picture("class_balance.png", alt, plots.class_balance(inputs.images, names)))


def _findings(document: Document, inputs: Inputs, values: dict[str, Any]) -> None:
    kinds = in_order(list(values["issues"]))
    found = [kind for kind in kinds if values["issues"][kind]]
    rows = [
        (
            wording(kind).title,
            count(values["issues"][kind]),
            share(values["issues"][kind], values["images"]),
            escape(inputs.params.clean.policy.get(kind, "drop" if kind == "unreadable" else "keep")),
            wording(kind).meaning,
        )
        for kind in found
    ]
    document.add("## Findings")
    if not rows:
        document.add("None of the detectors flagged an image.")
        return
    document.add(table(("kind", "images", "share", "policy", "meaning"), rows))
    silent = [wording(kind).title.lower() for kind in kinds if kind not in found]
    if silent:
        document.add(f"Looked for and not found: {', '.join(silent)}.")
    for kind in found:
        document.add(f"### {wording(kind).title}")
        shown = pictures.worst(inputs, kind)
        document.show(shown)
        if shown is None:
            document.add(_causes(inputs, kind))


def _causes(inputs: Inputs, kind: str) -> str:
    rows = pictures.worst_rows(inputs, kind).head(LISTED_FILES)
    return table(
        ("image", "why"),
        [(code(name), escape(note or "", 160)) for name, note in rows["image_id", "note"].iter_rows()],
    )


def _networks(document: Document, inputs: Inputs, values: dict[str, Any]) -> None:
    judgments = numbers.judged(inputs)
    document.add("## What the networks say")
    if "out_of_fold_accuracy" not in values:
        document.add("No image was judged.")
        return
    networks = inputs.history.select("fold", "seed").n_unique()
    agree = f"agree with {share(values['out_of_fold_accuracy'])} of the {count(values['judged'])} given ones"
    document.add(
        f"{networks} networks, each trained without one fold of the images, predict that fold's labels; they {agree}. "
        "Copies of an image share its fold."
        if networks
        else f"The predictions come from `{inputs.params.predictions.path}`; they {agree}."
    )
    if values["out_of_fold_accuracy"] < 0.5:
        document.add(
            "**That is less than half: many labels are wrong, or the networks are too weak to judge most of them.** "
            "Look at suspect labels with care. More images would help."
        )
    names = class_names(inputs.images)
    alt = "Given labels against out-of-fold predictions; the diagonal is where they agree"
    document.show(Picture("confusion.png", alt, plots.confusion(judgments, names)))
    if inputs.history.height:
        alt = "Training loss, held-out loss and held-out accuracy by epoch, each network and their mean"
        document.show(Picture("training.png", alt, plots.training(inputs.history)))


def _changes(document: Document, inputs: Inputs) -> None:
    document.add("## What was done")
    counted = numbers.counts_by(
        inputs.removed.with_columns(pl.col("reason").str.split(":").list.first()), "reason", "decided_by"
    )
    if counted.height:
        removals = [(_reason(reason), escape(who), count(n)) for reason, who, n in counted.iter_rows()]
        document.add(table(("removed because", "decided by", "images"), removals))
    else:
        document.add("No image was removed.")
    changed = numbers.relabeled(inputs.kept)
    if changed.height:
        rows = [
            (
                code(row["image_id"]),
                code(row["given_label"]),
                code(row["label"]),
                escape(row["decided_by"] or ""),
            )
            for row in changed.head(LISTED_CHANGES).iter_rows(named=True)
        ]
        more = f"\n\nand {count(changed.height - len(rows))} more" if changed.height > len(rows) else ""
        body = table(("image", "given", "now", "decided by"), rows) + more
        document.add(details(f"{count(changed.height)} relabeled images", body))


def _reason(reason: str) -> str:
    return escape(reason) if reason.startswith(("decision", "no label")) else wording(reason).title


def _augmentation(document: Document, inputs: Inputs) -> None:
    shown = pictures.augmented(inputs)
    if shown is not None:
        document.add(
            "## Augmentation",
            augmented_copies.sentences(inputs.augmented_index),
            "Training images beside their augmented copies:",
        )
    document.show(shown)


def _left_out(document: Document, inputs: Inputs) -> None:
    blocks = [*_unjudged(inputs), *_skipped(inputs)]
    if blocks:
        document.add("## Left out", *blocks)


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
