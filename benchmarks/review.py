"""A review of many samples: seconds to write the session, to open it, to show its first view, and to decide.

python -m benchmarks.review [--samples N] [--folder FOLDER] [--json FILE]

The samples are random 32 x 32 px pictures of ten classes with findings of five kinds. The App runs as people run it, in
a process of its own, and a headless Chromium looks at it.
"""

import argparse
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

from benchmarks import machine
from dataprep import config, files
from dataprep.decisions import journal
from dataprep.decisions.table import read_decisions, settle
from dataprep.review.session import write_session
from dataprep.schema import IMAGES, ISSUES, MEASUREMENTS

ROOT = Path(__file__).parent.parent
SIDE, CLASSES, PICTURES = 32, 10, 512
KINDS = {"label_error": 0.05, "outlier": 0.01, "exact_duplicate": 0.02, "near_duplicate": 0.04, "dark": 0.002}
DECISIONS = 5000
FIRST = "To review"  # once with the App's own code to load, and once more at the end
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SERVE = """
import sys
from pathlib import Path
from dataprep.review.app import open_app
session, state, decisions = map(Path, sys.argv[1:4])
open_app(session, port=int(sys.argv[4]), state=state, decisions=decisions, reviewer="benchmark")
"""


def pictures(random: np.random.Generator) -> list[bytes]:
    """Return PNG files of random pictures, which the samples share in turn."""
    found = []
    for _ in range(PICTURES):
        stream = io.BytesIO()
        coarse = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(stream, "PNG")
        found.append(stream.getvalue())
    return found


def tables(count: int, random: np.random.Generator, encoded: list[bytes]) -> tuple[pl.DataFrame, ...]:
    """Return IMAGES, MEASUREMENTS, PREDICTIONS and ISSUES of `count` samples."""
    names = [f"train/{n:07}.png" for n in range(count)]
    given = random.integers(0, CLASSES, count)
    logits = random.normal(0, 1, (count, CLASSES)) + 5 * np.eye(CLASSES)[given]
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    images = pl.DataFrame(
        {
            "image_id": names,
            "sha256": [files.sha256(encoded[n % PICTURES]) for n in range(count)],
            "bytes": [len(encoded[n % PICTURES]) for n in range(count)],
            "label": given.astype(str),
        }
    ).with_columns(
        format=pl.lit("PNG"),
        split=pl.lit("train"),
        **dict.fromkeys(("width", "height"), pl.lit(SIDE)),
        channels=pl.lit(3),
    )
    images = images.select(pl.col(name).cast(dtype) for name, dtype in IMAGES.columns.items())
    measured = pl.DataFrame({"image_id": names}).with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in MEASUREMENTS.columns.items() if name != "image_id"
    )
    predictions = pl.DataFrame({"image_id": names}).with_columns(
        probabilities=pl.Series(shares.astype(np.float32), dtype=pl.Array(pl.Float32, CLASSES)),
        joint_logits=pl.Series(np.log(shares).astype(np.float32), dtype=pl.Array(pl.Float32, CLASSES)),
    )
    return images, measured, predictions, pl.concat([_issues(kind, names, random) for kind in KINDS])


def _issues(kind: str, names: list[str], random: np.random.Generator) -> pl.DataFrame:
    count = len(names)
    score = random.random(count).astype(np.float32)
    flagged = score < KINDS[kind]
    grouped = kind.endswith("duplicate")
    number = np.cumsum(flagged) // 2
    rows = pl.DataFrame({"image_id": names, "score": score, "is_issue": flagged, "number": number}).with_columns(
        issue=pl.lit(kind),
        group=pl.when(pl.lit(grouped) & pl.col("is_issue")).then("number").cast(pl.UInt32),
        suggested_label=pl.when(pl.lit(kind == "label_error") & pl.col("is_issue")).then(pl.lit("7")),
        suggested_probability=pl.lit(0.9, pl.Float32),
        note=pl.when("is_issue").then(pl.lit("looks odd")),
    )
    return rows.select(pl.col(name).cast(dtype) for name, dtype in ISSUES.columns.items())


def served(session: Path, room: Path) -> tuple[subprocess.Popen[bytes], dict[str, str], float]:
    """Open the App; return its process, the addresses of the views and the seconds until it says that it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = room / "app.log"
    begun = time.perf_counter()
    command = [sys.executable, "-c", SERVE, session, room / "state", room / "reviews" / "decisions.csv", str(port)]
    with log.open("w") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream, env=os.environ | {"PYTHONPATH": str(ROOT)})
    while "Press Ctrl-C" not in log.read_text():
        if process.poll() is not None:
            raise SystemExit(f"error: the App ended\n{log.read_text()}")
        time.sleep(0.1)
    seconds = time.perf_counter() - begun
    lines = [line.strip().partition(": ") for line in log.read_text().splitlines() if "?view=" in line]
    return process, {name: address for name, _, address in lines}, seconds


def looked_at(addresses: dict[str, str], room: Path) -> dict[str, float]:
    """Return for each of some views the seconds from asking for its address until its first pictures show."""
    from playwright.sync_api import sync_playwright

    found = {}
    (room / "browser").mkdir(exist_ok=True)
    with sync_playwright() as tool:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        environment = os.environ | {"HOME": str(room / "browser")}
        browser = tool.chromium.launch(executable_path=CHROMIUM, args=arguments, env=environment)
        page = browser.new_page(viewport={"width": 1500, "height": 850})
        for name in (FIRST, "Label error", "Near duplicate", "All issues", FIRST):
            begun = time.perf_counter()
            page.goto(addresses[name])
            page.locator("[data-cy=looker]").nth(3).wait_for(timeout=120_000)
            found[f"{name}, again" if name in found else name] = time.perf_counter() - begun
        browser.close()
    return found


def decided(images: pl.DataFrame, path: Path) -> dict[str, float]:
    """Return the seconds of one more decision, and of telling which hold, where there are DECISIONS already."""
    rows = images.head(DECISIONS).select("image_id", "sha256", verdict=pl.lit("keep"), reviewer=pl.lit("Ada"))
    journal.record(path, rows.iter_rows(named=True), "Ada")
    with machine.timed() as one:
        journal.record(path, [{"image_id": images["image_id"][-1], "verdict": "drop", "reviewer": "Ada"}], "Ada")
    with machine.timed() as all_of_them:
        settle(images, [], read_decisions(path))
    return {"one decision": one.wall, "which hold": all_of_them.wall}


def measured(count: int, room: Path) -> dict[str, Any]:
    random = np.random.default_rng(0)
    encoded = pictures(random)
    images, measurements, predictions, issues = tables(count, random, encoded)
    with machine.timed() as written:
        write_session(
            images, measurements, predictions, issues, lambda name: encoded[int(name[6:13]) % PICTURES],
            config.Session(max_side=512, enough=0.01), room / "session", "benchmark", workers=2,
        )  # fmt: skip
    result: dict[str, Any] = {"samples": count, "written": written.wall, "cpu": written.cpu}
    for again in ("first opening", "later opening"):
        process, addresses, result[again] = served(room / "session", room)
        try:
            result[f"views, {again}"] = looked_at(addresses, room) if CHROMIUM else {}
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=120)
    return result | decided(images, room / "reviews" / "decisions.csv")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as room:
        result = machine.description("fiftyone", "polars") | measured(chosen.samples, Path(room))
    text = json.dumps(result, indent=2)
    print(text)
    if chosen.json:
        files.write_text(chosen.json, text + "\n")


if __name__ == "__main__":
    main()
