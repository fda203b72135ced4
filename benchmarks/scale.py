"""Near-duplicate search among more and more made-up photographs with planted copies: seconds, peak memory, recall.

python -m benchmarks.scale PIXELS.npy OUT.json runs one search, as `scaled` does in a process of its own.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks import machine
from benchmarks.nearest import agreement
from benchmarks.prepare import copies_of
from dataprep.config import Params, load
from dataprep.copies import neighbors
from dataprep.copies.descriptors import describe
from dataprep.device import resolve
from dataprep.schema import MEASUREMENTS

ROOT = Path(__file__).parent.parent
PLANTED = 0.01  # of the images
BLEND = (0.35, 0.65)  # weight of one of the two pictures
ZOOM = (0.6, 0.95)  # side of the piece that is taken of each, of its side
PATCH = (0.3, 0.6)  # side of the square that a third picture covers, of the side
BLOCK = 4096
Blocks = NDArray[np.uint8]


def distinct(bases: Blocks, count: int, random: Generator) -> Blocks:
    """Return (count, S, S, 3) pictures unlike each other: two random pieces of `bases` blended, a third pasted in.

    bases: (N, S, S, 3). Each piece is drawn anew: picture, place, size, mirrored or not.
    """
    side = bases.shape[1]
    weight = random.uniform(*BLEND, (count, 1, 1, 1)).astype(np.float32)
    mixed = weight * _pieces(bases, count, random) + (1 - weight) * _pieces(bases, count, random)
    span = (random.uniform(*PATCH, count) * side).astype(np.int64)
    corner = (random.random((2, count)) * (side - span)).astype(np.int64)
    along = np.arange(side)
    inside = [(along >= at[:, None]) & (along < (at + span)[:, None]) for at in corner]
    patch = (inside[0][:, :, None] & inside[1][:, None, :])[..., None]
    return np.where(patch, _pieces(bases, count, random), mixed.astype(np.uint8))


def _pieces(bases: Blocks, count: int, random: Generator) -> Blocks:
    """Return random squares of random pictures, stretched to the whole side by nearest neighbor."""
    side = bases.shape[1]
    span = random.uniform(*ZOOM, count) * side
    steps = (np.arange(side) + 0.5) / side
    rows, columns = (
        (random.random((count, 1)) * (side - span[:, None]) + steps * span[:, None]).astype(np.int64) for _ in range(2)
    )
    columns = np.where(random.random((count, 1)) < 0.5, columns[:, ::-1], columns)
    which = random.integers(0, len(bases), (count, 1, 1))
    return bases[which, rows[:, :, None], columns[:, None, :]]


def shifted(images: Blocks, random: Generator) -> Blocks:
    """Move each by up to side / 16 along each axis, by one pixel at least; the edge is repeated."""
    count, side = images.shape[:2]
    reach = max(1, side // 16)
    moves = random.integers(-reach, reach + 1, (2, count, 1))
    moves[0][(moves == 0).all(axis=0)] = 1
    rows, columns = (np.clip(np.arange(side) - move, 0, side - 1) for move in moves)
    return images[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]


def noisy(images: Blocks, random: Generator) -> Blocks:
    """Add Gaussian noise with a standard deviation of 4 to 10 gray levels."""
    level = random.uniform(4, 10, (len(images), 1, 1, 1)).astype(np.float32)
    grain = random.standard_normal(images.shape, np.float32) * level
    return (images + grain).round().clip(0, 255).astype(np.uint8)


def brighter(images: Blocks, random: Generator) -> Blocks:
    """Multiply by 0.7 to 1.3."""
    factor = random.uniform(0.7, 1.3, (len(images), 1, 1, 1)).astype(np.float32)
    return (images * factor).round().clip(0, 255).astype(np.uint8)


def cropped(images: Blocks, random: Generator) -> Blocks:
    """Cut off up to a tenth of the side in all and stretch, by nearest neighbor."""
    count, side = images.shape[:2]
    span = side * random.uniform(0.9, 0.98, (count, 1))
    steps = (np.arange(side) + 0.5) / side
    rows, columns = ((random.random((count, 1)) * (side - span) + steps * span).astype(np.int64) for _ in range(2))
    return images[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]


def mirrored(images: Blocks, random: Generator) -> Blocks:
    return images[:, :, ::-1]


KINDS: dict[str, Callable[[Blocks, Generator], Blocks]] = {
    "shift": shifted,
    "noise": noisy,
    "brightness": brighter,
    "crop": cropped,
    "mirror": mirrored,
}


def planted(bases: Blocks, count: int, seed: int, out: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Write `count` pictures to `out`, (count, S, S, 3) uint8 .npy; return (P, 2) rows of picture and copy, and kinds.

    The last PLANTED of the rows are copies of different other rows. kinds: (P,), number in KINDS.
    """
    random = np.random.default_rng(seed)
    shape = (count, *bases.shape[1:])
    array = np.lib.format.open_memmap(out, mode="w+", dtype=np.uint8, shape=shape)
    copies = round(PLANTED * count)
    for start in range(0, count - copies, BLOCK):
        end = min(start + BLOCK, count - copies)
        array[start:end] = distinct(bases, end - start, random)
    source = random.permutation(count - copies)[:copies]
    kinds = np.arange(copies) % len(KINDS)
    for number, edit in enumerate(KINDS.values()):
        made = np.flatnonzero(kinds == number)
        array[count - copies + made] = edit(np.asarray(array[source[made]]), random)
    array.flush()
    return np.stack([source, np.arange(count - copies, count)], axis=1), kinds


def scaled(bases: Blocks, count: int, seed: int, folder: Path) -> dict[str, Any]:
    """Return seconds, peak memory and recall of one search among `count` pictures, in a process of its own."""
    pixels, out = folder / f"{count}.npy", folder / f"{count}.json"
    pairs, kinds = planted(bases, count, seed, pixels)
    ended = subprocess.run([sys.executable, "-m", "benchmarks.scale", pixels, out], cwd=ROOT, check=False)
    pixels.unlink()
    if ended.returncode:
        raise SystemExit(f"error: the search among {count} pictures ended with status {ended.returncode}")
    found = json.loads(out.read_text())
    return found["spent"] | {"images": count} | judged(np.array(found["groups"]), pairs, kinds)


def judged(groups: NDArray[np.int64], pairs: NDArray[np.int64], kinds: NDArray[np.int64]) -> dict[str, Any]:
    """Return the recall of planted pairs, of each kind too, and how many other pairs share a group.

    groups: (N,) group of each picture, -1 for none. pairs: (P, 2). kinds: (P,), number in KINDS.
    """
    one, other = groups[pairs].T
    hit = (one == other) & (one >= 0)
    sizes = np.bincount(groups[groups >= 0])
    return {
        "planted": len(pairs),
        "recall": float(hit.mean()),
        "recalls": {name: float(hit[kinds == n].mean()) for n, name in enumerate(KINDS) if (kinds == n).any()},
        "other_pairs": int((sizes * (sizes - 1) // 2).sum() - hit.sum()),
    }


def exponent(runs: list[dict[str, Any]]) -> float | None:
    """Return b of the least-squares fit wall_seconds = a * images^b, on logarithms; None of a single size."""
    if len({run["images"] for run in runs}) < 2:
        return None
    images, seconds = (np.log([run[key] for run in runs]) for key in ("images", "wall_seconds"))
    return float(np.polyfit(images, seconds, 1)[0])


def search(pixels: Path, out: Path) -> None:
    """Run the detector on the pixels and write time, peak memory and groups."""
    array = np.load(pixels, mmap_mode="r")
    names = [f"{row:09}" for row in range(len(array))]
    empty = pl.DataFrame(schema=MEASUREMENTS.columns)
    measurements = pl.concat([empty, pl.DataFrame({"image_id": names, "pixel_hash": names})], how="diagonal")
    params = load(ROOT / "params.yaml")
    images = pl.DataFrame({"image_id": names}).with_columns(bytes=pl.lit(0, pl.Int64), split=pl.lit("train"))
    before = machine.peak_bytes()
    with machine.timed() as spent:
        issues = copies_of("near_duplicates", images, measurements, array, params)
    groups = issues.sort("image_id")["group"].cast(pl.Int64).fill_null(-1)
    seconds = {"wall_seconds": spent.wall, "cpu_seconds": spent.cpu}
    memory = {"peak_bytes": machine.peak_bytes(), "before_bytes": before}
    found = {"spent": seconds | memory | both_searches(array, params), "groups": groups.to_list()}
    out.write_text(json.dumps(found))


def both_searches(pixels: Blocks, params: Params) -> dict[str, float]:
    """Return the seconds of exact and approximate search, and the share of the exact neighbors that the latter finds.

    Nothing for more pictures than are searched exactly.
    """
    if len(pixels) > neighbors.EXACT:
        return {}
    near, device = params.detectors.near_duplicates, resolve(params.device)
    descriptors = describe(pixels)
    with machine.timed() as exactly:
        wanted, _ = neighbors.exact(descriptors, near.neighbors, near.mirrored, device)
    with machine.timed() as roughly:
        found, _ = neighbors.approximate(descriptors, near.neighbors, near.mirrored)
    return {
        "exact_seconds": exactly.wall,
        "approximate_seconds": roughly.wall,
        "approximate_recall": agreement(wanted.numpy(), found.numpy()),
    }


if __name__ == "__main__":
    search(Path(sys.argv[1]), Path(sys.argv[2]))
