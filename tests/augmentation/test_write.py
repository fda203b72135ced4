from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from dataprep import normalize
from dataprep.augmentation import write
from dataprep.augmentation.draws import draw
from dataprep.augmentation.masks import Cutouts
from dataprep.augmentation.operations import augment
from dataprep.augmentation.partners import partners
from dataprep.augmentation.write import augment_all
from dataprep.config import Augment
from tests.augmentation.samples import digests, params

RAW: dict[str, Any] = {"scale": "[0, 1]", "steps": []}
COUNT = 30
NAMES = [f"{n:02d}" for n in range(COUNT)]
PIXELS = np.random.default_rng(0).integers(0, 256, (COUNT, 8, 8, 3), np.uint8)
EVERY = params(rotation=(-20, 20), blur=0.3, noise=0.3, mixup=0.4, cutmix=0.4, background=0.5, hybrid=0.5, copies=2)


def kept(rows: list[int]) -> pl.DataFrame:
    contents = digests(COUNT)
    columns = {"image_id": [NAMES[n] for n in rows], "sha256": [contents[n] for n in rows]}
    return pl.DataFrame(
        columns | {"label": [str(n % 3) for n in rows]}, schema=dict.fromkeys([*columns, "label"], pl.String)
    )


def cutouts(rows: list[int]) -> Cutouts:
    opacity = np.random.default_rng(1).integers(0, 256, (len(rows), 8, 8), np.uint8)
    return Cutouts(opacity, {NAMES[n]: place for place, n in enumerate(rows)}, 1.0)


def made(
    folder: Path, rows: list[int], chosen: Augment, normalization: dict[str, Any] = RAW, **more: Any
) -> tuple[pl.DataFrame, np.ndarray]:
    index = augment_all(
        pl.Series("image_id", NAMES), PIXELS, kept(rows), normalization, chosen, 0, folder / "a.npy", **more
    )
    return index, np.load(folder / "a.npy")


def unit(rows: list[int]) -> torch.Tensor:
    return torch.from_numpy(PIXELS[rows]).permute(0, 3, 1, 2).float() / 255


@pytest.mark.parametrize("scale", ["[0, 1]", "[-1, 1]"])
def test_unchanged_copies_are_normalized_like_their_originals(tmp_path: Path, scale: str) -> None:
    fitted = {"scale": scale, "steps": [{"step": "gcn", "s": 1.0, "regularizer": 0.0, "floor": 1e-8}]}
    index, array = made(tmp_path, [1, 4], params(copies=2), fitted)
    assert index.select("image_id", "copy").rows() == [("01", 1), ("01", 2), ("04", 1), ("04", 2)]
    expected = normalize.apply(torch.from_numpy(PIXELS[[1, 1, 4, 4]]).permute(0, 3, 1, 2), fitted).numpy()
    assert np.allclose(array, expected, atol=1e-5)
    assert index["partner_share"].to_list() == [0.0] * 4
    assert index.drop("image_id", "copy", "partner_share").null_count().row(0) == (4,) * 5


def test_rows_are_each_images_own_draws(tmp_path: Path) -> None:
    chosen = params(rotation=(-20, 20), noise=0.5, copies=2)
    _, array = made(tmp_path, [3, 7, 11], chosen)
    for copy in (1, 2):
        expected = augment(unit([3, 7, 11]), draw(kept([3, 7, 11])["sha256"].to_list(), copy, chosen, 0))
        assert np.array_equal(array[copy - 1 :: 2], expected.numpy())


def test_mixed_copies_are_told_and_are_what_is_told(tmp_path: Path) -> None:
    chosen, rows = params(rotation=(-20, 20), mixup=0.4), list(range(COUNT))
    index, array = made(tmp_path, rows, chosen)
    sha256 = kept(rows)["sha256"].to_list()
    other = partners(sha256, 1, "mixup", 0)
    turned = augment(unit(rows), draw(sha256, 1, params(rotation=(-20, 20)), 0)).double().numpy()
    assert 5 < index["partner_id"].count() < 25
    for row, (partner, label, share) in enumerate(index.select("partner_id", "partner_label", "partner_share").rows()):
        assert (partner is None) == (label is None) == (share == 0.0)
        if partner is not None:
            assert (partner, label) == (NAMES[other[row]], str(other[row] % 3))
            assert 0 < share <= 0.5
        assert np.allclose(array[row], (1 - share) * turned[row] + share * turned[other[row]], atol=1e-6)


def test_only_the_masked_get_another_background(tmp_path: Path) -> None:
    masked = list(range(0, COUNT, 2))
    index, array = made(tmp_path, list(range(COUNT)), params(background=0.6, hybrid=0.5), cutouts=cutouts(masked))
    assert index["masked"].to_list() == [n % 2 == 0 for n in range(COUNT)]
    assert index.filter(~pl.col("masked"))["scene"].null_count() == COUNT // 2
    assert set(index.filter("masked")["scene"]) == {"background", "hybrid", None}
    assert index.filter(scene="hybrid")["scene_id"].null_count() == 0
    assert index.filter(pl.col("scene").ne_missing("hybrid"))["scene_id"].count() == 0
    changed = (np.abs(array - unit(list(range(COUNT))).numpy()) > 1e-6).any((1, 2, 3))
    assert (changed == index["scene"].is_not_null().to_numpy()).all()
    opacity = cutouts(masked).opacity / 255
    for row, (scene, scene_id) in enumerate(index.select("scene", "scene_id").rows()):
        if scene == "hybrid":
            behind = PIXELS[NAMES.index(scene_id)].transpose(2, 0, 1) / 255
            expected = PIXELS[row].transpose(2, 0, 1) / 255 + (1 - opacity[row // 2]) * (behind - 1)
            assert np.allclose(array[row], expected.clip(0, 1), atol=1e-6)


def test_without_masks_backgrounds_stay(tmp_path: Path) -> None:
    index, array = made(tmp_path, [1, 2], params(background=1.0, hybrid=1.0))
    assert index["scene"].count() == index["masked"].count() == 0
    assert np.array_equal(array, unit([1, 2]).numpy())


def test_adding_images_changes_only_those_that_get_a_new_partner(tmp_path: Path) -> None:
    fewer, more = [n for n in range(COUNT) if n != 12], list(range(COUNT))
    found = cutouts(more)
    before, array = made(tmp_path, fewer, EVERY, cutouts=found)
    after, grown = made(tmp_path, more, EVERY, cutouts=found)
    old = after.with_row_index("row").filter(pl.col("image_id") != "12")
    same = (array == grown[old["row"]]).all((1, 2, 3))
    # A copy differs where the new image is its partner or scene, or its partner's scene.
    touched = old.with_columns(new=(pl.col("partner_id") == "12") | (pl.col("scene_id") == "12"))
    scenes = touched.select("copy", partner_id="image_id", through=pl.col("scene_id") == "12")
    touched = touched.join(scenes, on=["copy", "partner_id"], how="left", maintain_order="left")
    excused = (touched["new"].fill_null(False) | touched["through"].fill_null(False)).to_numpy()
    assert same[~excused].all()
    assert 0 < excused.sum() < 20
    assert before.filter(pl.Series(~excused)).equals(old.drop("row").filter(pl.Series(~excused)))


def test_copies_do_not_depend_on_how_many_are_made_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = list(range(COUNT))
    index, array = made(tmp_path, rows, EVERY, cutouts=cutouts(rows))
    monkeypatch.setattr(write, "BATCH", 7)
    again, others = made(tmp_path, rows, EVERY, cutouts=cutouts(rows))
    assert index.equals(again)
    assert np.array_equal(array, others)


def test_a_lonely_image_is_not_mixed(tmp_path: Path) -> None:
    index, array = made(tmp_path, [5], params(mixup=1.0, cutmix=1.0, hybrid=1.0), cutouts=cutouts([5]))
    assert index.select("partner_id", "partner_share", "scene", "scene_id").rows() == [(None, 0.0, None, None)]
    assert np.array_equal(array, unit([5]).numpy())
    index, _ = made(tmp_path, [5], params(background=1.0, hybrid=1.0), cutouts=cutouts([5]))
    assert index["scene"].to_list() == ["background"]  # where there is no scene


@pytest.mark.parametrize(("rows", "copies"), [([1], 0), ([], 2)])
def test_no_copies_or_no_images_give_an_empty_array(tmp_path: Path, rows: list[int], copies: int) -> None:
    index, array = made(tmp_path, rows, EVERY.model_copy(update={"copies": copies}), cutouts=cutouts([1]))
    assert index.is_empty()
    assert array.shape == (0, 3, 8, 8)


def test_a_failing_run_leaves_the_old_file(tmp_path: Path) -> None:
    _, before = made(tmp_path, [1], params())
    with pytest.raises(ValueError, match="is no SHA-256"):
        augment_all(
            pl.Series("image_id", NAMES),
            PIXELS,
            kept([1]).with_columns(sha256=pl.lit("x")),
            RAW,
            params(),
            0,
            tmp_path / "a.npy",
        )
    assert np.array_equal(np.load(tmp_path / "a.npy"), before)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]
