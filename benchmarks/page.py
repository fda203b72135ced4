"""The report's page with many images: bytes, seconds to make it, to open it, to filter, to sort, to draw a histogram.

python -m benchmarks.page [DATA] [--noise N] [--keep FOLDER] [--json FILE]

DATA is a folder of CIFAR-10N's tables (`train.parquet`, `test.parquet`); without it only noise is measured: N images of
32 x 32 px of random pixels, which no format can compress. Measurements and findings that need no network are those of
the pipeline, predictions are drawn. The report above the images has as many bytes of pictures as it may have. Times in
the browser are those of a headless Chromium, the least and the median of some turns, until the next frame is drawn.
"""

import argparse
import dataclasses
import io
import json
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

from benchmarks import machine
from benchmarks.prepare import ROOT, photographs, results_in
from dataprep import detectors, files
from dataprep.config import Folder, Params, load
from dataprep.ingest import ingest
from dataprep.measure_pass import measure_all
from dataprep.originals import Originals
from dataprep.report.grids import Picture
from dataprep.report.inputs import Inputs
from dataprep.report.page import page
from dataprep.report.pictures import GRIDS_BYTES
from dataprep.schema import CONSENSUS, DECISIONS, class_names
from dataprep.sources import open_source

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SIDE, CLASSES = 32, 10
TURNS = 7
PICTURES = 10
SHARPNESS = 2.5  # of the drawn predictions, nats
DETECTORS = ("exact_duplicates", "near_duplicates", "odd_pixels", "split_leaks", "label_conflicts", "label_errors")
ACTS = {
    "filter by finding": "#images?issue=near_duplicate&sort=brightness",
    "filter by class": "#images?label={label}&sort=brightness",
    "range of a number": "#images?range=brightness:0.4:0.5&sort=brightness",
    "text in the name": "#images?name=99&sort=brightness",
    "sort by contrast": "#images?sort=contrast",
    "sort by contrast, again": "#images?sort=contrast",
    "sort by class": "#images?sort=label",
}
TIMED = """async (address) => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  await frame();
  const begun = performance.now();
  view.go(parseState(address, view.data), "replace");
  const computed = performance.now() - begun;
  document.body.offsetHeight;
  await frame();
  return [computed, performance.now() - begun];
}"""
OPENED = """async () => {
  const begun = performance.now();
  location.hash = "#images";
  const seen = () => [...document.querySelectorAll(".tile img")].some((one) => one.naturalWidth);
  while (!seen()) await new Promise(requestAnimationFrame);
  return performance.now() - begun;
}"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"


def noise(count: int, folder: Path) -> None:
    """Write `count` PNG files of random pixels into folders of ten classes."""
    random = np.random.default_rng(0)
    for number in range(count):
        pixels = random.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        path = folder / f"class {number % CLASSES}" / f"{number:06}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path, compress_level=1)


def inputs(params: Params, folder: Path) -> tuple[Inputs, Originals]:
    """Return what the page reads of a data set: the pipeline's tables, but for predictions, which are drawn."""
    found = ingest(
        open_source(params.source), folder / "originals", seed=params.seed, sample=None, where=str(params.source.path)
    )
    originals = Originals(folder / "originals")
    measurements = measure_all(found.images, originals, params.measure, params.workers, results_in(folder))
    given: dict[str, Any] = {
        "images": found.images,
        "measurements": measurements,
        "pixels": np.load(results_in(folder).pixels, mmap_mode="r"),
        "predictions": drawn(found.images),
        "training_split": params.normalize.training_split,
        "device": params.device,
    }
    for name in DETECTORS:
        read = [given[key] for key in detectors.REGISTRY[name].reads]
        given[name] = detectors.load(name)(*read, getattr(params.detectors, name))
    kept = found.images.select("image_id", "sha256", "split", "label", given_label="label").with_columns(
        pl.lit(None, pl.String).alias(name) for name in ("reason", "decided_by", "decided_at")
    )
    known = {
        "images": found.images,
        "measurements": measurements,
        "issues": pl.concat([given[name] for name in DETECTORS]),
        "predictions": given["predictions"],
        "consensus": pl.DataFrame(schema=CONSENSUS.columns),
        "decisions": pl.DataFrame(schema=DECISIONS.columns),
        "kept": kept,
        "removed": kept[:0].drop("label"),
        "manifest": {"version": "benchmark"},
        "params": params,
    }
    return Inputs(**{field.name: known.get(field.name) for field in dataclasses.fields(Inputs)}), originals  # type: ignore[arg-type]


def drawn(images: pl.DataFrame) -> pl.DataFrame:
    """Return PREDICTIONS that mostly name the given label."""
    names = class_names(images)
    number = {name: index for index, name in enumerate(names)}
    random = np.random.default_rng(1)
    logits = random.normal(0, 1, (images.height, len(names))).astype(np.float32)
    logits[np.arange(images.height), [number[label] for label in images["label"]]] += SHARPNESS
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    columns = {"probabilities": shares, "joint_logits": np.log(shares), "embedding": logits[:, :2]}
    return images.select("image_id", "label", fold=pl.lit(0, pl.Int32)).with_columns(
        pl.Series(name, values, pl.Array(pl.Float32, values.shape[1])) for name, values in columns.items()
    )


def report() -> tuple[str, list[Picture]]:
    """Return a report whose pictures take all the bytes that they may."""
    random = np.random.default_rng(2)
    pictures, lines = [], ["# Data-set report", "Is it fast?"]
    for number in range(PICTURES):
        side = int((GRIDS_BYTES / PICTURES / 3) ** 0.5)
        stream = io.BytesIO()
        Image.fromarray(random.integers(0, 256, (side, side, 3), dtype=np.uint8)).save(stream, "PNG")
        pictures.append(Picture(f"{number}.png", "noise", stream.getvalue()))
        lines += [f"## Chapter {number}", "Words about it. " * 40, f"![noise](figures/{number}.png)"]
    return "\n\n".join(lines), pictures


def looked_at(path: Path, label: str) -> dict[str, list[int]]:
    """Return the least and median milliseconds in a browser until report and images show, and of each of ACTS."""
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    found: dict[str, list[float]] = {}
    with sync_playwright() as tool, tempfile.TemporaryDirectory() as home:
        browser = tool.chromium.launch(executable_path=CHROMIUM, args=arguments, env={"HOME": home})
        for _ in range(TURNS):
            shown = browser.new_page(viewport={"width": 1400, "height": 900})
            shown.goto(path.as_uri())
            found.setdefault("first paint of the report", []).append(shown.evaluate(PAINTED))
            found.setdefault("report to images", []).append(shown.evaluate(OPENED))
            for name, address in ACTS.items():
                computed, felt = shown.evaluate(TIMED, address.format(label=label))
                found.setdefault(f"{name}, computed", []).append(computed)
                found.setdefault(f"{name}, on screen", []).append(felt)
            shown.close()
        browser.close()
    return {name: [round(min(times)), round(statistics.median(times))] for name, times in found.items()}


def measured(params: Params, room: Path, keep: Path | None, name: str) -> dict[str, Any]:
    """Return the figures of one data set."""
    made, originals = inputs(params, room)
    text, pictures = report()
    with machine.timed() as spent:
        found = page(made, originals, text, pictures)
    path = (keep or room) / f"{name}.html"
    files.write_text(path, found)
    result = {
        "images": made.images.height,
        "megabytes": round(path.stat().st_size / 1e6, 2),
        "wall seconds": round(spent.wall, 1),
        "cpu seconds": round(spent.cpu, 1),
        "peak gigabytes": round(machine.peak_bytes() / 1e9, 2),
    }
    return result | ({"milliseconds": looked_at(path, made.images["label"][0])} if CHROMIUM else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="folder with CIFAR-10N's tables")
    parser.add_argument("--noise", type=int, default=25_000, help="images of noise; 0 for none")
    parser.add_argument("--keep", type=Path, help="folder that gets the pages")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    result: dict[str, Any] = dict(machine.description("pillow", "polars"))
    if chosen.data:
        params = photographs(("train.parquet", "test.parquet"), chosen.data, "label_worse,label_clean")
        with tempfile.TemporaryDirectory() as room:
            result["cifar10n"] = measured(params, Path(room), chosen.keep, "cifar10n")
    if chosen.noise:
        with tempfile.TemporaryDirectory() as room:
            noise(chosen.noise, Path(room) / "noise")
            source = Folder(kind="folder", path=str(Path(room) / "noise"))
            params = load(ROOT / "params.yaml").model_copy(update={"source": source})
            result["noise"] = measured(params, Path(room), chosen.keep, "noise")
    text = json.dumps(result, indent=2)
    print(text)
    if chosen.json:
        files.write_text(chosen.json, text + "\n")


if __name__ == "__main__":
    main()
