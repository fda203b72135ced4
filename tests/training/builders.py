"""A tiny separable data set and the parameters to learn it in seconds."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

from dataprep import config, folds
from dataprep.config import Train
from dataprep.training.batches import Data
from tests import frames
from tests.closure import ROOT

SIDE = 16
COUNT = 90


def params(**changes: Any) -> Train:
    """Return the repository's own parameters, made small; keyword arguments replace some."""
    small = {
        "epochs": 3,
        "min_steps": 30,
        "batch": 16,
        "width": 8,
        "precision": "float32",
        "views": False,
        "label_smoothing": 0.2,
        "committee": 0,
        "workers": 1,
    }
    given = config.load(ROOT / "params.yaml").train.model_dump()
    return Train.model_validate(given | small | changes)


def separable(count: int = COUNT) -> tuple[np.ndarray, list[str]]:
    """Return pictures (N, S, S, 3) uint8 of bars, upright and red for a, level and blue for b, and their labels."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 60, (count, SIDE, SIDE, 3), np.uint8)
    labels = ["a" if n % 2 else "b" for n in range(count)]
    for n, label in enumerate(labels):
        at = random.integers(2, SIDE - 4)
        if label == "a":
            pixels[n, :, at : at + 3] = (220, 120, 40)
        else:
            pixels[n, at : at + 3] = (40, 120, 220)
    return pixels, labels


def data(count: int = COUNT) -> Data:
    """Return `separable` as tensors; class a is 0."""
    pixels, labels = separable(count)
    return Data(torch.from_numpy(pixels), torch.tensor([int(label == "b") for label in labels]))


def tables(labels: list[str], k: int = 3) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return IMAGES and FOLDS without copies."""
    images = frames.images([{"image_id": f"{n:03d}", "label": label} for n, label in enumerate(labels)])
    none = frames.issues("exact_duplicate", [{"image_id": n} for n in images["image_id"]])
    measured = frames.measurements([{"image_id": n} for n in images["image_id"]])
    return images, folds.assign_folds(images, measured, none, none, k=k, seed=0)


def pixel_file(folder: Path) -> Path:
    path = folder / "pixels.npy"
    np.save(path, separable()[0])
    return path
