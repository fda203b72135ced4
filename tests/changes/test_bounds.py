"""Whatever the data holds: the comment stays within what GitHub takes, and shows texts as they are."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from PIL import Image

from dataprep.changes.budget import MOST, Rows, compose
from dataprep.changes.comment import SECTIONS, write_comment
from dataprep.changes.compared import Base, Compared
from dataprep.changes.thumbnails import BYTES, PAGE
from dataprep.markdown import code as code_of
from dataprep.markdown import shorten, visible
from dataprep.schema import DECISIONS
from tests.changes.builders import compared, finding, image, state
from tests.report.builders import HOSTILE

LIMIT = 65_000
PINNED = 250  # characters that a pinned address may add to each of the pictures
MARKUP = '<b>x</b> "q" [a](b) `c` @me #123 \u202eright\u202c \n **d** | $e$ <!-- dataprep report --> ](pictures/x.png) '
LONG = (MARKUP * 8)[:300]
PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")
NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=300)


def hostile(name: str, count: int) -> Compared:
    """Return a change of every sort, in which each text from data is `name`, `count` times."""
    names = [f"{name}{n}" for n in range(count)]
    before = [image(text, f"{text} label", name) for text in names]
    after = [
        image(text, f"{text} other" if n % 5 == 1 else f"{text} label", "x" if n % 5 == 2 else name)
        for n, text in enumerate(names)
    ]
    after = [row for n, row in enumerate(after) if n % 5] + [image(f"new {text}", text, text) for text in names]
    decided = [{"image_id": text, "verdict": "drop", "reviewer": name, "note": name} for text in names]
    reasons = {text: (f"decision drop: {name}", text) for text in names[1::3]}
    changed = {text: (f"{text} best", text) for text in names[3::3]}
    kinds = [
        finding(text, f"{name}{n % 30}", suggested_label=text, suggested_probability=0.5)
        for n, text in enumerate(names)
    ]
    numbers = {
        "health": {text: {"value": 0.5, "low": 0.4, "high": 1e300} for text in names},
        "version": name,
        "trainable": name,
    }
    old = state(
        before,
        params={name: {text: text for text in names}},
        metrics=numbers,
        dropped=dict.fromkeys(names[2::3], (name, name)),
    )
    new = state(
        after,
        findings=[row for row in kinds if any(row["image_id"] == kept["image_id"] for kept in after)],
        dropped=reasons,
        relabeled=changed,
        decided=pl.DataFrame(decided, schema=DECISIONS.columns),
        params={name: {text: [text] for text in names}},
        metrics=numbers | {text: text for text in names},
    )
    code = [(text, 1, None) for text in names]
    lost = tuple((text, name) for text in ("params.yaml", "data/images.parquet", *names))
    return compared(
        replace(old, lacking=lost),
        new,
        base=Base(name, "0" * 40, "2026-01-31"),
        code=code,
        stale=[code_of(text) for text in names],
    )


def both(found: Compared) -> tuple[str, str]:
    blocks = [block for section in SECTIONS for block in section(found)]
    return compose(blocks, "pictures"), compose(blocks, None)


@settings(max_examples=4, deadline=None)
@given(NAMES, st.integers(1, 12), st.booleans())
@example(LONG, 100, True)
@example("&" * 300, 100, False)
@example("\U0010ffff" * 300, 80, False)
def test_the_comment_stays_within_githubs_limit_even_when_pictures_are_pinned(
    name: str, count: int, pictures: bool
) -> None:
    found = hostile(name, count)
    if not pictures:
        found = replace(found, old=replace(found.old, pixels=None), new=replace(found.new, pixels=None))
    comment, text = both(found)
    assert len(comment) + PINNED * comment.count("](pictures/") <= LIMIT
    assert comment.count("](pictures/") <= 12
    assert len(text) <= LIMIT
    assert "](pictures/" not in text


@pytest.mark.parametrize("name", [HOSTILE, LONG, "a\r\n&amp;", "`" * 7, "\u200b</details>"])
def test_texts_from_data_are_only_text(name: str) -> None:
    comment, _ = both(hostile(name, 6))
    tokens = [child for token in PARSER.parse(comment) for child in token.children or [token]]
    html = {t.content.strip() for t in tokens if t.type.startswith("html")}
    known = r"<!-- dataprep report -->|</?code>|<br>|</details>|<details><summary>[^<>]*</summary>"
    assert all(re.fullmatch(known, part) for part in html), html
    assert comment.count("<!--") == 1
    assert {t.attrs["src"].partition("/")[0] for t in tokens if t.type == "image"} == {"pictures"}
    assert not [t for t in tokens if t.type == "link_open"]
    assert "@" not in comment
    assert not re.search(r"[^&]#\d", comment), "GitHub makes links of numbers"
    assert all(c.isprintable() or c == "\n" for c in comment)
    shown = "".join(t.content for t in tokens if t.type == "text")
    assert shorten(visible(f"{name}0"), 120) in shown or shorten(visible(f"{name}0"), 160) in shown


def test_cut_lines_are_counted() -> None:
    lines = [f"| {n} |" + "x" * 1000 for n in range(100)]
    text = compose([Rows(lines, 5000, "images", title="All")], None)
    shown = text.count("x" * 1000)
    assert 0 < shown < 100
    assert f"and {5000 - shown:,} more images" in text
    assert len(text) <= MOST


def test_pictures_are_small_and_as_wide_as_githubs_column(tmp_path: Path) -> None:
    rows = [image(f"{n:03}.png", "a long name of a class" if n % 2 else "b") for n in range(200)]
    noise = np.random.default_rng(0).integers(0, 256, (400, 64, 64, 3), np.uint8)
    more = [image(f"new {n:03}.png") for n in range(200)]
    kinds = [finding(row["image_id"], f"kind {n % 9}") for n, row in enumerate(more)]
    old = state(rows)
    new = state(
        [*rows[:100], *(row | {"sha256": "other"} for row in rows[100:150]), *more],
        findings=kinds,
        dropped={row["image_id"]: ("dark", "policy") for row in rows[:50]},
        relabeled={row["image_id"]: ("c", "Ada") for row in rows[50:100]},
    )
    for side, count in (("old", 200), ("new", 350)):
        np.save(tmp_path / f"{side}.npy", noise[:count])
    old, new = (
        replace(old, pixels=lambda: (tmp_path / "old.npy").open("rb")),
        replace(new, pixels=lambda: (tmp_path / "new.npy").open("rb")),
    )
    found = compared(old, new)
    write_comment(found, tmp_path / "out")
    made = sorted((tmp_path / "out/pictures").iterdir())
    assert 8 <= len(made) <= 12
    for picture in made:
        assert picture.stat().st_size <= BYTES
        with Image.open(picture) as opened:
            assert 500 <= opened.width <= PAGE, "GitHub shows it as it is, or hardly smaller"
