"""The measure pass, whole, against decoding alone by Pillow with as many workers; and CleanVision where installed.

python -m benchmarks.measure --data PATH [--workers N] [--repeats N] [--peers PYTHON] [--json FILE]

PATH is a folder of image files, or a Parquet file or a folder of them in the Hugging Face image layout. PYTHON is an
interpreter that has CleanVision; without one it is tried with this one.
"""

import argparse
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

from benchmarks import machine
from benchmarks.prepare import results_in
from dataprep import pixels
from dataprep.config import Measure
from dataprep.engine import map_batches
from dataprep.measure_pass import batch_rows, measure_all, side_for
from dataprep.originals import Originals, PartWriter

PARAMS = Measure(size="auto", fit="stretch", max_pixels=100_000_000, background=255)
PEERS = Path(__file__).with_name("peers_measure.py")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images = taken_in(chosen.data, folder)
        values = compared(images, folder, chosen.workers, chosen.repeats)
        values["cleanvision_images_per_second"] = peers(chosen.peers, images, folder, chosen.workers)
    values["machine"] = machine.description("dataprep", "numpy", "opencv-python-headless", "pillow", "simplejpeg")
    print(table(values))
    if chosen.json:
        chosen.json.write_text(json.dumps(values, indent=2) + "\n")


def taken_in(data: Path, folder: Path) -> pl.DataFrame:
    """Write ORIGINALS to `folder` and return image_id, bytes (of the file), width and height of each image."""
    writer = PartWriter(folder)
    rows = []
    for number, content in enumerate(contents(data)):
        found = pixels.header(content)
        size = (found.width, found.height) if found else (None, None)
        rows.append((f"{number:08d}", len(content), *size))
        writer.add(rows[-1][0], content)
    writer.flush()
    if not rows:
        raise SystemExit(f"there are no image files and no Parquet files in {data}")
    schema = {"image_id": pl.String, "bytes": pl.Int64, "width": pl.Int32, "height": pl.Int32}
    # As if no two files were equal: bare decoding takes each one too.
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(sha256="image_id")


def contents(data: Path) -> list[bytes]:
    """Return the encoded images: of Parquet files in the Hugging Face layout where there are any, else of files."""
    files = [data] if data.is_file() else sorted(path for path in data.rglob("*") if path.is_file())
    tables = [path for path in files if path.suffix.lower() == ".parquet"]
    if tables:
        parts = (pl.read_parquet(path, columns=["image"])["image"].struct.field("bytes") for path in tables)
        return [content for part in parts for content in part.drop_nulls()]
    return [path.read_bytes() for path in files if path.suffix.lower() in SUFFIXES]


def anew(images: pl.DataFrame, folder: Path, workers: int) -> None:
    """Measure all images, whatever an earlier run has measured."""
    out = results_in(folder)
    out.measured.unlink(missing_ok=True)
    measure_all(images, Originals(folder), PARAMS, workers, out)


def compared(images: pl.DataFrame, folder: Path, workers: int, repeats: int) -> dict[str, Any]:
    """Return medians over runs of both in turn, after one of each that does not count."""
    runs: dict[str, Callable[[], object]] = {
        "pillow": lambda: bare(images, folder, workers),
        "dataprep": lambda: anew(images, folder, workers),
    }
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(repeats + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            if repeat:
                seconds[name].append(time.perf_counter() - start)
    return figures(images.height, seconds) | {
        "workers": workers,
        "repeats": repeats,
        "peak_memory_mib": round(machine.peak_bytes() / 2**20),
    }


def bare(images: pl.DataFrame, folder: Path, workers: int) -> int:
    """Decode every image to an array by Pillow and nothing else, by the same engine; return how many could be."""
    batches = Originals(folder).batches(batch_rows(images, side_for(images, PARAMS.size)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = map_batches(decoded, batches, workers=workers, rows=images.height, description="pillow", threads=True)
        return sum(done)


def decoded(batch: pl.DataFrame) -> int:
    done = 0
    for content in batch["bytes"]:
        try:
            with Image.open(io.BytesIO(content)) as image:
                np.asarray(image)
        except Exception:  # Pillow's plugins raise almost anything on damaged bytes
            continue
        done += 1
    return done


def figures(images: int, seconds: dict[str, list[float]]) -> dict[str, Any]:
    """Return images per second of both by their median seconds, and the ratio of the two.

    >>> figures(10, {"dataprep": [1.0, 2.0, 9.0], "pillow": [4.0, 1.0, 5.0]})["ratio"]
    2.0
    """
    ours, theirs = (statistics.median(seconds[name]) for name in ("dataprep", "pillow"))
    return {
        "images": images,
        "images_per_second": images / ours,
        "pillow_images_per_second": images / theirs,
        "ratio": theirs / ours,
        "seconds": seconds,
    }


def peers(python: str, images: pl.DataFrame, folder: Path, workers: int) -> float | None:
    """Return CleanVision's images per second on the same files, by its own clock; None where it is not installed."""
    files = folder / "files"
    files.mkdir()
    for batch in Originals(folder).batches(1024):
        for image_id, content in batch.select("image_id", "bytes").iter_rows():
            suffix = ".jpg" if content[:2] == b"\xff\xd8" else ".png"  # it lists files by their names
            (files / f"{image_id}{suffix}").write_bytes(content)
    done = subprocess.run([python, str(PEERS), str(files), str(workers)], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"CleanVision not measured: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
        return None
    return images.height / float(done.stdout.strip().splitlines()[-1])


def table(values: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    spans = {name: f"{min(times):.2f} to {max(times):.2f}" for name, times in values["seconds"].items()}
    lines = [
        f"{values['images']:,} images, {values['workers']} workers, median of {values['repeats']} runs in turn, "
        f"peak memory {values['peak_memory_mib']} MiB.",
        "",
        "| | images / s | of Pillow | s |",
        "|:--|--:|--:|--:|",
        f"| dataprep, whole pass | {values['images_per_second']:,.0f} | {values['ratio']:.2f} | {spans['dataprep']} |",
        f"| Pillow, decoding only | {values['pillow_images_per_second']:,.0f} | 1 | {spans['pillow']} |",
    ]
    peer = values["cleanvision_images_per_second"]
    if peer is not None:
        lines.append(f"| CleanVision | {peer:,.0f} | {peer / values['pillow_images_per_second']:.2f} | |")
    found = ", ".join(f"{name} {value}" for name, value in values["machine"].items())
    return "\n".join([*lines, "", found])


if __name__ == "__main__":
    main()
