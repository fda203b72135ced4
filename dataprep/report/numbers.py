"""The numbers of the report: counts, shares and accuracy, for people and for `dvc metrics`."""

from typing import Any

import polars as pl

from dataprep.report import calibration, planted
from dataprep.report.assessment import Assessment, assess
from dataprep.report.facts import relabeled
from dataprep.report.inputs import Inputs
from dataprep.report.outlook import FACTORS, outlook
from dataprep.schema import class_names
from dataprep.wording import health_wording

DIGITS = 6  # decimals of every share, so that files don't change over rounding


def accuracy(judgments: pl.DataFrame) -> float | None:
    """Return the share of rows of `Facts.judged` whose prediction is the given label; None without rows."""
    if not judgments.height:
        return None
    return judgments.filter(pl.col("given") == pl.col("predicted")).height / judgments.height


def issue_counts(issues: pl.DataFrame) -> dict[str, int]:
    """Return the number of flagged images of each kind, kinds that flagged none included."""
    counts = issues.group_by("issue").agg(pl.col("is_issue").sum().cast(pl.Int64)).sort("issue")
    return dict(counts.iter_rows())


def counts_by(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Return how often each combination of `columns` occurs, as `images`, the most frequent first."""
    counted = frame.group_by(columns).agg(pl.len().cast(pl.Int64).alias("images"))
    return counted.sort("images", *columns, descending=[True] + [False] * len(columns), nulls_last=True)


def planted_scores(inputs: Inputs) -> pl.DataFrame | None:
    """Return `planted.score` of the built-in data; None for other sources and when nothing was planted."""
    if inputs.faults is None or not inputs.faults.height:
        return None
    return planted.score(inputs.faults, inputs.issues)


def metrics(inputs: Inputs, assessment: Assessment | None = None) -> dict[str, Any]:
    """Return the report's numbers as nested dicts; what cannot be said, such as 0 of 0, is left out."""
    found = assess(inputs) if assessment is None else assessment
    judgments = found.facts.judged
    correct = accuracy(judgments)
    scores = planted_scores(inputs)
    flagged = inputs.issues.filter("is_issue")
    values: dict[str, Any] = {
        "version": str(inputs.manifest["version"]),
        "images": inputs.images.height,
        "classes": len(class_names(inputs.images)),
        "splits": dict(sorted(inputs.images["split"].value_counts().iter_rows())),
        "unlabeled": inputs.images["label"].null_count(),
        "unreadable": inputs.measurements["unreadable"].count(),
        "skipped_files": inputs.skipped.height,
        "judged": judgments.height,
        "flagged": flagged["image_id"].n_unique(),
        "issues": issue_counts(inputs.issues),
        "kept": inputs.kept.height,
        "removed": inputs.removed.height,
        "relabeled": relabeled(inputs.kept).height,
        "augmented": inputs.augmented_index.height,
        "augmented_left_out": inputs.left_out.height,
        "written": int(inputs.manifest["images"]),
    }
    values |= found.metrics()
    values["training_checks"] = dict(inputs.checks["status"].value_counts().sort("status").iter_rows())
    if curve := _learning_curve(inputs):
        values["learning_curve"] = curve
    if inputs.correlations.height:
        values["spurious_correlations"] = _correlations(inputs.correlations)
    if inputs.audit.height:
        values["augmentation_changes"] = _changed_classes(inputs.audit)
    if correct is not None:
        values["out_of_fold_accuracy"] = round(correct, DIGITS)
        error = calibration.expected_error(calibration.bins(found.facts.judged))
        values["expected_calibration_error"] = round(error, DIGITS)
    if scores is not None:
        values["planted"] = {row["fault"]: _numbers(row) for row in scores.iter_rows(named=True)}
    return values


def _correlations(found: pl.DataFrame) -> dict[str, float]:
    """Return the highest strength of each flagged property, by name."""
    flagged = found.filter("spurious").group_by("property").agg(pl.col("strength").max().round(DIGITS))
    return dict(flagged.sort("property").iter_rows())


def _changed_classes(audit: pl.DataFrame) -> dict[str, int]:
    """Return how many classes each operation in use changes; operations that change none are left out."""
    found = audit.filter(pl.col("changes") & pl.col("in_use"))
    return dict(found.group_by("operation").agg(pl.col("label").n_unique()).sort("operation").iter_rows())


def _learning_curve(inputs: Inputs) -> dict[str, float]:
    """Return the accuracy after training on so many images, and with 2 and 10 times as many; empty without a curve."""
    found = outlook(inputs)
    if found is None:
        return {}
    values = {"images": found.images, "accuracy": round(found.accuracy, DIGITS)}
    for factor in FACTORS:
        expected = found.expected(factor)
        if expected is not None:
            values[f"accuracy_with_{factor}_times"] = round(expected[0], DIGITS)
    return values


def _numbers(row: dict[str, Any]) -> dict[str, float]:
    wanted = ("planted", "found", "recall", "flagged", "precision")
    return {name: round(row[name], DIGITS) for name in wanted if row[name] is not None}


def plot_tables(inputs: Inputs, assessment: Assessment | None = None) -> dict[str, pl.DataFrame]:
    """Return the data of the DVC plots by file name.

    class_balance.csv: split, label, images (as they came). confusion.csv: given, predicted, a row per
    judged image. issues.csv: issue, images. coverage.csv: COVERAGE. calibration.csv: `calibration.bins`. health.csv:
    kind, value, low and high of the written data set, and before (value of what came in); value is before where it
    cannot be told of what was written.
    """
    found = assess(inputs) if assessment is None else assessment
    balance = inputs.images.group_by("split", "label").agg(pl.len().cast(pl.Int64).alias("images"))
    counts = issue_counts(inputs.issues)
    return {
        "calibration.csv": calibration.bins(found.facts.judged).with_columns(pl.col(pl.Float64).round(DIGITS)),
        "class_balance.csv": balance.sort("split", "label"),
        "confusion.csv": found.facts.judged.select("given", "predicted").sort("given", "predicted"),
        "coverage.csv": inputs.coverage,
        "health.csv": _health(found),
        "issues.csv": pl.DataFrame(
            {"issue": list(counts), "images": list(counts.values())},
            schema={"issue": pl.String, "images": pl.Int64},
        ),
    }


def _health(found: Assessment) -> pl.DataFrame:
    rows = []
    for name in found.before | found.written:
        last, first = found.written.get(name), found.before.get(name)
        share = (last or found.before[name]).share
        before = None if first is None else first.share.value
        rows.append((health_wording(name).title, share.value, share.low, share.high, before))
    columns = {"kind": pl.String} | dict.fromkeys(("value", "low", "high", "before"), pl.Float64)
    return pl.DataFrame(rows, schema=columns, orient="row").with_columns(pl.col(pl.Float64).round(DIGITS))
