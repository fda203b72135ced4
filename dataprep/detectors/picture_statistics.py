"""How unusual pictures are by their low-level statistics alone: no network, no labels."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

SCALES = (1, 2, 4)  # the picture is shrunk by each
LEAST_SIDE = 4  # px; no statistics of a picture shrunk further
BATCH = 1000
FLOOR = 1e-3  # of the whitened patches' variance, whose mean is 1: a flat picture has finite logarithms
REFERENCES = 4096  # pictures that distances are measured to, so that time grows with N only
LEAST_VARIANCE = 1e-9  # less is rounding: equal descriptions stay equal
ROUNDS = 3
KEPT = 0.9  # share of the pictures that mean and covariance are estimated from
SHRINKAGE = 1e-3  # of the mean eigenvalue: the least variance that counts in any direction


def unusual(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return (N,) float64 from 0: the mean distance of each picture to its nearest pictures, by `describe`.

    Descriptions are standardized by `standardized`; the neighbors are the sqrt(R) nearest of R references,
    at most 4096 evenly spread over the rows, the picture itself apart. So many that a clump of like outliers, up to
    1.5 % of a large data set, has to look outside itself. pixels: (N, S, S, 3) uint8, N at least 2.
    Sources: Ramaswamy et al., Efficient algorithms for mining outliers, 2000; Loftsgaarden and Quesenberry, A
    nonparametric estimate of a multivariate density function, 1965, for sqrt(R); Sugiyama and Borgwardt, Rapid
    distance-based outlier detection via sampling, 2013, for a sample as references.
    """
    points = torch.from_numpy(standardized(describe(pixels)))
    chosen = torch.from_numpy(np.unique(np.linspace(0, len(points) - 1, REFERENCES).round().astype(np.int64)))
    references = points[chosen]
    k = round(len(references) ** 0.5)
    found = []
    for start in range(0, len(points), BATCH):
        distance = torch.cdist(points[start : start + BATCH], references, compute_mode="donot_use_mm_for_euclid_dist")
        own = torch.arange(start, start + len(distance))[:, None] == chosen[None, :]
        nearest = distance.masked_fill(own, torch.inf).topk(min(k, len(references) - 1), largest=False).values
        found.append(nearest.mean(1))
    return torch.cat(found).numpy()


def describe(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return (N, 12 x scales) float64: the spectrum of each picture's own 2 x 2 patches, at up to three scales.

    With x a patch (12 values) and W the matrix that whitens the patches of the whole data set, the 12 numbers
    of a scale are the logarithms of the eigenvalues, ascending, of Cov(W x) + 0.001 I over the picture's
    patches: 0 in every direction for a picture whose patches vary as usual, low for a smooth or gray one, high for
    a noisy one. Which way the directions point does not count: it is the usual shape of natural pictures that
    foreign ones lack, and edges of any direction keep it.
    Sources: Tuzel et al., Region covariance, 2006; Arsigny et al., Log-Euclidean metrics, 2006; Sastry and
    Oore, Detecting out-of-distribution examples with Gram matrices, 2020, for second moments as the description.
    """
    side = min(pixels.shape[1:3])
    scales = [scale for scale in SCALES if scale == 1 or side // scale >= LEAST_SIDE]
    return np.concatenate([_spectra(pixels, scale) for scale in scales], axis=1)


def standardized(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (N, D) float64 with mean 0 and covariance I over the most ordinary nine tenths of the rows.

    They are found by three rounds of leaving out the tenth that is farthest by Mahalanobis distance. No
    direction's variance counts as less than 0.001 of the mean variance.
    Source: the concentration step of Rousseeuw and Van Driessen, A fast algorithm for the minimum covariance
    determinant estimator, 1999.
    """
    kept = np.ones(len(values), bool)
    result = np.zeros_like(values)
    for _ in range(ROUNDS):
        center = values[kept].mean(0)
        variance, directions = np.linalg.eigh(np.cov(values[kept].T, bias=True).reshape(2 * values.shape[1:]))
        least = max(SHRINKAGE * float(variance.mean()), LEAST_VARIANCE)
        result = (values - center) @ directions / np.sqrt(np.maximum(variance, least))
        length = np.square(result).sum(1)
        kept = length <= np.quantile(length, KEPT)
    return result


def _spectra(pixels: NDArray[np.uint8], scale: int) -> NDArray[np.float64]:
    moments = torch.cat([_moments(pixels[start : start + BATCH], scale) for start in range(0, len(pixels), BATCH)])
    means, products = moments[:, :, 0], moments[:, :, 1:]
    mean = means.mean(0)
    variance, directions = torch.linalg.eigh(products.mean(0) - torch.outer(mean, mean))
    whitening = directions / (variance + 1e-6).sqrt()
    own = products - means[:, :, None] * means[:, None, :]
    spread = whitening.T @ own @ whitening + FLOOR * torch.eye(len(mean), dtype=torch.float64)
    # Rounding may leave a flat picture's variance just below zero.
    return torch.linalg.eigvalsh(spread).clamp_min(FLOOR).log().numpy()


def _moments(pixels: NDArray[np.uint8], scale: int) -> torch.Tensor:
    """Return (n, 12, 13) float64: mean, then mean of outer products, of each picture's 2 x 2 patches of 0..1 values."""
    images = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).double() / 255
    small = F.avg_pool2d(images, scale) if scale > 1 else images
    patches = F.unfold(small, 2)
    mean = patches.mean(2, keepdim=True)
    return torch.cat([mean, patches @ patches.mT / patches.shape[2]], dim=2)
