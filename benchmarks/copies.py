"""Planted copies: which are found at the default parameters, edit by edit, and what else is flagged."""

import io
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

from benchmarks.edits import EDITS, edited
from benchmarks.near import grouped, pairs_within
from benchmarks.prepare import photographs
from dataprep import pixels
from dataprep.config import load

ROOT = Path(__file__).parent.parent
TABLE = "mixed.parquet"
BETWEEN_ORIGINALS = "between originals"
PICTURES = (".jpg", ".jpeg", ".png", ".webp")


def class_folders(folder: Path) -> pl.DataFrame:
    """Return image_id, bytes and label of the images in class folders, in order of image_id."""
    paths = sorted(path for path in folder.glob("*/*") if path.suffix.lower() in PICTURES)
    rows = [{"image_id": str(p.relative_to(folder)), "bytes": p.read_bytes(), "label": p.parent.name} for p in paths]
    if not rows:
        raise SystemExit(f"error: {folder}: there are no images in class folders")
    return pl.DataFrame(rows).sort("image_id")


def sampled(rows: pl.DataFrame, count: int, seed: int) -> pl.DataFrame:
    """Return so many of the rows, drawn by seed, in their order; all when there are fewer."""
    kept = np.random.default_rng(seed).permutation(rows.height)[:count]
    return rows[np.sort(kept).tolist()]


def with_copies(originals: pl.DataFrame, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the originals and one edited copy of each as a table to ingest, and the truth of its copies.

    originals: image_id, bytes, label, all readable. The table: image struct{bytes, path}, label; copies are PNG, which
    adds no loss to the edit. The truth: image_id of the copy, source, edit.
    """
    params = load(ROOT / "params.yaml").measure
    pictures = (
        (name, pixels.decode(data, params.max_pixels, params.background))
        for name, data in originals.select("image_id", "bytes").iter_rows()
    )
    rows, truth = [], []
    for copy, label in zip(edited(pictures, seed), originals["label"], strict=True):
        kept = io.BytesIO()
        copy.image.save(kept, "PNG", compress_level=1)
        name = f"copies/{len(rows):06}.png"
        rows.append({"image_id": name, "bytes": kept.getvalue(), "label": label})
        truth.append({"image_id": name, "source": copy.source, "edit": copy.edit})
    everything = pl.concat([originals.select("image_id", "bytes", "label"), pl.DataFrame(rows)])
    return everything, pl.DataFrame(truth)


def readable(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows whose bytes are an image."""

    def opens(data: bytes) -> bool:
        try:
            with Image.open(io.BytesIO(data)) as image:
                image.load()
        except (OSError, ValueError):
            return False
        return True

    return rows.filter(pl.Series([opens(data) for data in rows["bytes"]], dtype=pl.Boolean))


def found_copies(originals: pl.DataFrame, known: set[tuple[str, str]], seed: int, folder: Path) -> dict[str, Any]:
    """Return precision and recall of flagged pairs, see `judged`, with one copy of each original mixed in.

    originals: image_id, bytes, label. known: pairs of ids, the smaller first, that are known to be alike.
    """
    chosen = readable(originals)
    alone, _ = _flagged(chosen, folder / "alone")
    everything, truth = with_copies(chosen, seed)
    pairs, seconds = _flagged(everything, folder / "mixed")
    found = judged(pairs, truth, alone=set(alone), known=known)
    return found | {"originals": chosen.height, "wall_seconds": seconds}


def judged(
    pairs: list[tuple[str, str]], truth: pl.DataFrame, *, alone: set[tuple[str, str]], known: set[tuple[str, str]]
) -> dict[str, Any]:
    """Return hits, false pairs, precision and recall, overall and per edit.

    pairs: flagged pairs of image_ids. truth: image_id, source, edit of each copy. A pair of one source is a hit. A pair
    of two sources is left out when these are flagged without copies (`alone`) or are `known`, else false. An edit's
    false pairs are those in which a copy by it takes part; a pair of two edits' copies counts for both.
    """
    source = dict(truth.select("image_id", "source").iter_rows())
    edit = dict(truth.select("image_id", "edit").iter_rows())
    hits, false, left_out = Counter[str](), Counter[str](), Counter[str]()
    mistaken = 0
    for one, other in pairs:
        a, b = sorted((source.get(one, one), source.get(other, other)))
        edits = {edit[name] for name in (one, other) if name in edit}
        if a == b:
            hits.update(edits)
        elif (a, b) in alone or (a, b) in known:
            left_out["alone" if (a, b) in alone else "known"] += 1
        else:
            mistaken += 1
            false.update(edits or {BETWEEN_ORIGINALS})
    planted = Counter(truth["edit"])
    edits = {name: _shares(hits[name], false[name], planted[name]) for name in EDITS if planted[name]}
    return _shares(hits.total(), mistaken, planted.total()) | {
        "edits": edits,
        "false_between_originals": false[BETWEEN_ORIGINALS],
        "left_out_flagged_alone": left_out["alone"],
        "left_out_known": left_out["known"],
    }


def _shares(hits: int, false: int, planted: int) -> dict[str, Any]:
    return {
        "planted": planted,
        "hits": hits,
        "false": false,
        "precision": hits / (hits + false) if hits + false else None,
        "recall": hits / planted,
    }


def _flagged(rows: pl.DataFrame, folder: Path) -> tuple[list[tuple[str, str]], float]:
    """Return the pairs that share a group, and the wall seconds from bytes to groups."""
    folder.mkdir(parents=True)
    image = pl.struct("bytes", pl.col("image_id").alias("path")).alias("image")
    rows.select(image, "label").write_parquet(folder / TABLE)
    groups, _, steps = grouped(photographs((TABLE,), folder, "label"), folder)
    return pairs_within(groups), sum(spent.wall for spent in steps.values())
