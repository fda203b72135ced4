"""Writing, reading and comparing data sets, beside webdataset and a raw memory-map read.

python -m benchmarks.datasets [--data PATH] [--images N] [--workers N] [--repeats N] [--json FILE]

PATH is a Parquet file in the Hugging Face image layout; by default patches of 32 px are cut from the photographs that
come with scikit-learn. Everything is measured in turns within one run; a figure is the median of the repeats, a ratio
the median of the turns' own ratios.
"""

import argparse
import io
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
import webdataset
from PIL import Image
from sklearn.datasets import load_sample_images

from benchmarks import machine
from benchmarks.dataset_versions import diff_seconds
from dataprep import files
from dataprep.config import Card, Write
from dataprep.datasets.content import Content
from dataprep.datasets.reader import DataSet, open_dataset
from dataprep.datasets.torch_data import loader
from dataprep.datasets.writer import write_dataset
from dataprep.schema import AUGMENTED, IMAGES, KEPT, ORIGINALS, REMOVED

CARD = Card(name="benchmark", description="", license=None, url=None, creator=None, published=None)
SIDE = 32  # px of the patches and of the tensors
BATCH = 256
PART = 4096
SHARDS = 4  # so that each worker of webdataset has some
DIFF_ROWS = 100_000
CLASSES = 10
SHUFFLED = 1000  # samples among which webdataset draws


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    encoded = list(files_in(chosen.data) if chosen.data else patches(chosen.images))[: chosen.images]
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        values: dict[str, Any] = {"images": len(encoded), "repeats": chosen.repeats, "workers": chosen.workers}
        values |= {"mean_bytes": round(sum(map(len, encoded)) / len(encoded))}
        values |= writing(encoded, folder, chosen.repeats)
        values |= reading(open_dataset(folder / "whole"), chosen.repeats, chosen.workers)
        values["diff_rows"] = DIFF_ROWS
        values["diff_seconds"] = diff_seconds(DIFF_ROWS, folder, chosen.repeats)
    values["machine"] = machine.description("dataprep", "webdataset", "polars", "pyarrow", "pillow")
    print(table(values))
    if chosen.json:
        chosen.json.write_text(json.dumps(values, indent=2) + "\n")


def files_in(path: Path) -> list[bytes]:
    """Return the encoded images of a Parquet file in the Hugging Face image layout."""
    return pl.read_parquet(path, columns=["image"])["image"].struct.field("bytes").to_list()


def patches(count: int) -> Iterator[bytes]:
    """Yield JPEG files of patches from two photographs, the same each time."""
    photographs = load_sample_images().images
    random = np.random.default_rng(0)
    for number in range(count):
        photograph = photographs[number % len(photographs)]
        top, left = (random.integers(0, size - SIDE) for size in photograph.shape[:2])
        stream = io.BytesIO()
        Image.fromarray(photograph[top : top + SIDE, left : left + SIDE]).save(stream, "JPEG", quality=90)
        yield stream.getvalue()


def content(encoded: list[bytes], folder: Path) -> Content:
    """Return a data set's content: the images as they are, and as many float32 tensors of random numbers."""
    names = [f"{number:08d}.jpg" for number in range(len(encoded))]
    rows = pl.DataFrame({"image_id": names, "sha256": [files.sha256(data) for data in encoded]}).with_columns(
        label=pl.Series([str(number % CLASSES) for number in range(len(encoded))]),
        split=pl.lit("train"),
        format=pl.lit("JPEG"),
        width=SIDE,
        height=SIDE,
        channels=3,
        bytes=pl.Series([len(data) for data in encoded]),
        reason=None,
        decided_by=None,
        score=None,
        decided_at=None,
    )
    fitted = folder / "normalization.json"
    fitted.write_text("{}\n")
    pixels = np.random.default_rng(0).normal(size=(len(encoded), 3, SIDE, SIDE)).astype(np.float32)
    return Content(
        images=rows.select(list(IMAGES.columns)).cast(IMAGES.columns),
        kept=rows.with_columns(given_label="label").select(list(KEPT.columns)).cast(KEPT.columns),
        removed=REMOVED.empty(),
        pixels=np.zeros((len(encoded), SIDE, SIDE, 3), np.uint8),
        normalized=pixels,
        augmented=pixels[:0],
        augmented_index=AUGMENTED.empty(),
        normalization=fitted,
        source="benchmark",
        parameters={"seed": 0},
    )


def writing(encoded: list[bytes], folder: Path, repeats: int) -> dict[str, Any]:
    """Return images per second of each writer and our ratio to Pillow and `webdataset.TarWriter`; leaves `whole`."""
    made = content(encoded, folder)
    names = made.images["image_id"]
    originals = pl.DataFrame({"image_id": names, "bytes": encoded, "fault": None}, schema=ORIGINALS.columns)
    pictures = [Image.open(io.BytesIO(data)).convert("RGB") for data in encoded]

    def ours(*formats: str, tensors: str = "none") -> None:
        params = Write(
            formats=formats, tensors=tensors, shard_rows=-(-len(encoded) // SHARDS), shard_mib=256, card=CARD
        )
        write_dataset(made, originals.iter_slices(PART), params, folder / "whole")

    ways: dict[str, Callable[[], None]] = {
        "Pillow encoding + TarWriter": lambda: tar(folder / "peer.tar", pictures),
        "TarWriter, bytes as they are": lambda: tar(folder / "peer.tar", encoded),
        "dataprep, webdataset": lambda: ours("webdataset"),
        "dataprep, parquet": lambda: ours("parquet"),
        "dataprep, both": lambda: ours("parquet", "webdataset"),
    }
    seconds = in_turns(ways, repeats, lambda: shutil.rmtree(folder / "whole", ignore_errors=True))
    ours("parquet", "webdataset", tensors="float32")
    peer = seconds["Pillow encoding + TarWriter"]
    return {
        "write_seconds": seconds,
        "write_over_tarwriter": ratio(peer, seconds["dataprep, both"]),
        "write_webdataset_over_tarwriter": ratio(peer, seconds["dataprep, webdataset"]),
        "write_parquet_over_tarwriter": ratio(peer, seconds["dataprep, parquet"]),
    }


def tar(path: Path, images: list[Any]) -> None:
    with webdataset.TarWriter(str(path)) as writer:
        for number, image in enumerate(images):
            writer.write({"__key__": f"{number:09d}", "jpg": image, "cls": number % CLASSES})


def reading(data: DataSet, repeats: int, workers: int) -> dict[str, Any]:
    """Return seconds per shuffled epoch of each reader, and the ratios."""
    shards = sorted(str(path) for path in (data.folder / "webdataset").glob("*.tar"))
    images, tensors = data.images("train"), data.tensors("train")
    arrays = sorted((data.folder / "tensors").glob("*.npy"))
    ways: dict[str, Callable[[], None]] = {}
    for count in sorted({0, workers}):
        ways |= {
            f"webdataset, decoded, {count} workers": lambda count=count: drained(theirs(shards, count)),
            f"dataprep images, decoded, {count} workers": lambda count=count: drained(
                loader(images, BATCH, workers=count)
            ),
        }
    ways |= {
        "dataprep tensors": lambda: drained(loader(tensors, BATCH)),
        "memory map read in order": lambda: mapped(arrays),
    }
    seconds = in_turns(ways, repeats, lambda: None)
    over = {
        count: ratio(
            seconds[f"webdataset, decoded, {count} workers"], seconds[f"dataprep images, decoded, {count} workers"]
        )
        for count in sorted({0, workers})
    }
    return {
        "read_seconds": seconds,
        "read_over_webdataset": min(over.values()),
        "read_over_webdataset_by_workers": {str(count): value for count, value in over.items()},
        "tensors_over_webdataset": ratio(seconds["webdataset, decoded, 0 workers"], seconds["dataprep tensors"]),
        "tensors_share_of_memory_map": ratio(seconds["memory map read in order"], seconds["dataprep tensors"]),
    }


def theirs(shards: list[str], workers: int) -> Any:
    """Return webdataset's loader of shuffled batches: (n, 3, S, S) uint8 and labels."""
    samples = webdataset.WebDataset(shards, shardshuffle=len(shards), workersplitter=webdataset.split_by_worker)
    decoded = samples.shuffle(SHUFFLED).decode("torchrgb8").to_tuple("jpg", "cls").batched(BATCH)
    return webdataset.WebLoader(decoded, batch_size=None, num_workers=workers)


def drained(batches: Any) -> None:
    """Use every batch, as training would: its first pixel is read."""
    total = 0.0
    for pixels, labels in batches:
        total += float(pixels[0, 0, 0, 0]) + len(labels)


def mapped(paths: list[Path]) -> None:
    """Copy every batch of the arrays in the order in which they lie."""
    for path in paths:
        array = np.load(path, mmap_mode="r")
        for start in range(0, len(array), BATCH):
            np.array(array[start : start + BATCH])


def in_turns(ways: dict[str, Callable[[], None]], repeats: int, before: Callable[[], None]) -> dict[str, list[float]]:
    """Return the seconds of each way, in turns, after one turn that is not counted; `before` is not timed."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(repeats + 1):
        for name, way in ways.items():
            before()
            start = time.perf_counter()
            way()
            if turn:
                seconds[name].append(round(time.perf_counter() - start, 4))
    return seconds


def ratio(theirs: list[float], ours: list[float]) -> float:
    """Return the median over the turns of how many times as fast ours was."""
    return round(statistics.median(a / b for a, b in zip(theirs, ours, strict=True)), 3)


def table(values: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    lines = [
        f"{values['images']:,} JPEG images of {values['mean_bytes']:,} bytes on average, {values['repeats']} turns.",
    ]
    for title, key in (("writing", "write_seconds"), ("a shuffled epoch", "read_seconds")):
        lines += ["", f"| {title} | images / s | s, least to most |", "|:--|--:|--:|"]
        for name, seconds in values[key].items():
            rate = values["images"] / statistics.median(seconds)
            lines.append(f"| {name} | {rate:,.0f} | {min(seconds):.2f} to {max(seconds):.2f} |")
    lines += ["", "| ratio, median of the turns | |", "|:--|--:|"]
    lines += [f"| {name} | {values[name]:.2f} |" for name in RATIOS]
    lines += [f"| diff_seconds, {values['diff_rows']:,} rows, the whole command | {values['diff_seconds']:.2f} |"]
    found = ", ".join(f"{name} {value}" for name, value in values["machine"].items())
    return "\n".join([*lines, "", found])


RATIOS = (
    "write_over_tarwriter",
    "write_webdataset_over_tarwriter",
    "write_parquet_over_tarwriter",
    "read_over_webdataset",
    "tensors_over_webdataset",
    "tensors_share_of_memory_map",
)

if __name__ == "__main__":
    main()
