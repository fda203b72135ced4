"""How well wrong labels are found, ranked and corrected, beside cleanlab on the same predictions.

python -m benchmarks.label_errors --data FOLDER --labels COLUMN [--truth COLUMN] [--seeds N] [--json FILE]
python -m benchmarks.label_errors --data FOLDER --labels COLUMN --verdicts verdicts.csv [--seeds N] [--json FILE]

FOLDER holds train.parquet in the Hugging Face image layout. A label is wrong where COLUMN differs from the truth column
(default label_clean). Columns annotator_1, annotator_2, ... are several people's labels: their consensus is compared
with their majority vote. With --verdicts, a table of test_index and given_label_error, test.parquet is judged as
well, and only its images named there count.
"""

import argparse
import json
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks import machine
from benchmarks.figures import spread
from benchmarks.prepare import Prepared, photographs, predicted, prepare
from dataprep import annotators, detectors
from dataprep.config import LabelErrors, Params
from dataprep.schema import annotator_columns, class_names

OURS = "dataprep"
FILTERS = ("prune_by_noise_rate", "prune_by_class", "both", "confident_learning", "predicted_neq_given")
SCORES = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")


@dataclass(frozen=True)
class Truth:
    """ids: (n,) image_ids that count, sorted. wrong: (n,) bool. right: (n,) class numbers, -1 where not known."""

    ids: list[str]
    wrong: NDArray[np.bool_]
    right: NDArray[np.int64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--labels", required=True)
    parser.add_argument("--truth", default="label_clean")
    parser.add_argument("--verdicts", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(source(chosen.data, chosen.labels, chosen.verdicts), chosen.truth, Path(folder))
        truth = judged_by_people(chosen.data, chosen.verdicts) if chosen.verdicts else judged_by_column(prepared)
        if not truth.wrong.any() or truth.wrong.all():
            raise SystemExit(f"error: {truth.wrong.sum()} of {len(truth.ids)} labels are wrong: nothing to find")
        runs = []
        for seed in range(chosen.seeds):
            runs.append(one_seed(prepared, truth, seed, Path(folder) / "scratch"))
            print(f"seed {seed}: {runs[-1]['rankings'][OURS]} {runs[-1]['flagged'].get(OURS)}", flush=True)
    values = summary(runs) | {
        "labels": chosen.labels,
        "truth": str(chosen.verdicts or chosen.truth),
        "seeds": chosen.seeds,
        "images": prepared.images.height,
        "judged": len(truth.ids),
        "wrong": int(truth.wrong.sum()),
        "machine": machine.description("torch", "dataprep", "polars", "cleanlab"),
    }
    print(table(values))
    if chosen.json:
        chosen.json.write_text(json.dumps(values, indent=2) + "\n")


def source(data: Path, labels: str, verdicts: Path | None) -> Params:
    """Return the parameters with the data as source, annotators included where all files have the same."""
    params = photographs(("train.parquet", "test.parquet") if verdicts else ("train.parquet",), data, labels)
    people = [name for name in pl.read_parquet_schema(data / "train.parquet") if name.startswith("annotator_")]
    chosen = params.source.model_copy(update={"annotators": () if verdicts else tuple(people)})
    return params.model_copy(update={"source": chosen})


def judged_by_column(prepared: Prepared) -> Truth:
    names = class_names(prepared.images)
    labels = np.array([names.index(label) for label in prepared.images["label"]])
    return Truth(prepared.images["image_id"].to_list(), labels != prepared.truth, prepared.truth)


def judged_by_people(data: Path, verdicts: Path) -> Truth:
    test = pl.read_parquet(data / "test.parquet").select(
        pl.col("image").struct.field("path").alias("image_id"), pl.col("index").cast(pl.Int64).alias("test_index")
    )
    found = pl.read_csv(verdicts).join(test, on="test_index").sort("image_id")
    wrong = found["given_label_error"].cast(pl.String).str.to_lowercase() == "true"
    return Truth(found["image_id"].to_list(), wrong.to_numpy(), np.full(found.height, -1))


def one_seed(prepared: Prepared, truth: Truth, seed: int, scratch: Path) -> dict[str, Any]:
    """Return what each ranking and each filter finds, and the seconds of training and of detection."""
    params = prepared.params.detectors.label_errors
    with machine.timed() as trained:
        predictions = predicted(prepared, seed, scratch / str(seed))
    with machine.timed() as detected:
        issues = _detect(prepared, predictions, params)
    rankings, flagged = {OURS: ranking(issues, truth)}, {OURS: found(issues, truth)}
    for score in SCORES:
        rankings[f"cleanlab {score}"] = ranking(
            _detect(prepared, predictions, params.model_copy(update={"rank_by": score})), truth
        )
    for rule in FILTERS:
        flagged[f"cleanlab {rule}"] = found(
            _detect(prepared, predictions, params.model_copy(update={"filter_by": rule})), truth
        )
    return {
        "rankings": rankings,
        "flagged": flagged,
        "suggested_right": suggested_right(issues, truth, class_names(prepared.images)),
        "oof_accuracy": accuracy(predictions, prepared),
        "consensus": consensus(prepared, predictions),
        "training": vars(trained),
        "detection": vars(detected),
    }


def _detect(prepared: Prepared, predictions: pl.DataFrame, params: LabelErrors) -> pl.DataFrame:
    issues = detectors.load("label_errors")(prepared.images, predictions, params)
    return issues.filter(issue="label_error").sort("image_id")


def ranking(issues: pl.DataFrame, truth: Truth) -> dict[str, float]:
    """Return AUROC, average precision and the best F1 of any cut of the scores, lowest first."""
    suspicion = -_of(issues, truth)["score"].to_numpy().astype(np.float64)
    hits = np.cumsum(truth.wrong[np.argsort(-suspicion, kind="stable")])
    return {
        "auroc": float(roc_auc_score(truth.wrong, suspicion)),
        "ap": float(average_precision_score(truth.wrong, suspicion)),
        "best_f1": float((2 * hits / (np.arange(1, len(hits) + 1) + truth.wrong.sum())).max()),
    }


def found(issues: pl.DataFrame, truth: Truth) -> dict[str, float]:
    """Return the number of flagged labels, and their precision, recall and F1."""
    flagged = _of(issues, truth)["is_issue"].to_numpy()
    hits, count, wrong = int((flagged & truth.wrong).sum()), int(flagged.sum()), int(truth.wrong.sum())
    return {
        "flagged": count,
        "precision": hits / max(count, 1),
        "recall": hits / wrong,
        "f1": 2 * hits / (count + wrong),
    }


def suggested_right(issues: pl.DataFrame, truth: Truth, names: list[str]) -> float | None:
    """Return the share of wrong labels among the flagged whose suggested label is the right one."""
    rows = _of(issues, truth)
    hit = rows["is_issue"].to_numpy() & truth.wrong & (truth.right >= 0)
    if not hit.any():
        return None
    suggested = np.array([names.index(name) for name in rows["suggested_label"].filter(pl.Series(hit))])
    return float((suggested == truth.right[hit]).mean())


def _of(issues: pl.DataFrame, truth: Truth) -> pl.DataFrame:
    rows = issues.filter(pl.col("image_id").is_in(truth.ids))
    if rows["image_id"].to_list() != truth.ids:
        raise SystemExit("error: the truth names images that the data does not have")
    return rows


def accuracy(predictions: pl.DataFrame, prepared: Prepared) -> float:
    """Return the share of held-out images whose most probable class is the right one."""
    rows = predictions.drop_nulls("fold")
    at = np.searchsorted(prepared.images["image_id"].to_numpy(), rows["image_id"].to_numpy())
    return float((rows["probabilities"].to_numpy().argmax(1) == prepared.truth[at]).mean())


def consensus(prepared: Prepared, predictions: pl.DataFrame) -> dict[str, int] | None:
    """Return the number of wrong labels of our consensus, of it without networks, and of the majority vote.

    Where several labels have most votes, the majority vote is one of them drawn at random (seed 0).
    """
    columns = annotator_columns(prepared.images)
    if not columns:
        return None
    names = class_names(prepared.images)

    def errors(given: pl.DataFrame) -> int:
        labels = annotators.judge(prepared.images, given)[0]["label"]
        numbers = [names.index(label) if label is not None else -1 for label in labels]
        return int((np.array(numbers) != prepared.truth).sum())

    votes = annotators.read_votes(prepared.images, sorted(columns), names)
    counts = np.stack([(votes == number).sum(1) for number in range(len(names))], axis=1)
    draws = np.random.default_rng(0).random(counts.shape)
    majority = np.where(counts == counts.max(1, keepdims=True), draws, -1.0).argmax(1)
    return {
        "people": len(columns),
        "majority_errors": int((majority != prepared.truth).sum()),
        "people_alone_errors": errors(predictions[:0]),
        "errors": errors(predictions),
    }


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return our means over the seeds under the plain keys, and each seed's figures."""
    ours = [run["rankings"][OURS] for run in runs]
    mean = statistics.mean
    return {
        "auroc": mean(run["auroc"] for run in ours),
        "ap": mean(run["ap"] for run in ours),
        "f1": mean(run["flagged"][OURS]["f1"] for run in runs),
        "ap_self_confidence": mean(run["rankings"]["cleanlab self_confidence"]["ap"] for run in runs),
        "oof_accuracy": mean(run["oof_accuracy"] for run in runs),
        "cpu_seconds": mean(run["training"]["cpu"] + run["detection"]["cpu"] for run in runs),
        "wall_seconds": mean(run["training"]["wall"] + run["detection"]["wall"] for run in runs),
        "runs": runs,
    }


def table(values: dict[str, Any]) -> str:
    """Return the figures as Markdown: mean and, behind ±, standard deviation over the seeds."""
    runs = values["runs"]
    lines = [
        f"Labels `{values['labels']}`, judged by `{values['truth']}`: {values['wrong']:,} of {values['judged']:,} "
        f"wrong; {values['images']:,} images, {values['seeds']} seeds.",
        "",
        "| ranking | AUROC | AP | best F1 |",
        "|:--|--:|--:|--:|",
    ]
    for name in runs[0]["rankings"]:
        cells = [spread([run["rankings"][name][key] for run in runs], 4) for key in ("auroc", "ap", "best_f1")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", "| flagged by | labels | precision | recall | F1 |", "|:--|--:|--:|--:|--:|"]
    for name in runs[0]["flagged"]:
        cells = [spread([run["flagged"][name]["flagged"] for run in runs], 0)]
        cells += [spread([run["flagged"][name][key] for run in runs], 4) for key in ("precision", "recall", "f1")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", f"Out-of-fold accuracy: {spread([100 * run['oof_accuracy'] for run in runs], 2)} %."]
    if runs[0]["suggested_right"] is not None:
        shares = [100 * run["suggested_right"] for run in runs]
        lines.append(f"Suggested labels that are right, of the wrong labels flagged: {spread(shares, 1)} %.")
    if runs[0]["consensus"] is not None:
        agreed = [run["consensus"] for run in runs]
        wrong = {key: spread([run[key] for run in agreed], 0) for key in agreed[0]}
        lines.append(
            f"Wrong labels of {agreed[0]['people']} people's majority vote: {wrong['majority_errors']}; of our "
            f"consensus: {wrong['errors']}; of it without networks: {wrong['people_alone_errors']}."
        )
    for name in ("training", "detection"):
        cpu, wall = (spread([run[name][key] for run in runs], 0) for key in ("cpu", "wall"))
        lines.append(f"{name.capitalize()}: {cpu} CPU s, {wall} wall s.")
    return "\n".join([*lines, "", ", ".join(f"{name} {value}" for name, value in values["machine"].items())])


if __name__ == "__main__":
    main()
