"""The near-duplicate search as the benchmarks call it; what changes there is changed here, and nowhere else."""

from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from benchmarks import machine
from benchmarks.prepare import copies_of, results_in
from dataprep.config import NearDuplicates, Params
from dataprep.copies.descriptors import Descriptors
from dataprep.copies.neighbors import exact
from dataprep.copies.pairs import find_pairs
from dataprep.detectors.copy_groups import joined
from dataprep.device import resolve
from dataprep.ingest import ingest
from dataprep.measure_pass import measure_all
from dataprep.originals import Originals
from dataprep.sources import open_source

Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]


def candidate_pairs(pixels: NDArray[np.uint8], params: NearDuplicates) -> tuple[Pairs, NDArray[np.bool_]]:
    """Return (left, right, closeness) among (N, S, S, 3) pixels: left < right, closeness 0 to 1, 1 the same.

    With it (P,), whether the right picture was mirrored.
    """
    pairs, _ = find_pairs(np.array(pixels), params.neighbors, params.mirrored, resolve("auto"))
    return (pairs.left.numpy(), pairs.right.numpy(), pairs.closeness.numpy()), pairs.mirrored.numpy()


def nearest(vectors: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Return (N, k) the rows with the largest dot products with each of (N, D) vectors, itself apart."""
    descriptors = Descriptors(torch.from_numpy(vectors), torch.zeros(len(vectors), 0))
    return exact(descriptors, k, False, resolve("auto"))[0].numpy()


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
            images, Originals(folder / "originals"), params.measure, params.workers, results_in(folder)
        )
    pixels = np.load(folder / "pixels.npy", mmap_mode="r")
    with machine.timed() as matching:
        same = copies_of("exact_duplicates", images, measurements, pixels, params)
    with machine.timed() as searching:
        near = copies_of("near_duplicates", images, measurements, pixels, params)
    steps = {"ingest": taking, "measure": measuring, "exact": matching, "near": searching}
    return joined(images, same, near).sort("image_id"), pixels, steps


def pairs_within(groups: pl.DataFrame) -> list[tuple[str, str]]:
    """Return every two image_ids of one group, the smaller id first. groups: image_id, copies."""
    named = groups.drop_nulls("copies").select("image_id", "copies")
    both = named.join(named, on="copies", suffix="_other").filter(pl.col("image_id") < pl.col("image_id_other"))
    return both.select("image_id", "image_id_other").sort("image_id", "image_id_other").rows()
