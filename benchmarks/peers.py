"""Other packages on the same images, each in a process of its own, by any interpreter that has them."""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks import peers_duplicates
from benchmarks.leaks import Listed, flagged, listed, ranked, sources

PEERS = {"phash": "imagededup PHash", "fastdup": "fastdup"}
CUTS = {"phash": {"distance 8": -8, "distance 10": -10}, "fastdup": {"cosine 0.9": 0.9}}
NOT_INSTALLED = 3


def peers(data: Path, python: str, chosen: tuple[str, ...] = tuple(PEERS)) -> tuple[dict[str, Any], dict[str, str]]:
    """Return each peer's ranking as in `leaks.leaks`, and for each that did not run why.

    The images are written as files first, which is not timed.
    """
    rows = sources(data)
    truth = listed(data, rows)
    found, left_out = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        row_of = _files(rows, Path(folder))
        for method in chosen:
            answer = _run(python, method, Path(folder))
            if isinstance(answer, str):
                left_out[PEERS[method]] = answer
            else:
                found[PEERS[method]] = _judged(answer, row_of, truth, CUTS[method])
    return found, left_out


def _files(rows: pl.DataFrame, folder: Path) -> dict[str, int]:
    """Write the images to the folder; return the row of each file's name."""
    row_of = {}
    for row, (image_id, data) in enumerate(rows.select("image_id", "bytes").iter_rows()):
        name = f"{row:06}{Path(image_id).suffix or '.jpg'}"
        (folder / name).write_bytes(data)
        row_of[name] = row
    return row_of


def _run(python: str, method: str, folder: Path) -> dict[str, Any] | str:
    """Return what the script writes, or why it wrote nothing."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "pairs.json"
        command = [python, peers_duplicates.__file__, method, str(folder), str(out)]
        # fastdup prints a bar for each image
        ended = subprocess.run(command, cwd=scratch, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if ended.returncode == NOT_INSTALLED:
            return ended.stderr.strip().splitlines()[-1]
        if ended.returncode or not out.exists():
            return f"ended with status {ended.returncode}: {ended.stderr.strip()[-500:]}"
        return json.loads(out.read_text())


def _judged(answer: dict[str, Any], row_of: dict[str, int], truth: Listed, cuts: dict[str, float]) -> dict[str, Any]:
    left = np.array([row_of[one] for one, _, _ in answer["pairs"]], np.int64)
    right = np.array([row_of[other] for _, other, _ in answer["pairs"]], np.int64)
    score = np.array([score for _, _, score in answer["pairs"]], np.float32)
    across = truth.across(left, right)
    true = truth.true(left, right) & across
    return ranked((left, right, score), truth) | {
        "version": answer["version"],
        "wall_seconds": sum(answer["seconds"].values()),
        "steps": answer["seconds"],
        "peak_bytes": answer["peak_bytes"],
        "flagged": {name: flagged(true[across & (score >= cut)], len(truth.pairs)) for name, cut in cuts.items()},
    }
