"""Does an augmentation change what an image is? Networks say what they see before and after each operation."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from dataprep.augmentation.draws import draw, fixed
from dataprep.augmentation.judges import load_judges
from dataprep.augmentation.ladder import CONFIGURED, RESAMPLING, Rung, ladder, resampled
from dataprep.augmentation.operations import augment
from dataprep.augmentation.verdicts import judge, with_beginnings
from dataprep.config import Audit, Augment, Train
from dataprep.schema import AUGMENTATION_AUDIT, check, class_names

LEAST_IMAGES = 10  # of a class; of fewer a mean says little
MOST_IMAGES = 2000  # of all classes together
BATCH = 500
OF_SEVERAL = ("background", "hybrid", "mixup", "cutmix")

# (n, 3, S, S) uint8 images, their sha256 and a rung -> the images after that operation, (n, 3, S, S) uint8
Change = Callable[[Tensor, list[str], Rung], Tensor]
# (n, 3, S, S) uint8 images and the folds that held them out -> (n, C) probabilities
Opinion = Callable[[Tensor, NDArray[np.int64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Sample:
    """The n images that are looked at, sorted by image_id.

    labels: (n,) int64, given classes 0..C-1. folds: (n,) int64. pixels: (n, 3, S, S) uint8.
    """

    image_ids: list[str]
    sha256: list[str]
    labels: NDArray[np.int64]
    folds: NDArray[np.int64]
    classes: list[str]
    pixels: Tensor


def sample(images: pl.DataFrame, predictions: pl.DataFrame, pixels: NDArray[np.uint8], params: Audit) -> Sample:
    """Return the images that the audit looks at: labeled, held out by a fold, and predicted as what they are labeled.

    The last excludes most wrong labels, with which a loss would mean nothing. Of each class at most `params.images`,
    fewer where all classes together would have more than 2,000, but 10 at least; a class with fewer than 10 is left
    out, and of more than 200 classes 200 are looked at, evenly spaced. Chosen are the first by sha256, so that new
    images change little; of equal files one. pixels: (N, S, S, 3) uint8, row i for the i-th row of `images`.
    """
    classes = class_names(images)
    count = min(len(classes), MOST_IMAGES // LEAST_IMAGES)
    chosen = np.linspace(0, len(classes) - 1, count).round().astype(np.int64).tolist()
    most = min(params.images, MOST_IMAGES // max(count, 1))
    place = pl.Series("class", range(len(classes)), pl.Int64)
    known = images.select("image_id", "sha256", "label").with_row_index("row")
    known = known.join(pl.DataFrame([pl.Series("label", classes, pl.String), place]), on="label", validate="m:1")
    known = known.filter(pl.col("class").is_in(chosen))
    rows = predictions.drop_nulls("fold")
    found = rows["probabilities"].to_numpy().argmax(1) if rows.height else []
    asked = rows.select("image_id", "fold", pl.Series("predicted", found, pl.Int64)).join(known, on="image_id")
    asked = (
        asked.filter(pl.col("predicted") == pl.col("class")).sort("sha256", "image_id").unique("sha256", keep="first")
    )
    asked = asked.sort("sha256").filter(pl.int_range(pl.len()).over("class") < most)
    asked = asked.filter(pl.len().over("class") >= LEAST_IMAGES).sort("image_id")
    shown = torch.from_numpy(pixels[asked["row"].to_numpy()]).permute(0, 3, 1, 2)
    labels, folds = (asked[name].to_numpy().astype(np.int64) for name in ("class", "fold"))
    return Sample(asked["image_id"].to_list(), asked["sha256"].to_list(), labels, folds, classes, shown)


def audit_augmentation(
    images: pl.DataFrame,
    predictions: pl.DataFrame,
    pixels: NDArray[np.uint8],
    networks: Path,
    params: Audit,
    used: Augment,
    train: Train,
    *,
    seed: int,
    on: torch.device,
) -> tuple[pl.DataFrame, NDArray[np.uint8]]:
    """Return what `run_audit` does of IMAGES and PREDICTIONS; no row when no network was trained.

    pixels: (N, S, S, 3) uint8, row i for the i-th row of `images`. networks: the folder that the stage `predict` left.
    used: what the augmentation in use may draw. on: where the networks compute.
    """
    asked = sample(images, predictions, pixels, params)
    judges = load_judges(networks, np.unique(asked.folds).tolist(), train, on)
    if judges is None or not len(asked.labels):
        return AUGMENTATION_AUDIT.empty(), np.zeros((0, *pixels.shape[1:]), np.uint8)
    return run_audit(asked, ladder(used, pixels.shape[1]), change_by(used, seed), judges.probabilities, params.bound)


def change_by(params: Augment, seed: int) -> Change:
    """Return the function that changes images as a rung says, rounded to the uint8 that networks see.

    All together is the first augmented copy that `params` would give, without what takes other images or masks.
    """

    def change(images: Tensor, sha256: list[str], rung: Rung) -> Tensor:
        if rung.value is None:
            draws = draw(sha256, 1, params, seed)
            everywhere = torch.ones(len(sha256), dtype=torch.bool)
            for operation in OF_SEVERAL:
                draws = draws.without(operation, everywhere)
        else:
            draws = fixed(sha256, rung.operation, rung.value, seed)
        return augment(images.to(torch.float32) / 255, draws).mul(255).round().to(torch.uint8)

    return change


def run_audit(
    asked: Sample, rungs: list[Rung], change: Change, opinion: Opinion, bound: float
) -> tuple[pl.DataFrame, NDArray[np.uint8]]:
    """Return AUGMENTATION_AUDIT, and the pictures of its examples, (E, S, S, 3) uint8, in its order.

    Every rung is tried on every image of the sample; `verdicts.judge` has the rules. What resamples is compared with
    the image shifted by half a pixel: networks may know a class by its finest detail, and what any resampling blurs is
    not what a rotation changes. Of each operation and class the change that tells most becomes an example, and so does
    each change in use.
    """
    before = opinion(asked.pixels, asked.folds)
    used = {rung.operation for rung in rungs if rung.in_use} & set(RESAMPLING)
    resampling = {*RESAMPLING, *([CONFIGURED.operation] if used else [])}
    blurred = before
    if resampling & {rung.operation for rung in rungs}:
        blurred = _after(asked, resampled(asked.pixels.shape[-1]), change, opinion, before)
    rows: list[dict[str, Any]] = []
    for rung in tqdm(rungs, desc="audit", unit="value"):
        after = _after(asked, rung, change, opinion, before)
        where = {"operation": rung.operation, "value": rung.value, "step": rung.step, "in_use": rung.in_use}
        start = blurred if rung.operation in resampling else before
        for verdict in judge(start, after, asked.labels, asked.classes, bound):
            rows.append(where | verdict | _example(asked, before, after, verdict))
    columns = {name: dtype for name, dtype in AUGMENTATION_AUDIT.columns.items() if name != "begins_at"}
    table = _clearest(with_beginnings(pl.DataFrame(rows, schema=columns)))
    table = check(table, AUGMENTATION_AUDIT, "audit")
    return table, _pictures(asked, table, {(rung.operation, rung.value): rung for rung in rungs}, change)


def _after(
    asked: Sample, rung: Rung, change: Change, opinion: Opinion, before: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (n, C) what is said of the changed images; an image that stayed the same is not asked about again."""
    changed = torch.cat(
        [
            change(asked.pixels[at : at + BATCH], asked.sha256[at : at + BATCH], rung)
            for at in range(0, len(asked.labels), BATCH)
        ]
    )
    moved = (changed != asked.pixels).flatten(1).any(1).numpy()
    after = before.copy()
    if moved.any():
        after[moved] = opinion(changed[moved], asked.folds[moved])
    return after


def _example(
    asked: Sample, before: NDArray[np.float64], after: NDArray[np.float64], verdict: dict[str, Any]
) -> dict[str, Any]:
    """Return the columns of the image that shows a change best; nothing without a change.

    Into another class: where the given class loses and that one gains most. Else: where the given class loses most.
    """
    if not verdict["changes"]:
        return {}
    given = asked.classes.index(verdict["label"])
    mine = np.flatnonzero(asked.labels == given)
    into = asked.classes.index(verdict["becomes"]) if verdict["another"] else None
    clear = before[mine, given] - after[mine, given]
    if into is not None:
        clear = np.minimum(clear, (after - before)[mine, into])
    row = mine[int(clear.argmax())]
    return {
        "example": asked.image_ids[row],
        "example_before": float(before[row, given]),
        "example_after": float(after[row, given]),
        "example_becomes": asked.classes[int(after[row].argmax())],
    }


def _clearest(table: pl.DataFrame) -> pl.DataFrame:
    """Return `table` with examples only where they are in use, and where they tell most of each operation and class.

    That is where most becomes another class; without such, the mildest value from which on it is not recognized, as
    there a person can see best whether it still should be.
    """
    order = table.with_row_index("row").sort(
        "changes",
        "another",
        pl.when("another").then("gain").otherwise(0.0),
        pl.col("step").abs(),
        "step",
        descending=[True, True, True, False, False],
    )
    first = order.unique(["operation", "label"], keep="first", maintain_order=True)["row"]
    shown = pl.col("in_use") | pl.int_range(pl.len()).is_in(first.implode())
    columns = [name for name in table.columns if name.startswith("example")]
    return table.with_columns(pl.when(shown).then(pl.col(columns)))


def _pictures(
    asked: Sample, table: pl.DataFrame, rungs: dict[tuple[str, float | None], Rung], change: Change
) -> NDArray[np.uint8]:
    row = {image_id: number for number, image_id in enumerate(asked.image_ids)}
    made = [np.zeros((0, *asked.pixels.shape[2:], 3), np.uint8)]
    for operation, value, image_id in table.drop_nulls("example")["operation", "value", "example"].iter_rows():
        number = row[image_id]
        picture = change(asked.pixels[number : number + 1], [asked.sha256[number]], rungs[operation, value])
        made.append(picture.permute(0, 2, 3, 1).numpy())
    return np.concatenate(made)
