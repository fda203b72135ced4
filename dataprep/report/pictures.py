"""Which images a reader sees: the worst of each kind, duplicates, augmented copies."""

import re
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep.markdown import count
from dataprep.report.grids import COLUMNS, MOST_LETTERS, Picture, Tile, clusters, encode, grid, label_lines
from dataprep.report.inputs import Inputs, row_numbers
from dataprep.report.lettering import drawable
from dataprep.report.numbers import issue_counts
from dataprep.wording import wording

GRIDS_BYTES = 1_500_000  # for all grids; plots take about 40 kB each, the folder stays below 2 MB
MOST_BYTES = 150_000
GROUP_TILES = 6
EXAMPLES = 8


def budget(inputs: Inputs) -> int:
    """Return the bytes that one grid may take."""
    grids = sum(n > 0 for n in issue_counts(inputs.issues).values()) + 3 + (inputs.subclasses.height > 0)
    return min(MOST_BYTES, GRIDS_BYTES // grids)


def file_name(kind: str) -> str:
    """Return a plain file name, without suffix, for a kind of issue."""
    plain = re.sub(r"[^a-z0-9_]", "-", kind.lower())[:60]
    return f"issue_{plain}" if plain == kind else f"issue_{plain}_{kind.encode().hex()[:16]}"


def worst_rows(inputs: Inputs, kind: str) -> pl.DataFrame:
    """Return the flagged rows of a kind with given label, split and why they are unreadable, worst first."""
    rows = inputs.issues.filter((pl.col("issue") == kind) & pl.col("is_issue")).sort("score", "image_id")
    rows = rows.join(inputs.images.select("image_id", "label", "split"), on="image_id", how="left")
    return rows.join(
        inputs.measurements.select("image_id", "unreadable"), on="image_id", how="left", maintain_order="left"
    )


def worst(inputs: Inputs, kind: str) -> Picture | None:
    """Return a picture of the worst images of a kind; None when none of them can be decoded.

    Groups, where the kind has them, stand side by side; else each image has given -> suggested label below it, and the
    suggestion's probability, or the score where there is none.
    """
    rows = worst_rows(inputs, kind).filter(pl.col("unreadable").is_null())
    if not rows.height:
        return None
    title = wording(kind).title
    if rows["group"].null_count() < rows.height:
        return _groups(inputs, kind, title)
    found, rows = rows.height, rows.head(inputs.params.report.worst)
    numbers = row_numbers(inputs.images)
    scores = written_scores(rows["score"].to_list())
    tiles = []
    for row, score in zip(rows.iter_rows(named=True), scores, strict=True):
        lines, accent = label_lines(row["label"], row["suggested_label"])
        sure = row["suggested_probability"]
        caption = (*lines, score if sure is None else certainty(sure))
        tiles.append(Tile(inputs.pixels[numbers[row["image_id"]]], tuple(filter(None, caption)), accent))
    what = "the suggested one's probability" if rows["suggested_probability"].is_not_null().all() else "score"
    with_it = f" and {what}" if what != "score" or any(scores) else ""
    shown = f"the {len(tiles)} worst of {count(found)} images" if found > len(tiles) else _counted(found, "image")
    alt = f"{title}: {shown}, each with its label{with_it}"
    return encode(grid(tiles), file_name(kind), alt, budget(inputs))


def written_scores(scores: Sequence[float]) -> list[str]:
    """Return captions for scores; empty ones where all read alike and so tell nothing.

    >>> written_scores([0.071, 0.36]), written_scores([0.001, 0.002])
    (['score 0.07', 'score 0.36'], ['', ''])
    """
    written = [f"score {score:.2f}" for score in scores]
    return written if len(set(written)) > 1 else [""] * len(written)


def certainty(probability: float) -> str:
    """Return a probability in words.

    >>> certainty(0.972), certainty(0.9999)
    ('97% sure', '> 99% sure')
    """
    return "> 99% sure" if probability > 0.995 else f"{probability:.0%} sure"


def _counted(number: int, noun: str) -> str:
    return f"{count(number)} {noun}" + "s" * (number != 1)


def _groups(inputs: Inputs, kind: str, title: str) -> Picture:
    members = inputs.issues.filter((pl.col("issue") == kind) & pl.col("group").is_not_null())
    members = members.join(inputs.images.select("image_id", "label", "split"), on="image_id", how="left")
    flagged = members.group_by("group").agg(pl.col("is_issue").any(), pl.col("score").min(), pl.len())
    numbers = row_numbers(inputs.images)
    order = flagged.filter("is_issue").sort("score", "group")
    chosen: list[tuple[str, list[Tile], float]] = []
    for group, _, score, size in order.iter_rows():
        rows = members.filter(pl.col("group") == group).sort("image_id").head(GROUP_TILES)
        tiles = [
            Tile(
                inputs.pixels[numbers[image_id]], (f"{drawable(label or 'no label', MOST_LETTERS)}, {drawable(split)}",)
            )
            for image_id, label, split in rows["image_id", "label", "split"].iter_rows()
        ]
        shown = _counted(size, "image") if size == len(tiles) else f"{len(tiles)} of {count(size)} images"
        chosen.append((shown, tiles, score))
        if sum(len(tiles) for _, tiles, _ in chosen) >= inputs.params.report.worst:
            break
    scores = written_scores([score for _, _, score in chosen])
    boxes = [
        (", ".join(filter(None, (shown, score))), tiles)
        for (shown, tiles, _), score in zip(chosen, scores, strict=True)
    ]
    total = _counted(order.height, "group")
    which = f"the {len(boxes)} worst of {total}" if order.height > len(boxes) else total
    alt = f"{title}: {which}, images side by side with label and split"
    return encode(clusters(boxes), file_name(kind), alt, budget(inputs))


def spread(rows: int, most: int) -> list[int]:
    """Return at most `most` of the numbers below `rows`, evenly spread."""
    return sorted({int(i) for i in np.linspace(0, rows - 1, min(rows, most))}) if rows else []


def gray_range(values: NDArray[np.float32]) -> tuple[float, float]:
    """Return the 0.5% and 99.5% quantiles: what a picture of the values shows as black and as white."""
    low, high = (float(x) for x in np.quantile(values, (0.005, 0.995)))
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def displayed(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.uint8]:
    """Return normalized float32 (3, S, S) as uint8 (S, S, 3): low becomes 0, high 255, linear between."""
    scaled = np.clip((values - low) / (high - low), 0.0, 1.0) * 255.0
    return np.rint(scaled).astype(np.uint8).transpose(1, 2, 0)


def augmented(inputs: Inputs) -> Picture | None:
    """Return some normalized images, each beside its augmented copies; None when there are no copies."""
    sources = inputs.augmented_index["image_id"].unique().sort()
    chosen = [sources[i] for i in spread(len(sources), EXAMPLES)]
    if not chosen:
        return None
    kept = row_numbers(inputs.kept)
    index = inputs.augmented_index.with_row_index("row").filter(pl.col("image_id").is_in(chosen)).sort("copy")
    originals = [kept[image_id] for image_id in chosen]
    low, high = gray_range(inputs.normalized[originals])
    boxes: list[tuple[str, Sequence[Tile]]] = []
    for image_id, original in zip(chosen, originals, strict=True):
        copies = index.filter(pl.col("image_id") == image_id).head(COLUMNS - 1)
        tiles = [Tile(displayed(inputs.normalized[original], low, high), ("original",))]
        tiles += [
            Tile(displayed(inputs.augmented[row], low, high), (f"copy {number}",))
            for number, row in enumerate(copies["row"], start=1)
        ]
        boxes.append((inputs.kept["label"][original], tiles))
    made = count(inputs.augmented_index.height)
    alt = f"{len(chosen)} training images, each beside its augmented copies, of {made} in all"
    return encode(clusters(boxes), "augmentation", alt, budget(inputs))
