"""The near-duplicate search as the benchmarks call it; what changes there is changed here, and nowhere else."""

from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from benchmarks import machine
from dataprep import detectors
from dataprep.config import NearDuplicates, Params
from dataprep.detectors import near_duplicates
from dataprep.detectors.copy_groups import joined
from dataprep.ingest import ingest
from dataprep.measure import measure_all
from dataprep.originals import Originals
from dataprep.sources import open_source

Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]


def candidate_pairs(pixels: NDArray[np.uint8], params: NearDuplicates) -> Pairs:
    """Return (left, right, closeness) among (N, S, S, 3) pixels: left < right, closeness 0 to 1, 1 the same."""
    return near_duplicates.find_pairs(np.array(pixels), params.neighbors)


def nearest(vectors: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Return (N, k) the rows with the largest dot products with each of (N, D) vectors, itself apart."""
    return near_duplicates.nearest_rows(torch.from_numpy(vectors), k).numpy()


def grouped(params: Params, folder: Path) -> tuple[pl.DataFrame, NDArray[np.uint8], dict[str, machine.Spent]]:
    """Return the images with `copies` (a group's name or null) in order of image_id, pixels, and each step's time.

    From the source's bytes to groups, by the same library calls as the stages; intermediate files go to `folder`.
    pixels: (N, S, S, 3) uint8.
    """
    with machine.timed() as taking:
        source = open_source(params.source)
        images = ingest(
            source, folder / "originals", seed=params.seed, sample=None, where=str(params.source.path)
        ).images
    with machine.timed() as measuring:
        measurements = measure_all(
            images, Originals(folder / "originals"), params.measure, params.workers, folder / "pixels.npy"
        )
    pixels = np.load(folder / "pixels.npy", mmap_mode="r")
    with machine.timed() as matching:
        exact = detectors.load("exact_duplicates")(images, measurements, params.detectors.exact_duplicates)
    with machine.timed() as searching:
        near = detectors.load("near_duplicates")(measurements, pixels, params.detectors.near_duplicates)
    steps = {"ingest": taking, "measure": measuring, "exact": matching, "near": searching}
    return joined(images, exact, near).sort("image_id"), pixels, steps


def pairs_within(groups: pl.DataFrame) -> list[tuple[str, str]]:
    """Return every two image_ids of one group, the smaller id first. groups: image_id, copies."""
    named = groups.drop_nulls("copies").select("image_id", "copies")
    both = named.join(named, on="copies", suffix="_other").filter(pl.col("image_id") < pl.col("image_id_other"))
    return both.select("image_id", "image_id_other").sort("image_id", "image_id_other").rows()
