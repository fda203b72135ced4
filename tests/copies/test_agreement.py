"""Agreement of pixels, against a plain loop in float64 and on known edits."""

import numpy as np
import pytest
import torch

from dataprep.copies.agreement import GRAIN, agreement
from tests.copies.pictures import several


def one_way(one: np.ndarray, other: np.ndarray) -> float:
    side = len(one)
    block, reach = side // 2, max(1, round(side * 3 / 32))
    wide = np.pad(other, reach, "edge")
    total = weight = 0.0
    for top in (0, side // 4, side // 2):
        for left in (0, side // 4, side // 2):
            mine = one[top : top + block, left : left + block]
            mine = mine - mine.mean()
            strength = np.sqrt((mine**2).mean())
            best = -1.0
            for y in range(2 * reach + 1):
                for x in range(2 * reach + 1):
                    theirs = wide[top + y : top + y + block, left + x : left + x + block]
                    theirs = theirs - theirs.mean()
                    spread = strength * np.sqrt((theirs**2).mean())
                    best = max(best, float((mine * theirs).mean() / (spread + GRAIN**2)))
            total += best * strength
            weight += strength
    return total / weight


@pytest.mark.parametrize("side", [8, 16, 32])
def test_agreement_equals_a_plain_loop(side: int) -> None:
    gray = several(3, side).mean(3) / 255
    left, right, mirrored = torch.tensor([0, 1, 2]), torch.tensor([1, 2, 0]), torch.tensor([False, True, False])
    found = agreement(torch.from_numpy(gray.astype(np.float32)), left, right, mirrored)
    for pair in range(3):
        one, other = gray[left[pair]], gray[right[pair]]
        other = other[:, ::-1] if mirrored[pair] else other
        wanted = max((one_way(one, other) + one_way(other, one)) / 2, 0.0)
        assert float(found[pair]) == pytest.approx(wanted, abs=1e-4)


def test_the_same_picture_in_another_light_agrees_wholly_and_flat_ones_do_not() -> None:
    gray = torch.from_numpy(several(1).mean(3).astype(np.float32) / 255)
    pictures = torch.cat([gray, gray * 0.5 + 0.2, gray.flip(2), torch.zeros_like(gray), torch.ones_like(gray)])
    left, right = torch.tensor([0, 0, 3, 0]), torch.tensor([1, 2, 4, 3])
    found = agreement(pictures, left, right, torch.tensor([False, True, False, False]))
    assert found[:2].min() > 0.98
    assert found[2] == 0
    assert found[3] < 0.1


def test_no_pairs() -> None:
    none = torch.zeros(0, dtype=torch.long)
    assert agreement(torch.zeros(2, 32, 32), none, none, none.bool()).shape == (0,)
