"""Ranking across splits against plain loops."""

import ast
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import machine, peers_duplicates
from benchmarks.leaks import Listed, flagged, hits, ranked, ranking, thumbnail_pairs
from benchmarks.near import pairs_within
from benchmarks.peers import _judged, peers

TRUTH = Listed(
    test=np.array([True, False, True, False]),
    index=np.array([7, 7, 9, 8], np.int64),
    pairs=np.array([[7, 8], [9, 7], [1, 500]], np.int64),
)


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=7), st.integers(1, 9))
def test_hits_are_the_mean_over_all_orders_of_ties(pairs: list[tuple[int, bool]], first: int) -> None:
    score = np.array([pair[0] for pair in pairs], np.float32)
    true = np.array([pair[1] for pair in pairs])
    expected, left = 0.0, first
    for level in sorted(set(score.tolist()), reverse=True):
        tied = [number for number in range(len(pairs)) if score[number] == level]
        expected += min(1.0, left / len(tied)) * sum(bool(true[number]) for number in tied)
        left = max(0, left - len(tied))
    assert hits(score, true, first) == pytest.approx(expected)


def test_ranking_against_a_loop() -> None:
    random = np.random.default_rng(0)
    true = random.random(400) < 0.1
    score = random.random(400).astype(np.float32) + 0.5 * true
    positives = int(true.sum()) + 3
    order = sorted(range(400), key=lambda number: -score[number])
    found = ranking(score, true, positives)
    for name, times in (("r_precision", 1), ("recall_2p", 2), ("recall_5p", 5)):
        assert found[name] == pytest.approx(sum(true[order[: times * positives]]) / positives)


def test_pairs_are_judged_across_splits_alone() -> None:
    left, right = np.array([0, 0, 1, 2, 1]), np.array([3, 1, 2, 3, 3])
    assert TRUTH.across(left, right).tolist() == [True, True, True, True, False]
    assert TRUTH.true(left, right)[:4].tolist() == [True, False, True, False]
    score = np.array([0.9, 0.8, 0.7, 0.6, 1.0], np.float32)
    assert ranked((left, right, score), TRUTH) == {"r_precision": 2 / 3, "recall_2p": 2 / 3, "recall_5p": 2 / 3}
    assert flagged(np.array([True, False]), 4) == {"pairs": 2, "listed": 1, "recall": 0.25}


def test_a_peers_answer_is_judged_by_file_name() -> None:
    answer = {
        "version": "1",
        "pairs": [["b.jpg", "a.jpg", 0.9], ["a.jpg", "d.jpg", 0.8], ["b.jpg", "d.jpg", 0.7]],
        "seconds": {"encode": 1.0, "search": 2.0},
        "peak_bytes": 5,
    }
    found = _judged(answer, {"a.jpg": 0, "b.jpg": 1, "c.jpg": 2, "d.jpg": 3}, TRUTH, {"high": 0.85, "all": 0.0})
    assert found["r_precision"] == 1 / 3
    assert found["wall_seconds"] == 3.0
    assert found["flagged"]["high"] == {"pairs": 1, "listed": 0, "recall": 0.0}
    assert found["flagged"]["all"] == {"pairs": 2, "listed": 1, "recall": 1 / 3}


def test_thumbnails_against_a_loop() -> None:
    random = np.random.default_rng(1)
    pixels = random.integers(0, 256, (9, 16, 16, 3), dtype=np.uint8)
    pixels[5] = np.clip(pixels[0].astype(int) // 2 + 40, 0, 255)
    pixels[8] = 77
    test = np.arange(9) < 4
    left, right, score = thumbnail_pairs(pixels, test, 20)
    assert len(score) == 20
    small = pixels.astype(np.float64).reshape(9, 8, 2, 8, 2, 3).mean(axis=(2, 4)).reshape(9, -1)
    for one, other, value in zip(left, right, score, strict=True):
        assert test[one]
        assert not test[other]
        expected = 0.0 if other == 8 else np.corrcoef(small[one], small[other])[0, 1]
        assert value == pytest.approx(expected, abs=1e-5)
    best = int(np.argmax(score))
    assert (left[best], right[best]) == (0, 5)


def test_pairs_within_groups() -> None:
    groups = pl.DataFrame({"image_id": ["d", "a", "b", "c", "e"], "copies": ["x", "x", None, "x", "y"]})
    assert pairs_within(groups) == [("a", "c"), ("a", "d"), ("c", "d")]


@pytest.mark.skipif(machine.installed("imagededup") != (), reason="imagededup is installed here")
def test_a_peer_that_is_not_installed_is_left_out_by_name(tmp_path: Path) -> None:
    image = pl.struct(pl.lit(b"no image").alias("bytes"), pl.col("name").alias("path")).alias("image")
    for name in ("train", "test"):
        table = pl.DataFrame({"name": [f"{name}/1.jpg"], "index": [1], "label_clean": [0]})
        table.select(image, "index", "label_clean").write_parquet(tmp_path / f"{name}.parquet")
    (tmp_path / "leaks.csv").write_text("test_index,train_index\n1,1\n")
    found, left_out = peers(tmp_path, sys.executable, ("phash",))
    assert found == {}
    assert "phash is not installed here" in left_out["imagededup PHash"]


def test_the_script_for_peers_imports_nothing_of_ours() -> None:
    tree = ast.parse(Path(peers_duplicates.__file__).read_text())
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not [name for name in names if name.split(".")[0] in ("benchmarks", "dataprep", "stages", "tests")]
