"""Exact search for the nearest of unit vectors, beside faiss, scikit-learn and the bare matrix product.

python -m benchmarks.nearest METHOD ROWS WIDTH K SEED THREADS OUT.npz runs one method, as `compared` does.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import machine

ROOT = Path(__file__).parent.parent
BLOCK = 2048
PRODUCT = "matrix product alone"
Found = NDArray[np.int64] | None
Search = Callable[[NDArray[np.float32], int], Found]  # (N, D) vectors, k -> (N, k) rows


def unit_vectors(rows: int, width: int, seed: int) -> NDArray[np.float32]:
    """Return (rows, width) random directions, each on the unit sphere."""
    vectors = np.random.default_rng(seed).standard_normal((rows, width), dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def ours(threads: int) -> Search:
    import torch

    from benchmarks.near import nearest

    torch.set_num_threads(threads)
    return nearest


def product(threads: int) -> Search:
    """All dot products in blocks, into one buffer, and nothing else: what a search by such products cannot go below."""
    import torch

    torch.set_num_threads(threads)

    def multiply(vectors: NDArray[np.float32], k: int) -> None:
        all_vectors = torch.from_numpy(vectors)
        buffer = torch.empty(BLOCK, len(vectors))
        for start in range(0, len(vectors), BLOCK):
            block = all_vectors[start : start + BLOCK]
            torch.mm(block, all_vectors.T, out=buffer[: len(block)])

    return multiply


def faiss_flat(threads: int) -> Search:
    import faiss

    faiss.omp_set_num_threads(threads)

    def search(vectors: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        return _less_itself(index.search(vectors, k + 1)[1])

    return search


def scikit_learn(threads: int) -> Search:
    from sklearn.neighbors import NearestNeighbors
    from threadpoolctl import threadpool_limits

    def search(vectors: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        with threadpool_limits(threads):
            model = NearestNeighbors(n_neighbors=k, algorithm="brute", n_jobs=threads).fit(vectors)
            return model.kneighbors(return_distance=False)

    return search


# what makes a search ready, and the packages that it needs
METHODS: dict[str, tuple[Callable[[int], Search], tuple[str, ...]]] = {
    "dataprep": (ours, ()),
    "faiss IndexFlatIP": (faiss_flat, ("faiss-cpu",)),
    "scikit-learn NearestNeighbors": (scikit_learn, ("scikit-learn", "threadpoolctl")),
    PRODUCT: (product, ()),
}


def compared(rows: int, width: int, k: int, seed: int, threads: int) -> list[dict[str, Any]]:
    """Return wall and CPU seconds, peak memory and agreement with ours of each method, one process after the other.

    agreement: share of our neighbors that the method names as well; null for the product, which names none.
    """
    found = []
    reference: NDArray[np.int64] | None = None
    for name, (_, needed) in METHODS.items():
        if machine.installed(*needed) != needed:
            print(f"{name}: not installed; left out", flush=True)
            continue
        spent, neighbors = _run(name, rows, width, k, seed, threads)
        reference = neighbors if reference is None else reference
        same = None if neighbors is None or reference is None else agreement(reference, neighbors)
        found.append({"method": name, "agreement": same} | spent)
    return found


def agreement(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Return the share of the (N, k) neighbors in `one` that are in the same row of `other`."""
    return float((one[:, :, None] == other[:, None, :]).any(axis=2).mean())


def _run(name: str, rows: int, width: int, k: int, seed: int, threads: int) -> tuple[dict[str, float], Found]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "found.npz"
        numbers = [str(number) for number in (rows, width, k, seed, threads)]
        command = [sys.executable, "-m", "benchmarks.nearest", name, *numbers, str(out)]
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        with np.load(out) as kept:
            return json.loads(str(kept["spent"])), kept["neighbors"] if kept["neighbors"].size else None


def _less_itself(neighbors: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (N, k) of (N, k + 1) neighbors: each row's own number left out, or the last where it is not named."""
    own = neighbors == np.arange(len(neighbors))[:, None]
    own[~own.any(axis=1), -1] = True
    return neighbors[~own].reshape(len(neighbors), -1)


def main() -> None:
    name, out = sys.argv[1], sys.argv[-1]
    rows, width, k, seed, threads = (int(number) for number in sys.argv[2:-1])
    vectors = unit_vectors(rows, width, seed)
    search = METHODS[name][0](threads)
    with machine.timed() as spent:
        neighbors = search(vectors, k)
    kept = {"wall_seconds": spent.wall, "cpu_seconds": spent.cpu, "peak_bytes": machine.peak_bytes()}
    np.savez(out, spent=json.dumps(kept), neighbors=np.zeros((0, 0), np.int64) if neighbors is None else neighbors)


if __name__ == "__main__":
    main()
