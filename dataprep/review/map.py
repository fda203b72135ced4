"""Where each image stands in a plane: near those of which the networks say the same."""

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from dataprep.schema import MAP, check

LANDMARKS = 2000
NEIGHBORS = 10
PERPLEXITY = 30.0
LEAST_LOGIT = -12.0  # below the largest; what is less probable than that is noise
Floats = NDArray[np.float64]


def positions(predictions: pl.DataFrame, seed: int = 0) -> pl.DataFrame:
    """Return MAP: image_id, x and y of each image that was predicted.

    t-SNE (van der Maaten and Hinton 2008) of `joint_logits`, which all networks share: embeddings of different folds'
    networks do not compare. Beyond LANDMARKS images a random sample of so many is laid out, and each other image goes
    to the mean of its NEIGHBORS nearest there, weighted by exp(-d^2 / s^2) with s its median distance.
    One thread, so that equal input gives equal bytes. predictions: PREDICTIONS.
    """
    rows = predictions.sort("image_id")
    if not rows.height:
        return MAP.empty()
    logits = rows["joint_logits"].to_numpy().astype(np.float64)
    logits = np.maximum(logits - logits.max(1, keepdims=True), LEAST_LOGIT)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(logits))[:LANDMARKS])
    with threadpool_limits(1):
        plane = _laid_out(logits[chosen], seed)
        if len(chosen) < len(logits):
            plane = _placed(logits, chosen, plane)
    x, y = plane.round(3).T
    return check(pl.DataFrame({"image_id": rows["image_id"], "x": x, "y": y}), MAP, "map")


def _laid_out(logits: Floats, seed: int) -> Floats:
    count, width = logits.shape
    if count < 4 or width < 2 or not logits.std(0).any():
        return np.stack([np.arange(count), np.zeros(count)], axis=1).astype(np.float64)
    perplexity = min(PERPLEXITY, (count - 1) / 3)
    reducer = TSNE(2, perplexity=perplexity, init="pca", random_state=seed, n_jobs=1)
    return np.asarray(reducer.fit_transform(logits), np.float64)


def _placed(logits: Floats, chosen: NDArray[np.int64], plane: Floats) -> Floats:
    distance, near = NearestNeighbors(n_neighbors=NEIGHBORS, n_jobs=1).fit(logits[chosen]).kneighbors(logits)
    scale = np.maximum(np.median(distance, axis=1, keepdims=True), 1e-9)
    weight = np.exp(-((distance / scale) ** 2))
    placed = (plane[near] * weight[..., None]).sum(1) / weight.sum(1, keepdims=True)
    placed[chosen] = plane
    return np.asarray(placed)
