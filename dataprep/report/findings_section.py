"""What is wrong with the data: by kind, by kind and class, and the worst images of each kind."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from dataprep.markdown import code, count, escape, share, shorten, table
from dataprep.report import intervals, pictures
from dataprep.report.assessment import Assessment
from dataprep.report.document import Document
from dataprep.report.facts import CONFIRMED, remaining_findings, sizes
from dataprep.report.findings_plots import findings_map
from dataprep.report.grids import Picture
from dataprep.report.inputs import Inputs
from dataprep.report.numbers import issue_counts
from dataprep.report.views import View, slug
from dataprep.schema import class_names
from dataprep.wording import in_order, wording

LISTED_FILES = 20
OPEN = 3  # kinds whose worst images show at once
MOST_CLASSES = 24


def add(document: Document, inputs: Inputs, found: Assessment) -> None:
    """Add the section."""
    counts = issue_counts(inputs.issues)
    kinds = [kind for kind in in_order(list(counts)) if counts[kind]]
    document.add("## What is wrong with it")
    if not kinds:
        document.add("No findings: none of the detectors flagged an image.")
        return
    flagged = inputs.issues.filter("is_issue")["image_id"].n_unique()
    document.add(
        f"{count(flagged)} images ({share(flagged, inputs.images.height)}) have a finding, gravest kinds first. The "
        "policy (`params.yaml`, `clean.policy`) says what is done with a kind unless people decide."
    )
    document.add(_table(inputs, found, kinds))
    silent = [wording(kind).title.lower() for kind in in_order(list(counts)) if kind not in kinds]
    if silent:
        document.add(f"Looked for and not found: {', '.join(silent)}.")
    document.extend(_map(inputs, kinds))
    opened = 0
    for kind in kinds:
        if opened < OPEN and pictures.worst_rows(inputs, kind)["unreadable"].null_count():
            document.extend(_worst(inputs, kind))
            opened += 1
        else:
            document.fold(f"{wording(kind).title}: {count(counts[kind])}", _worst(inputs, kind), deeper=False)


def undecided(inputs: Inputs, found: Assessment) -> dict[str, int]:
    """Return for each kind how many flagged images were written without anybody's decision."""
    rows = remaining_findings(inputs, found.facts)
    return sizes(rows.join(found.facts.state.filter(pl.col("verdict").is_null()), on="image_id", how="semi"), "issue")


def _table(inputs: Inputs, found: Assessment, kinds: list[str]) -> str:
    counts = issue_counts(inputs.issues)
    reviewed = {kind: _confirmed(inputs, found, kind) for kind in kinds}
    header = ["kind", "images", "share", "policy", "meaning"]
    rows = []
    for kind in kinds:
        images = View(issue=kind, sort=kind).link(count(counts[kind]))
        policy = inputs.params.clean.policy.get(kind, "drop" if kind == "unreadable" else "keep")
        title = f"[{wording(kind).title}](#{slug(wording(kind).title)})"
        row = [title, images, share(counts[kind], inputs.images.height), escape(policy)]
        rows.append([*row, *([reviewed[kind]] if any(reviewed.values()) else []), wording(kind).meaning])
    if any(reviewed.values()):
        header.insert(4, "confirmed by people")
    return table(header, rows)


def _confirmed(inputs: Inputs, found: Assessment, kind: str) -> str:
    """Return how many of the reviewed findings people confirmed, with Wilson's interval; "" where none was reviewed."""
    rows = inputs.issues.filter((pl.col("issue") == kind) & pl.col("is_issue")).select("image_id")
    verdicts = found.facts.state.drop_nulls("verdict").join(rows, on="image_id", how="semi")["verdict"]
    if not len(verdicts):
        return ""
    confirmed = int(verdicts.is_in(CONFIRMED).sum())
    sure = intervals.wilson(confirmed, len(verdicts))
    return f"{count(confirmed)} of {count(len(verdicts))} ({share(sure.low)[:-1]} to {share(sure.high)})"


def _map(inputs: Inputs, kinds: list[str]) -> Iterator[str | Picture]:
    names = class_names(inputs.images)
    if not names:
        return
    given = inputs.images.select("image_id", "label").drop_nulls("label")
    rows = inputs.issues.filter("is_issue").join(given, on="image_id", how="inner").select("issue", "label")
    totals = sizes(given, "label")
    worst = rows.join(pl.DataFrame({"label": names}), on="label").group_by("label").len()
    rates = {label: number / totals[label] for label, number in worst.iter_rows()}
    shown = names
    if len(names) > MOST_CLASSES:
        ranked = sorted(names, key=lambda name: -rates.get(name, 0))
        shown = sorted(ranked[:MOST_CLASSES], key=names.index)
    counted = {(kind, label): n for kind, label, n in rows.group_by("issue", "label").len().iter_rows()}
    shares = np.array([[counted.get((kind, label), 0) / totals[label] for label in shown] for kind in kinds])
    kind, label = np.unravel_index(shares.argmax(), shares.shape)
    most = f"{wording(kinds[kind]).title} in {shorten(shown[label], 40)}: {share(float(shares[kind, label]))}"
    yield "### Findings by class"
    yield (
        f"A bright column is a class in trouble, a bright row a fault of many classes. The brightest: {escape(most)}."
    )
    note = (
        f" (the {len(shown)} of {count(len(names))} with the most findings per image)"
        if len(shown) < len(names)
        else ""
    )
    alt = f"Share of each class's images that each kind of finding flags; the highest: {most}"
    titles = [wording(kind).title for kind in kinds]
    yield Picture("findings_by_class.png", alt, findings_map(shares, titles, shown, note))


def _worst(inputs: Inputs, kind: str) -> Iterator[str | Picture]:
    yield f"### {wording(kind).title}"
    yield f"The worst first: {wording(kind).meaning}." if wording(kind).meaning else "The worst first."
    shown = pictures.worst(inputs, kind)
    yield shown if shown is not None else _causes(inputs, kind)


def _causes(inputs: Inputs, kind: str) -> str:
    rows = pictures.worst_rows(inputs, kind).head(LISTED_FILES)
    return table(
        ("image", "why"),
        [(code(name), escape(note or "", 160)) for name, note in rows["image_id", "note"].iter_rows()],
    )
