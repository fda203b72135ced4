"""The closest pictures of each picture: exact search in blocks, or among very many an inverted file."""

import faiss
import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from dataprep.copies.descriptors import Descriptors

EXACT = 100_000  # pictures; among more, an inverted file is searched
BLOCK = 2048
GROUP = 32  # columns whose maximum is looked at first
SLACK = 6  # more candidates than asked for, as they are screened in bfloat16
LISTS = 4  # times the square root of the number of pictures
PROBES = 24  # lists that are searched for each picture
QUERIES = 16_384


def nearest(descriptors: Descriptors, k: int, mirrored: bool, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return (N, k) int64 rows and (N, k) float32 similarities of the most similar pictures, most similar first.

    A picture is not its own neighbor; k is at most N - 1. With `mirrored` the similarity is the larger of those with
    the picture and with its mirror image. Up to 100,000 pictures the search is `exact`, beyond `approximate`:
    benchmarks/README.md has its recall and seconds beside the exact search.
    """
    if len(descriptors) <= EXACT:
        return exact(descriptors, k, mirrored, device)
    return approximate(descriptors, k, mirrored)


def exact(descriptors: Descriptors, k: int, mirrored: bool, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return what `nearest` does, comparing all with all: memory grows with N, time with N squared.

    Screened in bfloat16 and ranked anew in float32: a neighbor is missed only where more than 6 others come within
    bfloat16's rounding of it.
    """
    parts = [part.to(device) for part in (descriptors.even, descriptors.odd)]
    if not mirrored:
        parts = [torch.cat(parts, 1)]
    screened = [part.bfloat16() for part in parts]
    kept = min(k + SLACK, len(descriptors) - 1)
    rows, values = [], []
    for start in tqdm(range(0, len(descriptors), BLOCK), desc="compare", unit="block"):
        mine = slice(start, start + BLOCK)
        similar = screened[0][mine] @ screened[0].T
        if mirrored:
            similar += (screened[1][mine] @ screened[1].T).abs_()
        own = torch.arange(len(similar), device=device)
        similar[own, start + own] = -2.0
        found = top(similar, kept)
        products = [torch.einsum("nd,nkd->nk", part[mine], part[found]) for part in parts]
        best = (products[0] + products[1].abs() if mirrored else products[0]).topk(k)
        rows.append(found.gather(1, best.indices).cpu())
        values.append(best.values.cpu())
    return torch.cat(rows), torch.cat(values)


def top(values: Tensor, k: int) -> Tensor:
    """Return (n, k) the columns of the k largest of each row of (n, m) bfloat16 values; they need not be in order.

    The k largest lie in the k groups of columns with the largest maxima. Where fewer than k values are above zero,
    which of the others are taken is not defined.
    """
    n, m = values.shape
    groups = m // GROUP
    if groups <= k:
        return values.topk(k).indices
    # Above zero, bfloat16 and int16 order alike, and integers compare faster.
    whole = values[:, : groups * GROUP].view(torch.int16).unflatten(1, (GROUP, groups))
    best = whole.amax(1).topk(k).indices
    columns = (best[:, None, :] + groups * torch.arange(GROUP, device=values.device)[None, :, None]).flatten(1)
    if m > groups * GROUP:
        rest = torch.arange(groups * GROUP, m, device=values.device).expand(n, -1)
        columns = torch.cat([columns, rest], 1)
    return columns.gather(1, values.gather(1, columns).topk(k).indices)


def approximate(descriptors: Descriptors, k: int, mirrored: bool) -> tuple[Tensor, Tensor]:
    """Return what `nearest` does by faiss's inverted file of inner products (Douze et al., The Faiss library, 2024).

    Pictures are sorted into 4 sqrt(N) lists by k-means, and the 24 lists nearest to a picture, and to its mirror image,
    are searched. Time grows about as N ** 1.5. Places that are not filled get the picture itself with similarity -1.
    """
    vectors = torch.cat([descriptors.even, descriptors.odd], 1).numpy()
    lists = int(LISTS * len(vectors) ** 0.5)
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(vectors.shape[1]), vectors.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
    index.cp.max_points_per_centroid = 64
    index.nprobe = PROBES
    index.train(vectors)
    index.add(vectors)
    same = np.ones(vectors.shape[1], np.float32)
    sign = same.copy()
    sign[descriptors.even.shape[1] :] = -1
    rows, values = [], []
    for start in tqdm(range(0, len(vectors), QUERIES), desc="compare", unit="block"):
        mine = vectors[start : start + QUERIES]
        found = [index.search(mine * factor, k + 1) for factor in ((same, sign) if mirrored else (same,))]
        similar, near = (torch.from_numpy(np.concatenate(part, axis=1)) for part in zip(*found, strict=True))
        best = _distinct(similar, near, torch.arange(start, start + len(mine))).topk(k)
        chosen = near.gather(1, best.indices)
        own = torch.arange(start, start + len(mine))[:, None].expand_as(chosen)
        rows.append(torch.where(best.values > -1.0, chosen, own))
        values.append(best.values)
    return torch.cat(rows), torch.cat(values)


def _distinct(similar: Tensor, near: Tensor, own: Tensor) -> Tensor:
    """Return `similar` with -1 for the picture itself, for empty places, and for all but the best of one neighbor."""
    order = similar.argsort(dim=1, descending=True, stable=True)
    ranked = near.gather(1, order)
    again = (ranked[:, :, None] == ranked[:, None, :]).tril(-1).any(2)
    bad = again | (ranked < 0) | (ranked == own[:, None])
    return similar.scatter(1, order, torch.where(bad, -1.0, similar.gather(1, order)))
