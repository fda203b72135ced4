"""Correlation at the best shift, against a plain loop in float64 and on known edits."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from dataprep.copies.alignment import coarse, fine
from tests.copies.pictures import several

SIDE = 32


def plain(one: NDArray[np.float64], other: NDArray[np.float64], reach: int) -> float:
    """Return the largest correlation over all shifts of up to `reach`."""
    best = 0.0
    for y in range(-reach, reach + 1):
        for x in range(-reach, reach + 1):
            ours, theirs = [], []
            for row in range(max(y, 0), SIDE + min(y, 0)):
                for column in range(max(x, 0), SIDE + min(x, 0)):
                    ours.append(one[row, column])
                    theirs.append(other[row - y, column - x])
            best = max(best, float(np.corrcoef(ours, theirs)[0, 1]))
    return best


def aligned_correlation(
    gray: torch.Tensor, left: torch.Tensor, right: torch.Tensor, mirrored: torch.Tensor
) -> torch.Tensor:
    shifts, _ = coarse(gray, left, right, mirrored)
    return fine(gray, left, right, mirrored, shifts)


def tensor(pictures: NDArray[np.float64]) -> torch.Tensor:
    return torch.from_numpy((pictures * 255).round().astype(np.uint8))


@pytest.mark.parametrize(("y", "x"), [(0, 0), (1, -2), (4, 3), (-5, 5)])
def test_a_shifted_picture_correlates_as_a_plain_loop_says(y: int, x: int) -> None:
    wide = several(1, SIDE + 10).mean(3)[0] / 255
    one, other = wide[5 : 5 + SIDE, 5 : 5 + SIDE], wide[5 + y : 5 + y + SIDE, 5 + x : 5 + x + SIDE]
    found = aligned_correlation(
        tensor(np.stack([one, other])), torch.tensor([0]), torch.tensor([1]), torch.tensor([False])
    )
    assert float(found[0]) == pytest.approx(plain(one, other, 5), abs=1e-3)
    assert float(found[0]) == pytest.approx(1.0, abs=1e-3)


def test_other_pictures_reach_nearly_what_a_search_of_all_shifts_finds() -> None:
    gray = several(4).mean(3) / 255
    left, right, mirrored = torch.tensor([0, 1, 2]), torch.tensor([1, 2, 3]), torch.tensor([False, True, False])
    found = aligned_correlation(tensor(gray), left, right, mirrored)
    for pair in range(3):
        one, other = gray[left[pair]], gray[right[pair]]
        wanted = plain(one, other[:, ::-1] if mirrored[pair] else other, 5)
        assert wanted - 0.1 <= float(found[pair]) <= wanted + 1e-3


def test_light_drops_out_and_flat_pictures_correlate_with_nothing() -> None:
    picture = several(1).mean(3) / 255
    flat = np.full_like(picture, 0.5)
    gray = tensor(np.concatenate([picture, picture * 0.5 + 0.2, picture[:, :, ::-1], flat, 1 - picture]))
    left, right = torch.tensor([0, 0, 0, 3]), torch.tensor([1, 2, 3, 3])
    found = aligned_correlation(gray, left, right, torch.tensor([False, True, False, False]))
    torch.testing.assert_close(found, torch.tensor([1.0, 1.0, 0.0, 0.0]), atol=1e-3, rtol=0)


def test_no_pairs() -> None:
    none = torch.zeros(0, dtype=torch.long)
    assert aligned_correlation(torch.zeros(2, 32, 32, dtype=torch.uint8), none, none, none.bool()).shape == (0,)
