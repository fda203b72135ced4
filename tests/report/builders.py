"""A small fake data set for the report: 60 images, three classes, with names made to break documents."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from dataprep import config
from dataprep.report.inputs import Inputs
from dataprep.schema import (
    ANNOTATORS,
    AUGMENTED,
    CHECKS,
    CLASS_PAIRS,
    CONSENSUS,
    COVERAGE,
    DECISIONS,
    FAULTS,
    FOLDS,
    HISTORY,
    KEPT,
    LEARNING_CURVE,
    PREDICTIONS,
    REMOVED,
    SKIPPED,
    SPURIOUS_CORRELATIONS,
    SUBCLASSES,
    WATCHED,
    class_names,
)
from tests import frames
from tests.closure import ROOT
from tests.report.augmentation import audit, left_out

COUNT = 60
SIDE = 8
HOSTILE = "a|b `x` *y*\n# [link](z) <img> $m$ \u202e猫 @me"
GCN = {"step": "gcn", "s": 1.0, "regularizer": 0.0, "floor": 1e-8}
LABELS = ("cat", "_dog_", HOSTILE)


def usual_error(images: int) -> float:
    """The power law that the fake learning curve follows."""
    return float(2 * images**-0.5 + 0.02)


def inputs(**changes: Any) -> Inputs:
    """Return Inputs of 60 images; keyword arguments replace whole fields."""
    numbers = np.random.default_rng(0)
    ids = [f"train/{HOSTILE if i == 7 else 'x'}/{i:03d}.png" for i in range(COUNT)]
    rows = [
        {"image_id": name, "label": LABELS[i % 3], "split": "test" if i >= 48 else "train"}
        for i, name in enumerate(ids)
    ]
    images = frames.images(rows)
    ids = images["image_id"].to_list()
    measured = [{"image_id": name} | ({"unreadable": "empty | file"} if i == 0 else {}) for i, name in enumerate(ids)]
    kept = _kept(images)
    index = [(name, copy) for name in kept["image_id"][:9] for copy in (1, 2)]
    fields: dict[str, Any] = {
        "images": images,
        "skipped": pl.DataFrame([("no|te.txt", "not an image")], schema=SKIPPED.columns, orient="row"),
        "measurements": frames.measurements(measured),
        "issues": _issues(ids),
        "folds": _folds(images),
        "predictions": _predictions(images, numbers),
        "history": _history(),
        "watched": _watched(images),
        "checks": _checks(),
        "check_arrays": _check_arrays(numbers),
        "learning_curve": learning_curve(),
        "correlations": correlations(),
        "class_pairs": class_pairs(),
        "coverage": coverage(),
        "subclasses": subclasses(ids),
        "consensus": pl.DataFrame(schema=CONSENSUS.columns),
        "annotators": pl.DataFrame(schema=ANNOTATORS.columns),
        "kept": kept,
        "removed": _removed(images),
        "decisions": pl.DataFrame(schema=DECISIONS.columns),
        "faults": _faults(ids),
        "pixels": numbers.integers(0, 256, (COUNT, SIDE, SIDE, 3), dtype=np.uint8),
        "normalization": {"scale": "[0, 1]", "channels": 3, "height": SIDE, "width": SIDE, "steps": [GCN]},
        "normalized": numbers.standard_normal((kept.height, 3, SIDE, SIDE)).astype(np.float32),
        "augmented": numbers.standard_normal((len(index), 3, SIDE, SIDE)).astype(np.float32),
        "augmented_index": _augmented_index(index),
        "left_out": left_out([], []),
        "left_out_pixels": np.zeros((0, SIDE, SIDE, 3), np.uint8),
        "audit": audit(LABELS, ids, {}),
        "audit_examples": np.zeros((0, SIDE, SIDE, 3), np.uint8),
        "manifest": {
            "version": "abc123",
            "images": 55,
            "splits": {"train": 43, "test": 12},
            "shards": ["a.tar"],
        },
        "params": config.load(ROOT / "params.yaml"),
    }
    return Inputs(**(fields | changes))


def _augmented_index(index: list[tuple[str, int]]) -> pl.DataFrame:
    rows = [{"image_id": image_id, "copy": copy, "partner_share": 0.0} for image_id, copy in index]
    return pl.DataFrame(rows, schema=AUGMENTED.columns)


def _issues(ids: list[str]) -> pl.DataFrame:
    def flagged(*rows: int, **values: Any) -> list[dict[str, Any]]:
        return [{"image_id": ids[row], "is_issue": True, "score": row / 100} | values for row in rows]

    kinds = {
        "unreadable": flagged(0, note="empty | file"),
        "exact_duplicate": flagged(1, 2, group=1),
        "near_duplicate": [*flagged(3, 4, group=1), *flagged(5, 6, 7, group=2)],
        "label_error": flagged(8, 9, suggested_label=HOSTILE),
        "outlier": flagged(10),
        "blurry": [{"image_id": ids[11], "is_issue": False}],
        "strange_color": flagged(12),
    }
    return pl.concat([frames.issues(kind, rows) for kind, rows in kinds.items()])


def _folds(images: pl.DataFrame) -> pl.DataFrame:
    rows = [
        (name, label, None if i in (0, 13) else i % 2, {0: "unreadable", 13: "class too | small"}.get(i))
        for i, (name, label) in enumerate(images["image_id", "label"].iter_rows())
    ]
    return pl.DataFrame(rows, schema=FOLDS.columns, orient="row")


def _predictions(images: pl.DataFrame, numbers: np.random.Generator) -> pl.DataFrame:
    """Rows 8 and 9 are predicted as another class than given, all other rows as given."""
    names = class_names(images)
    wanted = [names.index(label) for label in images["label"]]
    for row in (8, 9):
        wanted[row] = (wanted[row] + 1) % len(names)
    probabilities = np.full((COUNT, len(names)), 0.1, np.float32)
    probabilities[np.arange(COUNT), wanted] = 0.8
    frame = pl.DataFrame(
        {
            "image_id": images["image_id"],
            "label": images["label"],
            "fold": pl.Series([None if i in (0, 13) else i % 2 for i in range(COUNT)], dtype=pl.Int32),
            "probabilities": pl.Series(probabilities, dtype=pl.Array(pl.Float32, len(names))),
            "joint_logits": pl.Series(np.log(probabilities), dtype=pl.Array(pl.Float32, len(names))),
            "embedding": pl.Series(numbers.random((COUNT, 4), np.float32), dtype=pl.Array(pl.Float32, 4)),
        }
    )
    return frame[1:].select(list(PREDICTIONS.columns))


def _history() -> pl.DataFrame:
    rows = [
        (fold, 0, epoch, 2.0 / (epoch + 1) + fold, 2.5 / (epoch + 1), 0.5 + epoch / 10)
        for fold in (0, 1)
        for epoch in range(4)
    ]
    return pl.DataFrame(rows, schema=HISTORY.columns, orient="row")


def _watched(images: pl.DataFrame) -> pl.DataFrame:
    rows = [(name, epoch, [0.5, 0.3, 0.2]) for name in images["image_id"][2:8] for epoch in range(4)]
    return pl.DataFrame(rows, schema=WATCHED.columns | {"probabilities": pl.Array(pl.Float32, 3)}, orient="row")


def _checks() -> pl.DataFrame:
    rows = [
        ("initial_loss", "passes", 0.0, "loss 1.1, entropy 1.1", "within 5 % passes", "set the bias"),
        ("capacity", "warns", 1.05, "1.05 times | the usual", "lower passes", "lower train.learning_rate"),
        ("repeatable", "fails", 0.0, "different weights", "equal bytes pass", "find what draws without a seed"),
        ("isolated", "left out", None, "no network", "needs a network", None),
    ]
    return pl.DataFrame(rows, schema=CHECKS.columns, orient="row").sort("check")


def _check_arrays(numbers: np.random.Generator) -> dict[str, Any]:
    shapes = {"inputs": (6, 3, SIDE, SIDE), "filters": (24, 3, 2, 2), "ratios": (20, 6)}
    arrays = {name: numbers.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    shares = {"activations": (4, 60), "gradients": (6, 60)}
    arrays |= {name: numbers.random(shape).astype(np.float32) for name, shape in shares.items()}
    arrays["ratios"] = np.abs(arrays["ratios"]) / 10
    return arrays | {"input_labels": np.array([0, 1, 2, 0, 1, 2], np.float32)}


def learning_curve(labels: Sequence[str] = LABELS, law: Callable[[int], float] = usual_error) -> pl.DataFrame:
    """Return LEARNING_CURVE of five sizes, two repeats and 300 images judged per class, as wrong as `law` says."""
    rows: list[tuple[int, int, str | None, int, float]] = []
    for images in (100, 178, 316, 562, 1000):
        wrong = [min(300, round(300 * law(images) * (1 + number / 10))) for number in range(len(labels))]
        for repeat in (0, 1):
            judged = 300 * len(labels)
            rows.append((images, repeat, None, judged, 1 - sum(wrong) / judged))
            rows += [(images, repeat, name, 300, 1 - n / 300) for name, n in zip(labels, wrong, strict=True)]
    return pl.DataFrame(rows, schema=LEARNING_CURVE.columns, orient="row").sort(LEARNING_CURVE.key)


def correlations(labels: Sequence[str] = LABELS, **flagged: float) -> pl.DataFrame:
    """Return SPURIOUS_CORRELATIONS of format and border_brightness; keywords: strength of the third class, flagged."""
    rows: list[tuple[Any, ...]] = []
    for name, kind, category in (("format", "file", "PNG"), ("border_brightness", "background", None)):
        strength, spurious = flagged.get(name, 0.1), name in flagged
        rows.append((name, None, kind, 57, strength / 2, 0.1, False, None, None, None, None))
        for label in labels:
            own = strength if label == labels[-1] else 0.05
            words = (None if category else 0.8, category, 0.9, 0.25)
            rows.append((name, label, kind, 19, own, 0.2, spurious and label == labels[-1], *words))
    return pl.DataFrame(rows, schema=SPURIOUS_CORRELATIONS.columns, orient="row").sort(SPURIOUS_CORRELATIONS.key)


def class_pairs(labels: Sequence[str] = LABELS, merge: bool = False) -> pl.DataFrame:
    """Return CLASS_PAIRS of 20 images per class, of which each other class's label is on one; the first two overlap."""
    rest = len(labels) - 1
    rows = []
    for given in labels:
        for right in labels:
            mixed = given != right and {given, right} == set(labels[:2])
            images = 1.0 if given != right else 20.0 - rest
            overlap = None if given == right else 0.9 if mixed else 0.0
            rows.append((given, right, images, images / 20, overlap, mixed, mixed and merge))
    return pl.DataFrame(rows, schema=CLASS_PAIRS.columns, orient="row").sort(CLASS_PAIRS.key)


def coverage() -> pl.DataFrame:
    """Return COVERAGE at twenty steps, falling from 1 to 0.9 and 0.8."""
    shares = [step / 20 for step in range(1, 21)]
    rows = [(part, 1 - part / 2, 1 - part / 5, 1 - part / 10) for part in shares]
    return pl.DataFrame(rows, schema=COVERAGE.columns, orient="row")


def subclasses(ids: list[str]) -> pl.DataFrame:
    """Return SUBCLASSES with the third class in two groups."""
    rows = [(HOSTILE, 0, 12, 0.6, 0.7, ids[2:26:3]), (HOSTILE, 1, 8, 0.4, 0.7, ids[26:50:3])]
    return pl.DataFrame(rows, schema=SUBCLASSES.columns, orient="row")


def _kept(images: pl.DataFrame) -> pl.DataFrame:
    """All but the first five; the first kept row is relabeled by a reviewer."""
    rows = images[5:].with_columns(pl.col("label").alias("given_label"))
    first = pl.int_range(pl.len()) == 0
    return rows.with_columns(
        label=pl.when(first).then(pl.lit("new | label")).otherwise("label"),
        reason=pl.when(first).then(pl.lit("decision: relabel")),
        decided_by=pl.when(first).then(pl.lit("Ann | Bob")),
        score=pl.lit(None, pl.Float32),
        decided_at=pl.when(first).then(pl.lit("2026-01-01T00:00:00Z")),
    ).select(list(KEPT.columns))


def _removed(images: pl.DataFrame) -> pl.DataFrame:
    rows = images[:5].with_columns(
        pl.col("label").alias("given_label"),
        reason=pl.lit("exact_duplicate: drop_extra"),
        decided_by=pl.lit("policy"),
        score=pl.lit(0.0, pl.Float32),
        decided_at=pl.lit(None, pl.String),
    )
    return rows.select(list(REMOVED.columns))


def _faults(ids: list[str]) -> pl.DataFrame:
    rows = [
        (ids[2], "exact_copy", ids[1], None),
        (ids[20], "exact_copy", ids[21], None),
        (ids[8], "swapped_label", None, "cat"),
        (ids[0], "unreadable_file", None, None),
    ]
    return pl.DataFrame(rows, schema=FAULTS.columns, orient="row")
