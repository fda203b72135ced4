"""What is left for people: undecided findings, the faults that are left by estimate, and the next images to look at."""

from collections.abc import Iterator

import polars as pl

from dataprep.markdown import count, share, table
from dataprep.report.assessment import Assessment
from dataprep.report.behind import linked
from dataprep.report.findings_section import undecided
from dataprep.report.grids import Picture, Tile, encode, grid, label_lines
from dataprep.report.inputs import Inputs, row_numbers
from dataprep.report.pictures import budget
from dataprep.report.views import View
from dataprep.wording import in_order, wording

NEXT = 8
MOST_KINDS = 8


def section(inputs: Inputs, found: Assessment) -> Iterator[str | Picture]:
    """Yield the section's blocks and the picture in order."""
    yield "## What is left for people"
    yield _estimate(inputs, found)
    left = undecided(inputs, found)
    if left:
        rows = [
            (wording(kind).title, linked(inputs, left[kind], View(issue=kind, state="kept", sort=kind)))
            for kind in in_order(list(left))[:MOST_KINDS]
        ]
        rest = len(left) - len(rows)
        more = f"\n\n{count(rest)} more kinds are of less gravity." if rest > 0 else ""
        yield table(("written, and nobody decided", "images"), rows) + more
    yield from _queue(inputs, found)


def _estimate(inputs: Inputs, found: Assessment) -> str:
    left, enough = found.facts.left, inputs.params.session.enough
    if left.images == 0:
        return "No readable image has a label, so there is nothing to review label by label."
    if left.decided == left.images:
        return "People decided about every image."
    health = found.written.get("labels_right")
    if health is None:
        said = "How many labels are wrong nobody can tell, without networks or decisions."
    else:
        wrong = health.share.complement
        said = (
            f"**About {count(round(health.bad))} labels of the written data set are still wrong** "
            f"({share(wrong.value)}; 95% interval {share(wrong.low)[:-1]} to {share(wrong.high)}; {health.note})."
        )
    done = f"{count(left.decided)} of {count(left.images)} images are decided"
    if not left.more:
        return f"{said} {done}, and that is enough: at most {share(left.rate[2])} are still wrong."
    return (
        f"{said} {done}. After about **{count(left.more)} more decisions** it is known whether at most {share(enough)} "
        "are still wrong (`session.enough`): `make review`, the most doubtful first."
    )


def _queue(inputs: Inputs, found: Assessment) -> Iterator[str | Picture]:
    facts = found.facts
    open_rows = facts.state.filter(pl.col("kept") & pl.col("verdict").is_null()).select("image_id")
    turns = facts.order.join(open_rows, on="image_id", how="semi").sort("turn", "image_id").head(NEXT)
    if not turns.height:
        return
    flagged = inputs.issues.filter(pl.col("is_issue")).sort("score", "issue").unique("image_id", keep="first")
    rows = turns.join(flagged, on="image_id", how="left", maintain_order="left")
    numbers = row_numbers(inputs.images)
    tiles = []
    for row in rows.iter_rows(named=True):
        lines, accent = label_lines(row["label"], row["suggested_label"])
        why = wording(row["issue"]).title.lower() if row["issue"] else "a check"
        tiles.append(Tile(inputs.pixels[numbers[row["image_id"]]], (*lines, why), accent))
    suspects = sum(tile.accent is not None for tile in tiles)
    yield (
        "The first in the queue. Some are there by chance (*a check*): without them nobody could tell what is missed."
    )
    alt = f"The next {len(tiles)} images to review, with label and finding; {suspects} have another label suggested"
    yield encode(grid(tiles), "next_to_review", alt, budget(inputs))
