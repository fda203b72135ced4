"""One small module per detector. A new one: its module, an entry here, its params, a line in dvc.yaml."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Detector:
    """What the detector's module `dataprep.detectors.<name>` reads and finds.

    reads: the names of its inputs, in order: images, measurements, pixels, predictions, the name of
        another detector, whose ISSUES it then gets, or one of SETTINGS.
    kinds: the issue kinds it reports; each has one row per image.
    """

    reads: tuple[str, ...]
    kinds: tuple[str, ...]


# Parameters of other sections that a detector may read.
SETTINGS: dict[str, str] = {"training_split": "normalize.training_split", "device": "device"}

REGISTRY: dict[str, Detector] = {
    "exact_duplicates": Detector(("images", "measurements", "training_split"), ("exact_duplicate",)),
    "near_duplicates": Detector(("images", "measurements", "pixels", "training_split", "device"), ("near_duplicate",)),
    "odd_pixels": Detector(
        ("images", "measurements"),
        (
            "unreadable",
            "truncated",
            "dark",
            "light",
            "underexposed",
            "overexposed",
            "low_information",
            "near_empty",
            "grayscale",
            "blurry",
            "noisy",
            "blocky",
            "odd_size",
            "odd_aspect",
            "wrong_extension",
            "transparent",
            "exif_rotated",
            "odd_statistics",
        ),
    ),
    "split_leaks": Detector(("images", "exact_duplicates", "near_duplicates", "training_split"), ("split_leak",)),
    "label_conflicts": Detector(("images", "exact_duplicates", "near_duplicates"), ("label_conflict",)),
    "label_errors": Detector(("images", "predictions"), ("label_error", "small_class")),
    "outliers": Detector(("images", "pixels", "predictions"), ("outlier", "out_of_distribution")),
}

KINDS: tuple[str, ...] = tuple(kind for detector in REGISTRY.values() for kind in detector.kinds)


def load(name: str) -> Callable[..., pl.DataFrame]:
    """Return the detector's `detect(*inputs, params) -> ISSUES`; only that module is imported."""
    detect: Callable[..., pl.DataFrame] = importlib.import_module(f"{__name__}.{name}").detect
    return detect
