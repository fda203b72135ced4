"""Copies that come too near to held-out images: planted ones are found, others are not."""

from pathlib import Path

import numpy as np
import polars as pl
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

from dataprep.augmentation.draws import fixed
from dataprep.augmentation.near_test import REASON, near_copies, too_near
from dataprep.augmentation.operations import augment
from dataprep.augmentation.plan import Training
from dataprep.augmentation.write import augment_all
from dataprep.config import Augment, NearDuplicates
from dataprep.copies.pairs import find_pairs
from dataprep.normalization.fitting import build
from dataprep.schema import AUGMENTED_LEFT_OUT
from tests.augmentation.samples import digests, params

CPU = torch.device("cpu")
NEAR = NearDuplicates(closeness=0.5, neighbors=10, mirrored=True)
COUNT, HELD_OUT = 400, 100
PLANTED = range(COUNT, COUNT + 10)  # the held-out images 0 to 9, turned back by 10 degrees


def digits() -> np.ndarray:
    """Return 100 held-out digits, 300 others, and ten that are held-out ones turned by -10 degrees: uint8."""
    small = torch.from_numpy(load_digits().images[:COUNT] / 16).float()[:, None].expand(-1, 3, -1, -1)
    large = F.interpolate(small, (24, 24), mode="bicubic").clamp(0, 1)
    turned = augment(large[:10].contiguous(), fixed(digests(10), "rotation", -10.0, 0))
    return torch.cat([large, turned]).mul(255).round().byte().permute(0, 2, 3, 1).numpy()


PIXELS = digits()
NAMES = pl.Series("image_id", [f"{number:03d}" for number in range(len(PIXELS))])
EVERY = pl.DataFrame({"image_id": NAMES, "sha256": digests(len(PIXELS)), "label": ["a"] * len(PIXELS)})


def found(
    chosen: Augment, held_out: int = HELD_OUT, near: NearDuplicates = NEAR
) -> tuple[pl.DataFrame, np.ndarray, Training]:
    rows = np.arange(held_out, len(PIXELS))
    source = Training(PIXELS, rows, EVERY[held_out:])
    return *near_copies(NAMES, source, EVERY[:held_out], chosen, near, 0, CPU), source


def test_an_image_that_augmentation_turns_back_into_a_held_out_one_is_left_out() -> None:
    table, pictures, _ = found(params(rotation=(10, 10)))
    planted = table.filter(pl.col("image_id").is_in([NAMES[row] for row in PLANTED]))
    assert planted.height == 10
    assert planted["nearest"].to_list() == NAMES[:10].to_list()
    assert set(table["reason"]) == {REASON}
    assert table.height - planted.height <= 3  # of 300 others
    for image_id, picture in zip(table["image_id"], pictures, strict=True):
        if image_id in planted["image_id"]:
            difference = picture.astype(int) - PIXELS[int(image_id) - COUNT]
            assert np.abs(difference).mean() < 10


def test_turned_the_other_way_they_stay() -> None:
    table, _, _ = found(params(rotation=(-10, -10)))
    assert not set(table["image_id"]) & {NAMES[row] for row in PLANTED}


def test_each_copy_is_judged_by_itself() -> None:
    chosen = params(rotation=(-10, 10), copies=3)
    table, pictures, _ = found(chosen)
    assert len(pictures) == table.height
    assert table.select("image_id", "copy").rows() == sorted(table.select("image_id", "copy").rows())
    first, _, _ = found(chosen.model_copy(update={"copies": 1}))
    assert table.filter(copy=1).equals(first)


def test_what_is_left_out_is_not_written_and_the_rest_is(tmp_path: Path) -> None:
    chosen = params(rotation=(-10, 10), copies=2)
    table, _, source = found(chosen)
    assert 0 < table.height < 30
    height, width = PIXELS.shape[1:3]
    raw = build({"scale": "[0, 1]", "channels": 3, "height": height, "width": width, "steps": []}, {})
    whole = augment_all(NAMES, PIXELS, source.kept, raw, chosen, 0, tmp_path / "whole.npy")
    part = augment_all(NAMES, PIXELS, source.kept, raw, chosen, 0, tmp_path / "part.npy", left_out=table)
    stays = whole.with_row_index("row").join(table, on=["image_id", "copy"], how="anti").sort("row")
    assert part.equals(stays.drop("row"))
    every, written = np.load(tmp_path / "whole.npy"), np.load(tmp_path / "part.npy")
    assert len(every) == 2 * source.kept.height == len(written) + table.height
    assert np.array_equal(written, every[stays["row"].to_numpy()])


def test_the_closest_held_out_image_is_named_with_its_closeness() -> None:
    both = np.concatenate([PIXELS[:HELD_OUT], PIXELS[:1], PIXELS[HELD_OUT:300]])
    both[1] = np.roll(both[0], 1, axis=1)  # nearly the same
    table = too_near(both, HELD_OUT, NEAR, CPU)
    pairs, _ = find_pairs(both, NEAR.neighbors, NEAR.mirrored, CPU)
    best: dict[int, tuple[float, int]] = {}
    for left, right, closeness in zip(
        *(part.tolist() for part in (pairs.left, pairs.right, pairs.closeness)), strict=True
    ):
        if left < HELD_OUT <= right and closeness >= NEAR.closeness:
            best[right] = max(best.get(right, (0.0, 0)), (closeness, -left))
    expected = [(row, -left, closeness) for row, (closeness, left) in sorted(best.items())]
    assert table.rows() == expected
    assert table.row(0)[:2] == (HELD_OUT, 0)
    assert table.row(0)[2] > 0.99


def test_the_limit_is_that_of_near_duplicates() -> None:
    none, _, _ = found(params(rotation=(10, 10)), near=NEAR.model_copy(update={"closeness": 1.0}))
    assert none.equals(AUGMENTED_LEFT_OUT.empty())


def test_without_held_out_images_or_copies_nothing_is_compared() -> None:
    for table, pictures, _ in (found(params(rotation=(10, 10)), held_out=0), found(params(copies=0))):
        assert table.equals(AUGMENTED_LEFT_OUT.empty())
        assert pictures.shape == (0, 24, 24, 3)
