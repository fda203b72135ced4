"""Planted copies and how flagged pairs are judged."""

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from benchmarks.copies import class_folders, found_copies, judged, readable, sampled, with_copies
from benchmarks.edits import EDITS


def rows(count: int) -> pl.DataFrame:
    """Return so many noisy pictures, each unlike the others, in two classes."""
    random = np.random.default_rng(0)
    made = []
    for number in range(count):
        kept = io.BytesIO()
        coarse = Image.fromarray(random.integers(0, 256, (6, 6, 3), dtype=np.uint8))
        coarse.resize((32, 32), Image.Resampling.BICUBIC).save(kept, "PNG")
        made.append({"image_id": f"{number:03}.png", "bytes": kept.getvalue(), "label": "ab"[number % 2]})
    return pl.DataFrame(made)


def test_flagged_pairs_are_hits_false_or_left_out() -> None:
    truth = pl.DataFrame(
        {"image_id": ["c1", "c2", "c3"], "source": ["o1", "o2", "o3"], "edit": ["flip", "crop", "crop"]}
    )
    pairs = [("c1", "o1"), ("c2", "o1"), ("o1", "o2"), ("c1", "c3"), ("c2", "o3"), ("o2", "o4")]
    found = judged(pairs, truth, alone={("o1", "o2")}, known={("o2", "o3")})
    assert found["edits"]["flip"] == {"planted": 1, "hits": 1, "false": 1, "precision": 0.5, "recall": 1.0}
    assert found["edits"]["crop"] == {"planted": 2, "hits": 0, "false": 1, "precision": 0.0, "recall": 0.0}
    assert list(found["edits"]) == ["crop", "flip"]
    overall = {key: found[key] for key in ("planted", "hits", "false", "precision", "recall")}
    assert overall == {"planted": 3, "hits": 1, "false": 2, "precision": 1 / 3, "recall": 1 / 3}
    left_out = (found["left_out_flagged_alone"], found["left_out_known"], found["false_between_originals"])
    assert left_out == (2, 1, 1)


def test_nothing_flagged_has_no_precision() -> None:
    truth = pl.DataFrame({"image_id": ["c"], "source": ["o"], "edit": ["flip"]})
    assert judged([], truth, alone=set(), known=set())["precision"] is None


def test_each_original_gets_one_copy_of_its_label() -> None:
    originals = rows(len(EDITS))
    everything, truth = with_copies(originals, seed=2)
    assert everything.height == 2 * originals.height
    assert everything["image_id"].is_unique().all()
    assert truth["source"].to_list() == originals["image_id"].to_list()
    assert sorted(truth["edit"]) == sorted(EDITS)
    assert everything["label"].to_list() == originals["label"].to_list() * 2
    with Image.open(io.BytesIO(everything["bytes"][-1])) as image:
        assert image.format == "PNG"
    assert with_copies(originals, seed=2)[0].equals(everything)


def test_copies_are_found_from_bytes_to_groups(tmp_path: Path) -> None:
    found = found_copies(rows(26), set(), 0, tmp_path)
    assert found["planted"] == found["originals"] == 26
    assert found["edits"]["brightness"]["recall"] == 1.0
    assert found["edits"]["re-encode"]["recall"] == 1.0
    assert found["precision"] == 1.0


def test_a_sample_is_drawn_by_seed() -> None:
    originals = rows(9)
    one = sampled(originals, 4, 0)
    assert one.equals(sampled(originals, 4, 0))
    assert one.height == 4
    assert not one.equals(sampled(originals, 4, 1))
    assert sampled(originals, 99, 0).equals(originals)


def test_class_folders_and_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    Image.new("RGB", (9, 9)).save(tmp_path / "cat" / "a b.PNG")
    (tmp_path / "cat" / "broken.jpg").write_bytes(b"\xff\xd8 no more")
    (tmp_path / "cat" / "notes.txt").write_text("no image")
    found = class_folders(tmp_path)
    assert found["image_id"].to_list() == ["cat/a b.PNG", "cat/broken.jpg"]
    assert found["label"].to_list() == ["cat", "cat"]
    assert readable(found)["image_id"].to_list() == ["cat/a b.PNG"]
    with pytest.raises(SystemExit, match="no images in class folders"):
        class_folders(tmp_path / "cat")
