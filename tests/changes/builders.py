"""Hand-made states of a data set, and repositories that hold them: Git's files, DVC's lock and its cache."""

import hashlib
import io
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from dataprep.changes.compared import Base, Compared, compare_states
from dataprep.changes.state import COLUMNS, State
from dataprep.schema import DECISIONS, ISSUES

BASE = Base("main", "0123456789abcdef0123456789abcdef01234567", "2026-01-31T12:00:00+00:00")
SIDE = 8
Row = dict[str, Any]


def table(name: str, rows: Sequence[Row]) -> pl.DataFrame:
    contract, columns = COLUMNS[name]
    schema = {column: contract.columns[column] for column in columns}
    key = [column for column in contract.key if column in columns]
    return pl.DataFrame([{**dict.fromkeys(columns), **row} for row in rows], schema=schema).sort(key)


def image(name: str, label: str | None = "cat", split: str = "train", content: str | None = None) -> Row:
    return {"image_id": name, "sha256": content or f"sha of {name}", "label": label, "split": split}


def finding(name: str, issue: str, score: float = 0.5, **more: Any) -> Row:
    return {"image_id": name, "issue": issue, "score": score, "is_issue": True, **more}


def decisions(*rows: tuple[str, str, str | None, str]) -> pl.DataFrame:
    """Return DECISIONS of (image_id, verdict, label, reviewer)."""
    names = ("image_id", "verdict", "label", "reviewer")
    return pl.DataFrame([dict(zip(names, row, strict=True)) for row in rows], schema=DECISIONS.columns)


def state(
    images: Sequence[Row],
    *,
    findings: Sequence[Row] = (),
    dropped: dict[str, tuple[str, str]] | None = None,
    relabeled: dict[str, tuple[str, str]] | None = None,
    decided: pl.DataFrame | None = None,
    params: Row | None = None,
    metrics: Row | None = None,
) -> State:
    """Return what a run over `images` leaves. dropped: reason and who by image; relabeled: new label and who."""
    dropped, relabeled = dropped or {}, relabeled or {}
    kept, removed = [], []
    for row in images:
        given = {
            "image_id": row["image_id"],
            "sha256": row["sha256"],
            "split": row["split"],
            "given_label": row["label"],
        }
        if row["image_id"] in dropped:
            reason, who = dropped[row["image_id"]]
            removed.append(given | {"reason": reason, "decided_by": who})
        else:
            label, who = relabeled.get(row["image_id"], (row["label"], None))
            kept.append(given | {"label": label, "decided_by": who, "reason": who and "decision relabel"})
    pixels = pixels_of(len(images))
    counts: dict[str, int] = {}
    for row in findings:
        counts[row["issue"]] = counts.get(row["issue"], 0) + 1
    version = hashlib.sha256(repr((kept, removed)).encode()).hexdigest()[:12]
    numbers = {
        "images": len(images),
        "kept": len(kept),
        "removed": len(removed),
        "issues": counts,
        "version": version,
    }
    return State(
        metrics=numbers | (metrics or {}),
        record={"version": version, "images": len(kept)},
        params=params or {"seed": 0},
        decisions=DECISIONS.empty() if decided is None else decided,
        images=table("images", images),
        kept=table("kept", kept),
        removed=table("removed", removed),
        issues=table("issues", findings),
        pixels=lambda: io.BytesIO(pixels),
    )


def pixels_of(count: int) -> bytes:
    """Return a .npy file of `count` pictures, each of one gray of its own."""
    stream = io.BytesIO()
    rows = np.arange(count, dtype=np.uint8)[:, None, None, None]
    np.save(stream, np.broadcast_to(rows, (count, SIDE, SIDE, 3)))
    return stream.getvalue()


def compared(old: State, new: State, **more: Any) -> Compared:
    return replace(compare_states(BASE, old, new, [], []), **more)


def git(root: Path, *words: str) -> str:
    environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull}
    for key in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{key}_NAME": "Ada", f"GIT_{key}_EMAIL": "ada@example.org"}
    done = subprocess.run(["git", *words], cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def repository(folder: Path) -> Path:
    """Return a new repository of Git and DVC without a commit."""
    root = folder / "a repository"
    (root / ".dvc").mkdir(parents=True)
    (root / ".dvc/config").write_text(f"[core]\n    analytics = false\n    site_cache_dir = {folder}/site\n")
    (root / ".gitignore").write_text("/data/\n/reports/pull-request/\n.dvc/cache/\n.dvc/tmp/\n")
    git(root, "init", "-q", "-b", "main")
    return root


def lay(root: Path, made: State, *, cached: bool = True) -> None:
    """Write a state as `dvc repro` leaves it: records, tables, the lock, and the tables in DVC's cache."""
    records = {"reports/metrics.json": made.metrics, "reports/dataset.json": made.record}
    for path, values in records.items():
        _write(root / path, json.dumps(values).encode())
    _write(root / "params.yaml", yaml.safe_dump(made.params).encode())
    assert made.decisions is not None and made.issues is not None and made.pixels is not None
    _write(root / "reviews/decisions.csv", made.decisions.write_csv().encode())
    tables = {"images": made.images, "kept": made.kept, "removed": made.removed}
    parts = {f"data/{name}.parquet": frame for name, frame in tables.items()}
    issues = made.issues.with_columns(
        pl.col(name).cast(dtype) for name, dtype in ISSUES.columns.items() if name in made.issues.columns
    )
    parts["data/issues/all.parquet"] = issues
    outs = []
    for path, frame in parts.items():
        assert frame is not None
        stream = io.BytesIO()
        frame.write_parquet(stream)
        outs.append(_out(root, path, stream.getvalue(), cached))
    outs.append(_out(root, "data/pixels.npy", made.pixels().read(), cached))
    lock = {"schema": "2.0", "stages": {"make": {"cmd": "make", "params": {"params.yaml": made.params}, "outs": outs}}}
    _write(root / "dvc.lock", yaml.safe_dump(lock).encode())
    stage = {"cmd": "make", "outs": [out["path"] for out in outs]}
    _write(root / "dvc.yaml", yaml.safe_dump({"stages": {"make": stage}}).encode())


def commit(root: Path, message: str) -> str:
    git(root, "add", ".")
    git(root, "commit", "-qm", message)
    return git(root, "rev-parse", "HEAD").strip()


def _out(root: Path, path: str, data: bytes, cached: bool) -> Row:
    _write(root / path, data)
    digest = hashlib.md5(data).hexdigest()
    if cached:
        _write(root / ".dvc/cache/files/md5" / digest[:2] / digest[2:], data)
    return {"path": path, "hash": "md5", "md5": digest, "size": len(data)}


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
