"""The review page: one HTML file beside the pictures, for machines without FiftyOne's database."""

import html
import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import polars as pl

from dataprep import files
from dataprep.review.media import FOLDER
from dataprep.review.samples import title, worst_first
from dataprep.review.views import ORDER, TO_REVIEW
from dataprep.schema import DECISIONS
from dataprep.wording import wording

PAGE_NAME = "index.html"
SUGGESTION = ("suggested_label", "suggested_probability")
SHOWN = 500  # images per queue before "show more"
HEAD = 2000  # images of the order of review that the page has: more than anybody decides in a day
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


def write_page(
    samples: pl.DataFrame,
    plan: pl.DataFrame,
    issues: pl.DataFrame,
    kinds: list[str],
    class_names: list[str],
    path: Path,
    name: str,
) -> None:
    """Write the page with the order of review and a queue per kind, worst first; it works from disk without any server.

    Verdicts stay in the browser until "Download decisions.csv", which gives the columns of DECISIONS.
    Texts from the data enter as JSON in which <, > and & are escaped, and leave only as text nodes,
    so that no file name or label becomes markup.
    """
    wanted = (pl.col("flags").list.len() > 0) | (pl.col(ORDER) < HEAD)
    flagged = samples.with_columns(file=plan["file"]).filter(wanted)
    data = {
        "name": name,
        "classes": class_names,
        "columns": list(DECISIONS.columns),
        "shown": SHOWN,
        "images": _images(flagged),
        "queues": [_order(flagged), *(_queue(kind, flagged, issues) for kind in kinds)],
    }
    template = resources.files("dataprep.review").joinpath("page.html").read_text(encoding="utf-8")
    before, after = template.split("__DATA__")
    page = before.replace("__NAME__", html.escape(name)) + _json(data) + after
    files.write_text(path, page)


def shown_files(page: str) -> list[str]:
    """Return the pictures' paths, relative to the page, that a page written by `write_page` shows."""
    found = DATA.search(page)
    return list(json.loads(found[1])["images"]["file"]) if found else []


def _order(flagged: pl.DataFrame) -> dict[str, Any]:
    rows = flagged.with_row_index("image").filter(pl.col(ORDER) < HEAD).sort(ORDER)
    columns = rows.select(
        "image",
        score=pl.lit(None, pl.Float64),
        group=pl.lit(None, pl.UInt32),
        suggested="suggested_label",
        probability=pl.col("suggested_probability").cast(pl.Float64).round(4),
        note="notes",
    )
    meaning = "probable faults first, and some that nobody doubts, to tell what is left"
    return {"kind": "to_review", "title": TO_REVIEW, "meaning": meaning, **columns.to_dict(as_series=False)}


def _images(flagged: pl.DataFrame) -> dict[str, list[Any]]:
    shown = flagged.select(
        "image_id",
        "sha256",
        (pl.lit(f"{FOLDER}/") + pl.col("file")).alias("file"),
        "split",
        "label",
        "predicted_label",
        pl.col("confidence").cast(pl.Float64).round(3),
        "width",
        "height",
    )
    return shown.to_dict(as_series=False)


def _queue(kind: str, flagged: pl.DataFrame, issues: pl.DataFrame) -> dict[str, Any]:
    found = issues.filter(pl.col("is_issue") & (pl.col("issue") == kind))
    rows = (
        flagged.with_row_index("index")
        .join(
            found.select("image_id", *SUGGESTION, "note"),
            on="image_id",
            suffix="_of_kind",
        )
        .sort(worst_first(kind, flagged.columns))
    )
    group = pl.col(f"{kind}_group") if f"{kind}_group" in rows.columns else pl.lit(None)
    columns = rows.select(
        pl.col("index").alias("image"),
        pl.col(f"{kind}_score").cast(pl.Float64).round(4).alias("score"),
        group.alias("group"),
        pl.col("suggested_label_of_kind").alias("suggested"),
        pl.col("suggested_probability_of_kind").cast(pl.Float64).round(4).alias("probability"),
        "note",
    )
    return {
        "kind": kind,
        "title": title(kind),
        "meaning": wording(kind).meaning,
        **columns.to_dict(as_series=False),
    }


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
