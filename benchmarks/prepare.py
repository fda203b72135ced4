"""The pipeline up to the folds, by the same library calls as the stages."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataprep import detectors
from dataprep.config import Params, TableFiles, load
from dataprep.folds import assign_folds
from dataprep.ingest import ingest
from dataprep.measure_pass import Results, measure_all
from dataprep.originals import Originals
from dataprep.predict import fold_tasks, predict_out_of_fold
from dataprep.schema import class_names
from dataprep.sources import open_source

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Prepared:
    """Tables as in `dataprep.schema`, and the pixel file that goes with them.

    truth: (N,) int64, the right class of each image by image_id, in the order of class_names(images).
    """

    images: pl.DataFrame
    measurements: pl.DataFrame
    folds: pl.DataFrame
    pixels: Path
    truth: NDArray[np.int64]
    params: Params


def photographs(files: tuple[str, ...], data: Path, labels: str) -> Params:
    """Return params.yaml with a Hugging Face image table as source and mirroring switched on."""
    params = load(ROOT / "params.yaml")
    source = TableFiles(kind="table", path=str(data), files=files, image="image", label=labels)
    return params.model_copy(update={"source": source, "train": params.train.model_copy(update={"flip": True})})


def prepare(params: Params, truth: str, folder: Path) -> Prepared:
    """Return everything that the trainings need; intermediate files are written to `folder`."""
    images = _ingested(params, folder / "originals")
    right = params.model_copy(update={"source": params.source.model_copy(update={"label": truth})})
    true = _ingested(right, folder / "truth")
    if true["image_id"].to_list() != images["image_id"].to_list():
        raise SystemExit(f"error: the columns {params.source.label} and {truth} cover different images")
    pixels = results_in(folder).pixels
    measurements = measure_all(
        images, Originals(folder / "originals"), params.measure, params.workers, results_in(folder)
    )
    array = np.load(pixels, mmap_mode="r")
    exact, near = (
        copies_of(name, images, measurements, array, params) for name in ("exact_duplicates", "near_duplicates")
    )
    folds = assign_folds(images, measurements, exact, near, k=params.folds.k, seed=params.seed)
    position = {name: number for number, name in enumerate(class_names(images))}
    classes = np.array([position.get(name, -1) for name in true["label"]], dtype=np.int64)
    return Prepared(images, measurements, folds, pixels, classes, params)


def results_in(folder: Path) -> Results:
    """Return where a measure pass writes to in a folder."""
    return Results(*(folder / name for name in ("measurements.parquet", "pixels.npy", "measured.parquet")))


def copies_of(
    detector: str, images: pl.DataFrame, measurements: pl.DataFrame, pixels: NDArray[np.uint8], params: Params
) -> pl.DataFrame:
    """Return the ISSUES of a detector that compares pictures, given its inputs as the stage `detect` gives them."""
    given = {
        "images": images,
        "measurements": measurements,
        "pixels": pixels,
        "training_split": params.normalize.training_split,
        "device": params.device,
    }
    read = [given[name] for name in detectors.REGISTRY[detector].reads]
    return detectors.load(detector)(*read, getattr(params.detectors, detector))


def predicted(prepared: Prepared, seed: int, scratch: Path) -> pl.DataFrame:
    """Return PREDICTIONS as the stage predict makes them; trainings go to `scratch`."""
    tasks = fold_tasks(
        prepared.images,
        prepared.folds,
        prepared.pixels,
        prepared.params.train,
        seed=seed,
        device=prepared.params.device,
        scratch=scratch,
    )
    return predict_out_of_fold(prepared.folds, tasks)[0]


def _ingested(params: Params, folder: Path) -> pl.DataFrame:
    return ingest(
        open_source(params.source), folder, seed=params.seed, sample=None, where=str(params.source.path)
    ).images
