"""Out-of-fold accuracy per CPU second, beside a plain PyTorch loop in the same run.

python -m benchmarks.training --data FOLDER --labels COLUMN [--truth COLUMN] [--seeds N] [--json FILE]

FOLDER holds train.parquet in the Hugging Face image layout. Networks are trained on COLUMN and judged by the
truth column (default label_clean where there is one, else COLUMN), on the images that they did not see.
"""

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

from benchmarks import baseline, machine
from benchmarks.figures import spread
from benchmarks.prepare import Prepared, photographs, prepare
from dataprep.predict import fold_tasks, predict_out_of_fold
from dataprep.training.fold import FoldTask, read_result
from dataprep.training.workers import run

# What differs from params.yaml.
SETTINGS: dict[str, dict[str, Any]] = {
    "short": {"epochs": 7},
    "default": {},
    "long": {"epochs": 12, "width": 48},
}

COMPARED_EPOCHS = 4  # where single folds are compared, in float32 as well


@dataclass(frozen=True)
class Result:
    accuracy: float  # share, against the truth
    cpu: float  # s
    wall: float  # s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--labels", required=True)
    parser.add_argument("--truth")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--only-folds", action="store_true", help="leave out the comparisons of single folds")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    columns = pl.read_parquet_schema(chosen.data / "train.parquet")
    truth = chosen.truth or ("label_clean" if "label_clean" in columns else chosen.labels)
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(photographs(("train.parquet",), chosen.data, chosen.labels), truth, Path(folder))
        values = measure(prepared, Path(folder), chosen.seeds, chosen.settings, not chosen.only_folds)
    values |= {"labels": chosen.labels, "truth": truth, "seeds": chosen.seeds, "images": prepared.images.height}
    values["machine"] = machine.description("torch", "dataprep", "polars")
    print(table(values))
    if chosen.json:
        chosen.json.write_text(json.dumps(values, indent=2) + "\n")


def measure(prepared: Prepared, folder: Path, seeds: int, settings: list[str], comparisons: bool) -> dict[str, Any]:
    """Return all figures: means over the seeds under the plain keys, and each seed's own."""
    rows: dict[str, list[Result]] = {name: [] for name in settings}
    pairs: list[tuple[Result, Result]] = []
    plain: list[Result] = []
    busy: list[float] = []
    for seed in range(seeds):
        for name in settings:
            rows[name].append(_all_folds(prepared, SETTINGS[name], seed, folder / "scratch"))
            print(f"seed {seed}, {name}: {rows[name][-1]}", flush=True)
        if comparisons:
            reduced, full = (_one_fold(prepared, {"precision": p}, seed, folder) for p in ("bfloat16", "float32"))
            pairs.append((reduced, full))
            print(f"seed {seed}, one fold in bfloat16: {reduced}; in float32: {full}", flush=True)
            plain.append(_baseline(prepared, reduced.cpu, seed))
            print(f"seed {seed}, plain loop, one fold: {plain[-1]}", flush=True)
            busy.append(_beside_busy(prepared, seed, folder))
            print(f"seed {seed}, CPU seconds beside busy processes: {busy[-1]:.2f} times", flush=True)
    first = settings[0] if "default" not in settings else "default"
    found: dict[str, Any] = {
        "oof_accuracy": statistics.mean(result.accuracy for result in rows[first]),
        "cpu_seconds": statistics.mean(result.cpu for result in rows[first]),
        "wall_seconds": statistics.mean(result.wall for result in rows[first]),
        "settings": {name: [vars(result) for result in results] for name, results in rows.items()},
    }
    if comparisons:
        speedups = [full.cpu / reduced.cpu for reduced, full in pairs]
        found |= {
            "bf16_speedup": statistics.mean(speedups),
            "bf16_speedups": speedups,
            "bf16_gain": [reduced.accuracy - full.accuracy for reduced, full in pairs],
            "one_fold": [vars(reduced) for reduced, _ in pairs],
            "plain_loop": [vars(result) for result in plain],
            "busy_ratio": busy,
        }
    return found


def _tasks(prepared: Prepared, changes: dict[str, Any], seed: int, scratch: Path) -> list[FoldTask]:
    train = prepared.params.train.model_copy(update=changes)
    return fold_tasks(
        prepared.images,
        prepared.folds,
        prepared.pixels,
        train,
        seed=seed,
        device=prepared.params.device,
        scratch=scratch,
    )


def _all_folds(prepared: Prepared, changes: dict[str, Any], seed: int, scratch: Path) -> Result:
    tasks = _tasks(prepared, changes, seed, scratch)
    with machine.timed() as spent:
        found, _, _ = predict_out_of_fold(prepared.folds, tasks)
    _clear(tasks)
    judged = found["fold"].is_not_null().to_numpy()
    rows = np.searchsorted(prepared.images["image_id"].to_numpy(), found["image_id"].to_numpy())
    right = found["probabilities"].to_numpy().argmax(1) == prepared.truth[rows]
    return Result(float(right[judged].mean()), spent.cpu, spent.wall)


def _one_fold(prepared: Prepared, changes: dict[str, Any], seed: int, folder: Path) -> Result:
    task = _tasks(prepared, {"epochs": COMPARED_EPOCHS} | changes, seed, folder / "scratch")[0]
    with machine.timed() as spent:
        run([task])
    result = read_result(task.result)
    assert result is not None
    _clear([task])
    logits = result.logits[: len(task.held_out_rows)]
    return Result(float((logits.argmax(1) == prepared.truth[task.held_out_rows]).mean()), spent.cpu, spent.wall)


def _baseline(prepared: Prepared, cpu_seconds: float, seed: int) -> Result:
    """The plain loop on the first fold with as many CPU seconds as one fold took here, on one thread as well."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    task = _tasks(prepared, {}, seed, Path())[0]
    pixels = np.load(task.pixels, mmap_mode="r")
    images = torch.from_numpy(pixels[task.train_rows]).permute(0, 3, 1, 2).contiguous()
    held_out = torch.from_numpy(pixels[task.held_out_rows]).permute(0, 3, 1, 2).contiguous()
    with machine.timed() as spent:
        labels = torch.from_numpy(task.labels[task.train_rows])
        network = baseline.train_for(cpu_seconds, images, labels, task.classes, seed)
        found = baseline.predict(network, held_out).numpy()
    torch.set_num_threads(threads)
    return Result(float((found == prepared.truth[task.held_out_rows]).mean()), spent.cpu, spent.wall)


def _beside_busy(prepared: Prepared, seed: int, folder: Path) -> float:
    """Return how many times the CPU seconds a fold takes while every core is busy with something else as well."""
    task = _tasks(prepared, {"epochs": 2, "min_steps": 10}, seed, folder / "scratch")[0]
    seconds = []
    for others in (0, multiprocessing.cpu_count()):
        with _busy(others), machine.timed() as spent:
            run([replace(task, params=task.params.model_copy(update={"workers": 1}))])
        # The busy processes are still running here, so that their CPU time is not counted.
        seconds.append(spent.cpu)
        _clear([task])
    return seconds[1] / seconds[0]


@contextmanager
def _busy(count: int) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=_multiply, daemon=True) for _ in range(count)]
    for other in others:
        other.start()
    time.sleep(5 if others else 0)  # until they have loaded torch
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.join()


def _multiply() -> None:
    torch.set_num_threads(1)
    matrix = torch.rand(1024, 1024)
    while True:
        matrix = torch.tanh(matrix @ matrix / 1024)


def _clear(tasks: list[FoldTask]) -> None:
    for task in tasks:
        task.result.unlink(missing_ok=True)
        task.network.unlink(missing_ok=True)


def table(values: dict[str, Any]) -> str:
    """Return the figures as Markdown: mean and, behind ±, standard deviation over the seeds."""
    lines = [
        f"Trained on `{values['labels']}`, judged by `{values['truth']}`, {values['images']:,} images, "
        f"{values['seeds']} seeds.",
        "",
        "| | out-of-fold accuracy | CPU s | wall s |",
        "|:--|--:|--:|--:|",
    ]
    for name, results in values["settings"].items():
        lines.append(_row(f"dataprep, {name}, all folds", results))
    if "plain_loop" in values:
        lines.append(_row("dataprep, one fold, few epochs", values["one_fold"]))
        lines.append(_row("plain float32 loop, ResNet-14, one fold, as many CPU seconds", values["plain_loop"]))
        lines += [
            "",
            f"bfloat16 against float32: {spread(values['bf16_speedups'], 2)} times as fast, accuracy "
            f"{spread([100 * gain for gain in values['bf16_gain']], 2)} points apart.",
            f"CPU seconds beside busy processes: {spread(values['busy_ratio'], 2)} times.",
        ]
    if torch.cuda.is_available():
        lines.append(f"Peak GPU memory: {torch.cuda.max_memory_allocated() / 2**30:.2f} GiB.")
    found = ", ".join(f"{name} {value}" for name, value in values["machine"].items())
    return "\n".join([*lines, "", found])


def _row(name: str, results: list[dict[str, float]]) -> str:
    accuracy = spread([100 * result["accuracy"] for result in results], 2)
    cpu, wall = (spread([result[key] for result in results], 0) for key in ("cpu", "wall"))
    return f"| {name} | {accuracy} % | {cpu} | {wall} |"


if __name__ == "__main__":
    main()
