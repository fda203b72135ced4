"""A repository with a remote and three revisions that were really run: main, a branch, and its second push."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from dataprep.environment import variables
from dataprep.schema import DECISIONS
from tests.test_pipeline import SMALL, copy_repository, repro, set_params, stages_run

IMAGES = 200
ADDED = 10
VERDICTS = ["drop"] * 9 + ["keep"] * 8 + ["relabel"] * 3
THRESHOLD = ("detectors.odd_pixels.entropy_bits", 0.5, 0.6)
# Predictions of one's own: the pipeline is run three times, and its training has tests of its own.
PARAMS: dict[str, object] = SMALL | {
    "source": {"kind": "folder", "path": "photos"},
    THRESHOLD[0]: THRESHOLD[1],
    "predictions.kind": "file",
    "write.formats": ["parquet"],
    "write.tensors": "none",
    "normalize.onnx": "never",
    "augment.copies": 0,
}


@dataclass(frozen=True)
class Scene:
    """main, branch, later: clones at the revisions, with results. remote: bare, has main."""

    main: Path
    branch: Path
    later: Path
    remote: Path


def git(folder: Path, *words: str) -> str:
    people = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    command = ["git", *people, *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def dvc(folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", "dvc", *words]
    environment = os.environ | {"DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(folder: Path) -> Scene:
    """Run the three revisions side by side, with one DVC cache, and commit each with its results."""
    remote, names = folder / "remote.git", ("main", "branch", "later")
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    first = copy_repository(folder / "main")
    set_params(first, PARAMS)
    _photos(first, range(IMAGES))
    _commit(first, "Images")
    git(first, "branch", "--move", "--force", "main")
    git(first, "remote", "add", "origin", str(remote))
    git(first, "push", "--quiet", "origin", "main")
    roots = [first, *(folder / name for name in names[1:])]
    for root, added in zip(roots, (0, ADDED, ADDED + 1), strict=True):
        if root != first:
            git(folder, "clone", "--quiet", str(remote), str(root))
            set_params(root, {THRESHOLD[0]: THRESHOLD[2]})
            _photos(root, range(IMAGES, IMAGES + added), red=True)
            (root / "reviews/decisions.csv").write_text(decisions())
        _predict(root, IMAGES + added)
        dvc(root, "config", "--local", "cache.dir", str(folder / "cache"))
    with variables({"OMP_NUM_THREADS": "1"}), ThreadPoolExecutor(len(roots)) as pool:
        assert all(stages_run(done) for done in pool.map(lambda root: repro(root, "report"), roots))
    for before, root in zip([None, *roots], roots, strict=False):
        if before:
            git(root, "fetch", "--quiet", str(before), "HEAD")
            git(root, "reset", "--quiet", "--soft", "FETCH_HEAD")
        _commit(root, f"Results of {root.name}")
        git(root, "push", "--quiet", "origin", f"HEAD:{root.name}")
        git(root, "fetch", "--quiet", "origin")
    return Scene(*roots, remote)


def name(number: int) -> str:
    split = "train" if number % 4 else "test"
    return f"{split}/{_digits().target[number]}/scan-{number:04}.png"


def decisions() -> str:
    """Ada's decisions about the first images, as decisions.csv has them."""
    lines = [",".join(DECISIONS.columns)]
    for number, verdict in enumerate(VERDICTS):
        label = str((int(_digits().target[number]) + 1) % 10) if verdict == "relabel" else ""
        values = {"image_id": name(number), "verdict": verdict, "label": label, "reviewer": "Ada", "note": "looked at"}
        lines.append(",".join(values.get(column, "") for column in DECISIONS.columns))
    return "\n".join(lines) + "\n"


def _commit(root: Path, message: str) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)


@cache
def _digits() -> Any:
    return load_digits()


def _photos(root: Path, numbers: range, *, red: bool = False) -> None:
    """Write scans as PNG, the red ones to be known again in a picture of many."""
    for number in numbers:
        gray = np.kron(_digits().images[number] * 15.9, np.ones((3, 3))).astype(np.uint8)
        channels = (255 - gray // 3, gray // 3, gray // 3) if red else (gray, gray, gray)
        path = root / "photos" / name(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.stack(channels, axis=2)).save(path)


def _predict(root: Path, count: int) -> None:
    """Write predictions of a model that saw other scans only."""
    pixels, labels = _digits().data / 16, _digits().target
    model = LogisticRegression(max_iter=100).fit(pixels[1000:], labels[1000:])
    names = [str(value) for value in model.classes_]
    table = pl.DataFrame(model.predict_proba(pixels[:count]), schema=[f"probability:{value}" for value in names])
    table = table.with_columns(image_id=pl.Series([name(n) for n in range(count)]), embedding=pl.Series(pixels[:count]))
    table.write_parquet(root / "reviews/predictions/mine.parquet")
