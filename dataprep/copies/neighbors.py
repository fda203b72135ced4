"""The closest pictures of each picture: exact search in blocks, or among very many an inverted file."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from dataprep.copies.descriptors import Descriptors

EXACT = 200_000  # pictures; among more, an inverted file is searched
BLOCK = 1024
GROUP = 32  # columns whose maximum is looked at first
SLACK = 6  # more candidates than asked for, as they are screened in bfloat16
LISTS = 4  # times the square root of the number of pictures
PROBES = 24  # lists that are searched for each picture
QUERIES = 16_384
TRAINED = 64  # pictures per list that the lists are trained on, evenly spaced
RANKED = 512  # rows at a time, so that their candidates stay in the cache


def nearest(descriptors: Descriptors, k: int, mirrored: bool, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return (N, k) int64 rows and (N, k) float32 similarities of the most similar pictures, most similar first.

    A picture is not its own neighbor; k is at most N - 1. With `mirrored` the similarity is the larger of those with
    the picture and with its mirror image. Up to 200,000 pictures the search is `exact`, beyond `approximate`:
    benchmarks/README.md has its recall and seconds beside the exact search.
    """
    if len(descriptors) <= EXACT:
        return exact(descriptors, k, mirrored, device)
    return approximate(descriptors, k, mirrored)


def exact(descriptors: Descriptors, k: int, mirrored: bool, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return what `nearest` does, comparing all with all: memory grows with N, time with N squared.

    Every pair is compared once, in block rows of the upper triangle: what a block finds in later columns is kept as
    their candidates. Screened in bfloat16 and ranked anew in float32: a neighbor is missed only where more than 6
    others come within bfloat16's rounding of it, or where its similarity is not above 0.
    """
    parts = [part.to(device) for part in (descriptors.even, descriptors.odd)]
    if not mirrored:
        parts = [torch.cat(parts, 1)]
    screened = [part.bfloat16() for part in parts]
    count = len(descriptors)
    # Memory that is asked for anew for each block would be paid for page by page.
    buffers = [torch.empty(min(BLOCK, count) * count, dtype=torch.bfloat16, device=device) for _ in parts]
    kept = min(k + SLACK, count - 1)
    values = torch.full((count, kept), -2.0, dtype=torch.bfloat16, device=device)
    rows = torch.zeros(count, kept, dtype=torch.long, device=device)
    found = []
    for start in tqdm(range(0, count, BLOCK), desc="compare", unit="block"):
        mine = slice(start, min(start + BLOCK, count))
        size = mine.stop - start, count - start
        products = (buffer[: size[0] * size[1]].view(size) for buffer in buffers)
        similar, *others = (
            torch.mm(part[mine], part[start:].T, out=product) for part, product in zip(screened, products, strict=True)
        )
        for other in others:
            similar += other.abs_()
        own = torch.arange(len(similar), device=device)
        similar[own, own] = -2.0
        if similar.shape[1] > kept:
            best = top(similar, kept)
            _keep(values[mine], rows[mine], similar.gather(1, best), best + start)
        else:
            columns = torch.arange(start, count, device=device).expand_as(similar)
            _keep(values[mine], rows[mine], similar, columns)
        if mine.stop < count:
            _keep_columns(similar[:, len(similar) :], start, values[mine.stop :], rows[mine.stop :])
        found.append(_ranked(parts, mine, rows[mine], k))
    return torch.cat([part[0] for part in found]).cpu(), torch.cat([part[1] for part in found]).cpu()


def _ranked(parts: list[Tensor], mine: slice, rows: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k best of each row's candidates by float32: (n, k) rows and similarities."""
    found = []
    for part in parts:
        own = part[mine]
        pieces = zip(own.split(RANKED), rows.split(RANKED), strict=True)
        found.append(torch.cat([torch.bmm(part[near], one[:, :, None])[..., 0] for one, near in pieces]))
    best = (found[0] + found[1].abs() if len(found) > 1 else found[0]).topk(k)
    return rows.gather(1, best.indices), best.values


def _keep(values: Tensor, rows: Tensor, more: Tensor, more_rows: Tensor) -> None:
    """Put into `values` (n, kept) and `rows` the best of what is there and of `more`, best first."""
    best = torch.cat([values, more], 1).topk(values.shape[1])
    rows.copy_(torch.cat([rows, more_rows], 1).gather(1, best.indices))
    values.copy_(best.values)


def _keep_columns(similar: Tensor, first: int, values: Tensor, rows: Tensor) -> None:
    """Keep for each column of (n, m) bfloat16 `similar`, whose rows count from `first`, the best of its rows.

    n is a multiple of GROUP. Only groups of rows whose maximum beats the least that a column has kept are looked into.
    """
    n, kept = len(similar), values.shape[1]
    if first == 0:
        best = top(similar.T.contiguous(), min(kept, n))
        _keep(values, rows, similar.T.gather(1, best), best)
        return
    highest = similar.view(torch.int16).unflatten(0, (GROUP, n // GROUP)).amax(0).view(torch.bfloat16)
    column, group = torch.gt(highest.T, values[:, -1:]).nonzero(as_tuple=True)
    members = group[:, None] + n // GROUP * torch.arange(GROUP, device=similar.device)
    likeness = similar[members, column[:, None]]
    hit, place = (likeness > values[column, -1:]).nonzero(as_tuple=True)
    if not len(hit):
        return
    column, row, likeness = column[hit], members[hit, place] + first, likeness[hit, place]
    changed, counts = torch.unique_consecutive(column, return_counts=True)
    line = torch.arange(len(changed), device=similar.device).repeat_interleave(counts)
    place = torch.arange(len(column), device=similar.device) - (counts.cumsum(0) - counts)[line]
    more = torch.full((len(changed), int(counts.max())), -2.0, dtype=values.dtype, device=similar.device)
    more_rows = torch.zeros(more.shape, dtype=torch.long, device=similar.device)
    more[line, place], more_rows[line, place] = likeness, row
    old, old_rows = values[changed], rows[changed]
    _keep(old, old_rows, more, more_rows)
    values[changed], rows[changed] = old, old_rows


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
    import faiss  # not above: it takes half a second, and few data sets need it

    count, width = len(descriptors), descriptors.even.shape[1] + descriptors.odd.shape[1]
    lists = int(LISTS * count**0.5)
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(width), width, lists, faiss.METRIC_INNER_PRODUCT)
    index.nprobe = PROBES
    sample = np.linspace(0, count - 1, min(count, TRAINED * lists)).round().astype(np.int64)
    index.train(_vectors(descriptors, torch.from_numpy(sample), 1))
    own = torch.arange(count)
    for mine in own.split(QUERIES):
        index.add(_vectors(descriptors, mine, 1))
    rows, values = [], []
    for mine in tqdm(own.split(QUERIES), desc="compare", unit="block"):
        signs = (1, -1) if mirrored else (1,)
        found = [index.search(_vectors(descriptors, mine, sign), k + 1) for sign in signs]
        similar, near = (torch.from_numpy(np.concatenate(part, axis=1)) for part in zip(*found, strict=True))
        best = _distinct(similar, near, mine).topk(k)
        chosen = near.gather(1, best.indices)
        rows.append(torch.where(best.values > -1.0, chosen, mine[:, None]))
        values.append(best.values)
    return torch.cat(rows), torch.cat(values)


def _vectors(descriptors: Descriptors, rows: Tensor, sign: int) -> NDArray[np.float32]:
    """Return (n, E + O) descriptors of pictures, or with sign -1 of their mirror images."""
    return torch.cat([descriptors.even[rows], sign * descriptors.odd[rows]], 1).numpy()


def _distinct(similar: Tensor, near: Tensor, own: Tensor) -> Tensor:
    """Return `similar` with -1 for the picture itself, for empty places, and for all but the best of one neighbor."""
    order = similar.argsort(dim=1, descending=True, stable=True)
    ranked = near.gather(1, order)
    again = (ranked[:, :, None] == ranked[:, None, :]).tril(-1).any(2)
    bad = again | (ranked < 0) | (ranked == own[:, None])
    return similar.scatter(1, order, torch.where(bad, -1.0, similar.gather(1, order)))
