"""The data-set card: Markdown for people, under metadata that Hugging Face `datasets` and its hub read."""

import itertools
import json
import re
from typing import Any

import polars as pl

from dataprep.config import Write
from dataprep.datasets.content import Content
from dataprep.datasets.image_shards import FOLDERS, PARQUET, file_name
from dataprep.markdown import count, escape, table

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
MOST_CLASSES = 100  # in the table; all of them are in the manifest


def card(content: Content, params: Write, version: str, classes: list[str]) -> str:
    """Return the card. Its splits and reasons are counted here, its texts are `params.card`.

    A license beside the names that the hub knows is told as `other`, with its address.
    """
    said = params.card
    parts = [
        f"---\n{_front(content, params)}---",
        f"# {escape(said.name, 200)}",
        escape(said.description, 5000),
        f"Version `{version}`: {count(content.kept.height)} images in {count(len(classes))} classes; "
        f"{count(content.removed.height)} images of the source are not in it.",
        _splits(content, classes),
        _changes(content),
        _uses(content, params),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front(content: Content, params: Write) -> str:
    # JSON is YAML; so no text from data can break it
    said = params.card
    values: dict[str, Any] = {
        "pretty_name": said.name,
        "task_categories": ["image-classification"],
        "size_categories": [next((name for most, name in SIZES if content.kept.height < most), "n>1M")],
    }
    if said.license is not None:
        known = re.fullmatch(r"[A-Za-z0-9.+-]+", said.license)
        values["license"] = said.license.lower() if known else "other"
        values |= {} if known else {"license_name": "other", "license_link": said.license}
    names = _split_names(content.kept["split"].unique().sort().to_list())
    files = [{"split": name, "path": _shards(split)} for split, name in names.items()]
    if "parquet" in params.formats:
        values["configs"] = [{"config_name": "default", "data_files": files}]
    return "".join(f"{key}: {json.dumps(value, ensure_ascii=True)}\n" for key, value in values.items())


def _shards(split: str) -> str:
    """Return the pattern of the split's Parquet shards, and of no other split's: `train-*` has `train-noisy-00000`."""
    return f"{FOLDERS[PARQUET]}/{file_name(split)}-{'[0-9]' * 5}.parquet"


def _split_names(splits: list[str]) -> dict[str, str]:
    """Return each split's name as Hugging Face takes it, letters, digits and underscores; numbered where two agree."""
    found = {split: split for split in splits if re.fullmatch(r"\w+", split)}
    for split in splits:
        if split not in found:
            name = re.sub(r"\W", "_", split) or "_"
            numbered = itertools.chain([name], (f"{name}_{n}" for n in itertools.count(2)))
            found[split] = next(free for free in numbered if free not in found.values())
    return {split: found[split] for split in splits}


def _splits(content: Content, classes: list[str]) -> str:
    counted = content.kept.group_by("label", "split").len()
    numbers = {(label, split): rows for label, split, rows in counted.iter_rows()}
    splits = content.kept["split"].unique().sort().to_list()
    rows = [[escape(name), *(count(numbers.get((name, split), 0)) for split in splits)] for name in classes]
    more = f"\n\nand {count(len(rows) - MOST_CLASSES)} more classes" if len(rows) > MOST_CLASSES else ""
    total = ["all", *(count(content.kept.filter(split=split).height) for split in splits)]
    shown = table(["class", *(escape(split) for split in splits)], [*rows[:MOST_CLASSES], total])
    return f"## Images\n\n{shown}{more}"


def _changes(content: Content) -> str:
    relabeled = content.kept.filter(pl.col("label").ne_missing(pl.col("given_label")))
    rows = [
        [what, escape(reason), count(images)]
        for what, frame in (("removed", content.removed), ("relabeled", relabeled))
        for reason, images in _reasons(frame)
    ]
    if not rows:
        return ""
    return f"## Changes to the source\n\n{table(['what', 'reason', 'images'], rows)}"


def _reasons(frame: pl.DataFrame) -> list[tuple[str, int]]:
    """Return each reason's kind, which is what stands before a colon or comma, and its images, most first."""
    kinds = frame["reason"].fill_null("no reason given").str.extract(r"^([^:,]*)")
    return sorted(kinds.value_counts().rows(), key=lambda row: (-row[1], row[0]))


def _uses(content: Content, params: Write) -> str:
    first = content.kept["split"].unique().sort()[-1]
    shards = f"{FOLDERS['webdataset']}/{file_name(first)}-00000.tar"
    lines = []
    if "parquet" in params.formats:
        lines += [
            'datasets.load_dataset("path/to/this/folder")             # Hugging Face',
            f'polars.read_parquet("{_shards(first)}")',
        ]
    if "webdataset" in params.formats:
        lines.append(f'webdataset.WebDataset("{shards}").decode("torchrgb")')
    lines.append(f'dataprep.open_dataset("path/to/this/folder").images({json.dumps(first)})   # torch')
    if params.tensors != "none":
        lines.append(f'dataprep.open_dataset("path/to/this/folder").tensors({json.dumps(first)})  # torch, normalized')
    body = "\n".join(lines)
    return (
        f"## How to open it\n\n```python\n{body}\n```\n\n"
        "`index.parquet` has a row per image: labels, split, the reason of every change, checksum and place.\n"
        "`removed.parquet` has every image that is not in it, and why. `manifest.json` has a checksum per file."
    )
