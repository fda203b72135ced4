"""Compare two pictures block by block, each block at the small shift where it agrees best."""

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

REACH_SHARE = 3 / 32  # of the side: shifts up to this are tried along each axis
PAIRS = 256
GRAIN = 0.007  # standard deviation of values in [0, 1] below which a block shows no pattern


def agreement(gray: Tensor, left: Tensor, right: Tensor, mirrored: Tensor) -> Tensor:
    """Return (P,) float32: how well each pair of pictures agrees, 0 (not at all) to 1 (the same picture).

    Nine overlapping blocks of half the side of one picture are each laid on the other where they correlate best,
    within 3/32 of the side; so pictures may be shifted, cropped or turned a little against each other. The agreement
    is the mean of these correlations weighted by the blocks' standard deviations, both ways. Brightness and
    contrast drop out; flat blocks don't count; of two flat pictures it is 0.

    gray: (N, S, S) float32 in [0, 1]; left, right: (P,) rows of it; mirrored: (P,) bool, whether to compare with the
    mirror image of the right picture.
    """
    found = [torch.zeros(0)]
    starts = range(0, len(left), PAIRS)
    for start in tqdm(starts, desc="verify candidates", unit="block", disable=not starts):
        one, other = gray[left[start : start + PAIRS]], gray[right[start : start + PAIRS]]
        other = torch.where(mirrored[start : start + PAIRS, None, None], other.flip(2), other)
        found.append((_one_way(one, other) + _one_way(other, one)) / 2)
    return torch.cat(found).clamp(0.0, 1.0)


def _one_way(one: Tensor, other: Tensor) -> Tensor:
    side = one.shape[-1]
    block, step, reach = side // 2, side // 4, max(1, round(side * REACH_SHARE))
    mine = _windows(one, block, step)[:, :3, :3]
    mine = mine.flatten(1, 2).flatten(2)
    mine = mine - mine.mean(-1, keepdim=True)
    wide = F.pad(other[:, None], (reach,) * 4, mode="replicate")[:, 0]
    theirs = _windows(wide, block + 2 * reach, step)[:, :3, :3].flatten(1, 2)
    product = torch.einsum("pbyxij,pbij->pbyx", _windows(theirs, block, 1), mine.unflatten(-1, (block, block)))
    mean, square = (F.avg_pool2d(values, block, 1) for values in (theirs, theirs.square()))
    strength = mine.square().mean(-1).sqrt()
    spread = strength[..., None, None] * (square - mean.square()).clamp_min(0).sqrt()
    best = (product / block**2 / (spread + GRAIN**2)).amax((2, 3))
    return (best * strength).sum(1) / strength.sum(1).clamp_min(1e-6)


def _windows(images: Tensor, side: int, step: int) -> Tensor:
    """Return (..., n, n, side, side) views of (..., S, S)."""
    return images.unfold(-2, side, step).unfold(-2, side, step)
