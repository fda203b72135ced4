"""exact_duplicates, near_duplicates, split_leaks and label_conflicts."""

import numpy as np
import polars as pl
import pytest
from PIL import Image

from dataprep.config import ExactDuplicates, LabelConflicts, NearDuplicates, SplitLeaks
from dataprep.detectors import exact_duplicates, label_conflicts, near_duplicates, split_leaks
from dataprep.schema import ISSUES, check
from tests import frames

NEAR = NearDuplicates(closeness=0.5, neighbors=10, mirrored=True)
SIDE = 32


def near(measured: pl.DataFrame, pixels: np.ndarray) -> pl.DataFrame:
    images = frames.images([{"image_id": name} for name in measured["image_id"]])
    return near_duplicates.detect(images, measured, pixels, "train", "cpu", NEAR)


def flagged(issues: pl.DataFrame) -> dict[str, int]:
    """Return image_id -> group of the rows that are issues."""
    return dict(issues.filter("is_issue").select("image_id", "group").iter_rows())


def test_exact_duplicates_by_pixels_and_by_bytes() -> None:
    images = frames.images([{"image_id": i, "sha256": s} for i, s in [("a", "1"), ("b", "1"), ("c", "2"), ("d", "3")]])
    measured = frames.measurements(
        [{"image_id": i, "pixel_hash": p} for i, p in [("a", "x"), ("b", "x"), ("c", "x"), ("d", "y")]]
    )
    by_pixels = exact_duplicates.detect(images, measured, "train", ExactDuplicates(match="pixels"))
    assert flagged(by_pixels) == {"a": 0, "b": 0, "c": 0}
    assert by_pixels["score"].to_list() == [0.0, 0.0, 0.0, 1.0]
    assert by_pixels["note"][0] == "same picture as 2 other(s); the copy to keep: first by name"
    assert by_pixels["note"][1] == "same picture as 2 other(s); keep a: first by name"
    assert flagged(exact_duplicates.detect(images, measured, "train", ExactDuplicates(match="bytes"))) == {
        "a": 0,
        "b": 0,
    }


def test_unreadable_files_are_nobodys_duplicates() -> None:
    images = frames.images([{"image_id": i, "sha256": "1"} for i in "ab"])
    measured = frames.measurements([{"image_id": i, "unreadable": "empty"} for i in "ab"])
    for match in ("pixels", "bytes"):
        assert not flagged(exact_duplicates.detect(images, measured, "train", ExactDuplicates(match=match)))


def picture(seed: int) -> np.ndarray:
    """A smooth random picture, (SIDE, SIDE, 3) uint8."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def shifted(values: np.ndarray, y: int, x: int) -> np.ndarray:
    return np.pad(values, ((2, 2), (2, 2), (0, 0)), "edge")[2 + y : 2 + y + SIDE, 2 + x : 2 + x + SIDE]


def darker(values: np.ndarray) -> np.ndarray:
    return (values * 0.8).astype(np.uint8)


def cropped(values: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(values[3:, 2:-1]).resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def turned(values: np.ndarray) -> np.ndarray:
    wide = Image.fromarray(np.pad(values, ((8, 8), (8, 8), (0, 0)), "symmetric"))
    return np.asarray(wide.rotate(4, Image.Resampling.BICUBIC).crop((8, 8, 8 + SIDE, 8 + SIDE)))


EDITS = {
    "shift": lambda v: shifted(v, 1, -2),
    "darker": darker,
    "both": lambda v: darker(shifted(v, -2, 1)),
    "crop": cropped,
    "turn": turned,
    "mirror": lambda v: v[:, ::-1],
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_copy_is_found_among_others(edit: str) -> None:
    pictures = [picture(seed) for seed in range(60)] + [EDITS[edit](picture(7))]
    names = [f"{n:02d}" for n in range(61)]
    measured = frames.measurements([{"image_id": name} for name in names])
    found = near(measured, np.stack(pictures))
    assert flagged(found) == {"07": 0, "60": 0}
    scores = dict(found.select("image_id", "score").iter_rows())
    assert scores["60"] == scores["07"] < 0.5
    assert min(score for name, score in scores.items() if name not in ("07", "60")) > 0.8
    check(found, ISSUES, "test")


@pytest.mark.parametrize("copies", [5, 9, 25])
def test_many_copies_of_one_picture_are_all_found(copies: int) -> None:
    random = np.random.default_rng(0)
    noisy = [
        np.clip(picture(0) + random.integers(-3, 4, (SIDE, SIDE, 3)), 0, 255).astype(np.uint8) for _ in range(copies)
    ]
    pictures = [*noisy, *(picture(seed) for seed in range(1, 110))]
    measured = frames.measurements([{"image_id": f"{n:03d}"} for n in range(len(pictures))])
    found = near(measured, np.stack(pictures))
    assert flagged(found) == {f"{n:03d}": 0 for n in range(copies)}


def test_exact_copies_share_their_pictures_near_group() -> None:
    pictures = [picture(seed) for seed in range(30)]
    pictures += [pictures[3], darker(pictures[3])]
    rows = [{"image_id": f"{n:02d}", "pixel_hash": f"{3 if n == 30 else n}"} for n in range(32)]
    found = near(frames.measurements(rows), np.stack(pictures))
    assert flagged(found) == {"03": 0, "30": 0, "31": 0}


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_tiny_sets_have_no_near_duplicates_by_accident(count: int) -> None:
    measured = frames.measurements([{"image_id": str(n)} for n in range(count)])
    pixels = np.stack([picture(n) for n in range(count)]) if count else np.zeros((0, SIDE, SIDE, 3), np.uint8)
    assert not flagged(near(measured, pixels))


def test_flat_pictures_resemble_nothing() -> None:
    pixels = np.stack([np.full((SIDE, SIDE, 3), level, np.uint8) for level in range(0, 200, 10)])
    measured = frames.measurements([{"image_id": f"{n:02d}"} for n in range(len(pixels))])
    assert not flagged(near(measured, pixels))


def test_unreadable_rows_take_no_part() -> None:
    pictures = np.stack([picture(0), darker(picture(0))] + [picture(n) for n in range(1, 30)])
    rows = [{"image_id": f"{n:02d}"} for n in range(31)]
    rows[0] = {"image_id": "00", "unreadable": "empty"}
    found = near(frames.measurements(rows), pictures)
    assert not flagged(found)
    assert found.height == 31


def copies() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """a, b exact copies across splits; c, d near copies across splits; e, f exact under two labels."""
    rows = [("a", "train", "x"), ("b", "test", "x"), ("c", "train", "y"), ("d", "test", "y")]
    rows += [("e", "train", "x"), ("f", "train", "y"), ("g", "test", "x")]
    images = frames.images([{"image_id": i, "split": s, "label": y} for i, s, y in rows])
    exact = {"a": 0, "b": 0, "e": 1, "f": 1}
    near = {"c": 0, "d": 0}
    ids = images["image_id"]
    return (
        images,
        frames.issues("exact_duplicate", [{"image_id": i, "group": exact.get(i), "score": 0.0} for i in ids]),
        frames.issues("near_duplicate", [{"image_id": i, "group": near.get(i), "score": 0.2} for i in ids]),
    )


def test_leaks_are_groups_that_span_splits() -> None:
    found = split_leaks.detect(*copies(), "train", SplitLeaks(from_near=True))
    assert flagged(found) == {"a": 0, "b": 0, "c": 1, "d": 1}
    assert found["score"].to_list() == pytest.approx([0.0, 0.0, 0.2, 0.2, 1.0, 1.0, 1.0])
    assert found["note"][0] == "copies with split test, train; drop this one, from the training side"
    assert found["note"][1] == "copies with split test, train; keep this one, drop the training side"
    assert flagged(split_leaks.detect(*copies(), "train", SplitLeaks(from_near=False))) == {"a": 0, "b": 0}


def test_conflicts_are_groups_with_several_labels() -> None:
    found = label_conflicts.detect(*copies(), LabelConflicts(from_near=True))
    assert flagged(found) == {"e": 0, "f": 0}
    assert found.filter(image_id="e")["note"][0] == "copies with label x, y"
