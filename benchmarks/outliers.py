"""Foreign images among small photographs: how well they are found, beside cleanlab on the same predictions.

python -m benchmarks.outliers --data FOLDER [--labels COLUMN] [--animals FOLDER] [--seeds N] [--json FILE]

FOLDER holds train.parquet in the Hugging Face image layout. One percent as many foreign images are mixed in, with
labels drawn at random: scanned digits, textures, noise, and the photographs of FOLDER/../animals where that exists.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks import machine
from benchmarks.figures import spread
from benchmarks.foreign import KINDS, mixed_in
from benchmarks.prepare import photographs, predicted, prepare
from dataprep import detectors

SHARE = 0.01
OURS = "dataprep"
EMBEDDINGS = "cleanlab OutOfDistribution, embeddings"
PROBABILITIES = "cleanlab OutOfDistribution, probabilities"
MEASURES = ("auroc", "ap", "precision_at_n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--labels", default="label_clean")
    parser.add_argument("--animals", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    beside = chosen.data.resolve().parent / "animals"
    animals = chosen.animals or (beside if beside.is_dir() else None)
    source = pl.read_parquet(chosen.data / "train.parquet")
    runs = []
    for seed in range(chosen.seeds):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(one_seed(mixed_in(source, chosen.labels, SHARE, animals, seed), seed, Path(folder)))
        print(f"seed {seed}: {runs[-1]['methods'][OURS]}", flush=True)
    values = summary(runs) | {"labels": chosen.labels, "seeds": chosen.seeds, "share": SHARE}
    values["machine"] = machine.description("torch", "dataprep", "polars", "cleanlab")
    print(table(values))
    if chosen.json:
        chosen.json.write_text(json.dumps(values, indent=2) + "\n")


def one_seed(mixed: pl.DataFrame, seed: int, folder: Path) -> dict[str, Any]:
    """Return how well each method finds the foreign images of a mix, and the seconds of each step."""
    mixed.select(pl.struct("bytes", "path").alias("image"), "label").write_parquet(folder / "train.parquet")
    prepared = prepare(photographs(("train.parquet",), folder, "label"), "label", folder)
    with machine.timed() as trained:
        predictions = predicted(prepared, seed, folder / "scratch")
    kinds = dict(mixed.select("path", "foreign").iter_rows())
    found: dict[str, Any] = {}
    for method, names in (("joined", (OURS, None)), ("cleanlab", (EMBEDDINGS, PROBABILITIES))):
        params = prepared.params.detectors.outliers.model_copy(update={"method": method})
        pixels = np.load(prepared.pixels, mmap_mode="r")
        with machine.timed() as spent:
            issues = detectors.load("outliers")(prepared.images, pixels, predictions, params)
        for kind, name in zip(("outlier", "out_of_distribution"), names, strict=True):
            if name:
                rows = issues.filter(issue=kind).join(predictions.drop_nulls("fold"), on="image_id", how="semi")
                foreign = np.array([kinds[image_id] or "" for image_id in rows["image_id"]])
                found[name] = judge(rows, foreign) | {"cpu_seconds": spent.cpu, "wall_seconds": spent.wall}
    return {
        "methods": found,
        "training": {"cpu_seconds": trained.cpu, "wall_seconds": trained.wall},
        "images": prepared.images.height,
    }


def judge(rows: pl.DataFrame, foreign: NDArray[np.str_]) -> dict[str, Any]:
    """Return AUROC, average precision and precision at n of the scores, each kind's AUROC, and what was flagged.

    rows: ISSUES of one kind. foreign: (N,), the kind of foreign image, "" for an ordinary one; n is how many are
    foreign. A kind is judged against the ordinary images only.
    """
    odd = -rows["score"].to_numpy().astype(np.float64)
    truth = foreign != ""
    count = int(truth.sum())
    first = np.argsort(-odd, kind="stable")[:count]
    flagged = rows["is_issue"].to_numpy()
    hits = int((flagged & truth).sum())
    kinds = {}
    for kind in [kind for kind in KINDS if (foreign == kind).any()]:
        judged = ~truth | (foreign == kind)
        kinds[kind] = float(roc_auc_score(truth[judged], odd[judged]))
    return {
        "auroc": float(roc_auc_score(truth, odd)),
        "ap": float(average_precision_score(truth, odd)),
        "precision_at_n": float(truth[first].mean()),
        "kinds": kinds,
        "flagged": int(flagged.sum()),
        "flagged_precision": hits / max(1, int(flagged.sum())),
        "flagged_recall": hits / count,
    }


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return our means under the plain keys, training included in the seconds, and each seed's figures."""
    ours = [run["methods"][OURS] for run in runs]
    found: dict[str, Any] = {name: statistics.mean(run[name] for run in ours) for name in MEASURES}
    for name in ("cpu_seconds", "wall_seconds"):
        found[name] = statistics.mean(run["methods"][OURS][name] + run["training"][name] for run in runs)
    return found | {"images": runs[0]["images"], "runs": runs}


def table(values: dict[str, Any]) -> str:
    """Return the figures as Markdown: mean and, behind ±, standard deviation over the seeds."""
    runs = values["runs"]
    kinds = list(runs[0]["methods"][OURS]["kinds"])
    heads = [
        "",
        "AUROC",
        "AP",
        "precision at n",
        *(f"AUROC {kind}" for kind in kinds),
        "flagged",
        "precision",
        "recall",
    ]
    lines = [
        f"{values['images']:,} images, {values['share']:.0%} more of them foreign, {values['seeds']} seeds.",
        "",
        f"| {' | '.join([*heads, 'CPU s', 'wall s'])} |",
        "|:--|" + "--:|" * (len(heads) + 1),
    ]
    for name in (OURS, EMBEDDINGS, PROBABILITIES):
        results = [run["methods"][name] for run in runs]
        cells = [spread([result[key] for result in results]) for key in MEASURES]
        cells += [spread([result["kinds"][kind] for result in results]) for kind in kinds]
        cells.append(spread([result["flagged"] for result in results], 0))
        cells += [spread([result[key] for result in results], 2) for key in ("flagged_precision", "flagged_recall")]
        cells += [spread([result[key] for result in results], 1) for key in ("cpu_seconds", "wall_seconds")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    cpu, wall = (spread([run["training"][key] for run in runs], 0) for key in ("cpu_seconds", "wall_seconds"))
    found = ", ".join(f"{name} {value}" for name, value in values["machine"].items())
    return "\n".join([*lines, "", f"Training the networks that all use: {cpu} CPU s, {wall} wall s.", "", found])


if __name__ == "__main__":
    main()
