"""Statistics of neighboring pixels: sharpness, noise, and the grid of 8 x 8 blocks that strong compression leaves."""

import cv2
import numpy as np
from numpy.typing import NDArray

from dataprep.luma import Luma, Statistics

TEXTURE_SIDE = 256  # px; larger pictures are shrunk by a whole factor to no more, so that size alone changes little
BLUR_TAPS = 9  # the mean of Crete et al.
BLOCK = 8  # px, of JPEG
BLOCK_SIDE = 256  # px; blocks are looked for in no more than the central square of this side


def texture_sums(luma: Luma) -> Statistics:
    """Return what `texture_statistics` needs of (n, height, width) pictures of luma, one row per picture.

    rough: (n, 2), mean squared difference of neighbors along rows and columns. edges and lost: (n, 2), of
        differences at least 4 px from the ends the sum of squares, and the sum of each times what a mean takes away of
        it. variance: (n,). phases: (n, 2, 8), see `_phases`. All in levels of 0 to 255.
    """
    small, central = _shrunk(luma), _central(luma)
    pixels = small[0].size
    totals = np.array([cv2.sumElems(small[0])[0]]) if len(small) == 1 else small.sum(axis=(1, 2), dtype=np.float64)
    along = []
    for turned in (False, True):
        picture = _transposed(small) if turned else small
        steps = _steps(picture)
        same = central.shape == small.shape
        of_blocks = steps if same else _steps(_transposed(central) if turned else central)
        along.append(
            {
                "rough": _dots(steps, steps) / max(steps[0].size, 1),
                **_lost(picture, steps),
                "phases": _phases(of_blocks),
            }
        )
    return {
        **{name: np.stack([axis[name] for axis in along], axis=1) for name in along[0]},
        "variance": _dots(small, small) / pixels - (totals / pixels) ** 2,
        "axes": np.full(len(luma), max(sum(length > 1 for length in small.shape[1:]), 1)),
    }


def texture_statistics(sums: Statistics) -> Statistics:
    """Return float64 (n,) per statistic from n rows of `texture_sums`.

    sharpness: with e the absolute differences of neighbors and b those after a 9-tap mean along the same axis, the
        sum of e * max(e - b - 1, 0) over that of e * e, in levels, both axes together. The 1 is for the stairs of whole
        levels that any soft slope has. That is 1 - the blur effect of Crete,
        Dolmiere, Ladret, Nicolas, The blur effect, 2007, with each edge weighing as much as it is strong: a plain
        background, a soft gradient and faint noise have no say beside one real edge. Pictures without any edge to
        blur give 1: flat ones, and those of less than 10 px.
    noise: mean squared difference of neighbors over twice the variance, the mean of both axes
        (1 - autocorrelation at lag 1): 0 for smooth, about 1 for white noise, 0 for flat.
    blockiness: a / (a + b), the lesser of both axes. a is the sum of absolute differences of neighbors across the lines
        of the grid, b the largest of the sums across the seven other sets of lines that are 8 px apart. 0.5 or
        less: no grid; 1: all differences lie on it. 0.5 for fewer than two lines along an axis, and for flat pictures.
    """
    edges = sums["edges"].sum(axis=1)
    roughness = sums["rough"].sum(axis=1) / sums["axes"]
    line, other = sums["phases"][:, :, -1], sums["phases"][:, :, :-1].max(axis=2)
    both = line + other
    blocks = np.where(both > 0, line / np.where(both > 0, both, 1), 0.5)
    sharp = sums["lost"].sum(axis=1) / np.maximum(edges, 1)
    return {
        "sharpness": np.where(edges > 0, np.minimum(sharp, 1.0), 1.0),
        "noise": np.where(roughness > 0, roughness / (2 * np.where(roughness > 0, sums["variance"], 1)), 0.0),
        "blockiness": blocks.min(axis=1),
    }


def _steps(luma: Luma) -> Luma:
    """Return (n, height, width - 1) absolute differences of neighbors in each row of (n, height, width)."""
    count, height, width = luma.shape
    if width < 2:
        return np.zeros((count, height, 0), np.uint8)
    rows = luma.reshape(-1, width)
    return np.asarray(cv2.absdiff(rows[:, 1:], rows[:, :-1]), np.uint8).reshape(count, height, width - 1)


def _lost(luma: Luma, steps: Luma) -> Statistics:
    count, height, width = luma.shape
    if width <= BLUR_TAPS:
        return {"edges": np.zeros(count), "lost": np.zeros(count)}
    rows = luma.reshape(-1, width)
    reach = BLUR_TAPS // 2
    # Neighboring means of 9 differ by their outermost pixels only.
    blurred = cv2.absdiff(rows[:, BLUR_TAPS:], rows[:, :-BLUR_TAPS])
    inner = steps.reshape(-1, width - 1)[:, reach:-reach]
    lost = np.asarray(cv2.addWeighted(inner, 1.0, blurred, -1.0 / BLUR_TAPS, -1.0), np.uint8).reshape(count, height, -1)
    inner = inner.reshape(count, height, -1)
    return {"edges": _dots(inner, inner), "lost": _dots(inner, lost)}


def _dots(left: Luma, right: Luma) -> NDArray[np.float64]:
    """Return (n,) the exact sums of products of n pairs of pictures, each of them of less than 2**31."""
    if len(left) > 1:
        pairs = [picture.reshape(len(picture), -1).astype(np.int32) for picture in (left, right)]
        return np.einsum("ij,ij->i", *pairs).astype(np.float64)
    # x * y = (x**2 + y**2 - (x - y)**2) / 2, and OpenCV sums squares of bytes many times as fast.
    if not left.size:
        return np.zeros(1)
    squares = [cv2.norm(picture[0], cv2.NORM_L2SQR) for picture in (left, right)]
    # OpenCV rounds in the last digits; the sums are whole numbers.
    return np.rint([(sum(squares) - cv2.norm(left[0], right[0], cv2.NORM_L2SQR)) / 2])


def _phases(steps: Luma) -> NDArray[np.float64]:
    """Return (n, 8): sums of the steps across lines 8 px apart, those between JPEG's blocks last.

    Zeros where two such lines don't fit.
    """
    count, _, width = steps.shape
    periods = width // BLOCK
    if periods < 2:
        return np.zeros((count, BLOCK))
    if count == 1:  # by far the faster for large pictures
        sums = cv2.reduce(steps[0], 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    else:
        sums = steps.sum(axis=1, dtype=np.int32)
    return sums[:, : periods * BLOCK].reshape(count, periods, BLOCK).sum(axis=1).astype(np.float64)


def _shrunk(luma: Luma) -> Luma:
    count, height, width = luma.shape
    factor = -(-max(height, width) // TEXTURE_SIDE)
    if factor < 2:
        return luma
    rows, columns = max(height // factor, 1), max(width // factor, 1)
    cut = luma[:, : rows * factor, : columns * factor]
    small = [cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA) for picture in cut]
    return np.asarray(small, np.uint8).reshape(count, rows, columns)


def _transposed(luma: Luma) -> Luma:
    if len(luma) == 1:  # by far the faster for large pictures
        return np.asarray(cv2.transpose(luma[0]), np.uint8).reshape(1, luma.shape[2], luma.shape[1])
    return np.ascontiguousarray(luma.transpose(0, 2, 1))


def _central(luma: Luma) -> Luma:
    if max(luma.shape[1:]) <= BLOCK_SIDE:
        return luma
    top, left = (max(length - BLOCK_SIDE, 0) // 2 // BLOCK * BLOCK for length in luma.shape[1:])
    return np.ascontiguousarray(luma[:, top : top + BLOCK_SIDE, left : left + BLOCK_SIDE])
