"""ZCA whitening: pixels that are uncorrelated and of equal variance, and still look like the image.

Source: Bell, Sejnowski, The independent components of natural scenes are edge filters (1997); Krizhevsky, Learning
multiple layers of features from tiny images (2009), appendix A.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from dataprep.errors import DataprepError
from dataprep.normalization.images import checked

MOST_VALUES = 4096  # per image: a matrix of more takes minutes to decompose and 128 MiB in double precision


def whiten(images: Tensor, mean: Tensor, matrix: Tensor) -> Tensor:
    """Return (x - mean) W for each image x as a row of K = C H W values.

    (N, C, H, W) floating point in and out; mean: (K,); matrix W: (K, K), both as `fit_whitening` returns them;
    computed in their dtype. Raises ValueError when K differs.
    """
    if images.ndim != 4 or images.shape[1:].numel() != len(mean):
        raise ValueError(
            f"images have the shape {tuple(images.shape)}, but the whitening is of {len(mean)} values an image"
        )
    flat = checked(images).flatten(1).to(matrix.dtype)
    return ((flat - mean) @ matrix).view_as(images).to(images.dtype)


def fit_whitening(batches: Iterable[Tensor], regularizer: float) -> tuple[Tensor, Tensor]:
    """Return mean (K,) and matrix (K, K), float64, of all batches (n, C, H, W), with K = C H W at most 4,096.

    W = U diag(1 / sqrt(l + r m)) U^T, with eigenvectors U and eigenvalues l of the covariance, m their mean and r the
    `regularizer`: directions with less than r of the mean variance are mostly noise and are not blown up. Being a
    function of the covariance, W does not depend on the signs of U. Raises DataprepError for larger images.
    """
    count, total, products = 0, torch.zeros(()), torch.zeros(())
    for batch in batches:
        flat = batch.flatten(1).double().cpu()
        if flat.shape[1] > MOST_VALUES:
            raise DataprepError(
                f"the images have {flat.shape[1]:,} values, more than the {MOST_VALUES:,} that whitening is for",
                where="params.yaml, normalize.steps: whiten",
                remedy="set measure.size to 36 or less, or leave whiten out",
            )
        if not count:
            total, products = torch.zeros(flat.shape[1]).double(), torch.zeros(flat.shape[1], flat.shape[1]).double()
        count += len(flat)
        total += flat.sum(0)
        products.addmm_(flat.T, flat)
    if not count:
        raise ValueError("there are no images to fit whitening on")
    mean = total / count
    covariance = products / count - torch.outer(mean, mean)
    values, vectors = torch.linalg.eigh(covariance)
    values = values.clamp_min(0.0)
    # An average of nothing, as of images that are all alike, would divide by 0.
    lifted = values + max(regularizer * float(values.mean()), torch.finfo(torch.float64).tiny ** 0.5)
    return mean, (vectors * lifted.rsqrt()) @ vectors.T
