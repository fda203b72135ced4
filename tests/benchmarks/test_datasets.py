import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from benchmarks.dataset_versions import diff_seconds, index
from benchmarks.datasets import files_in, in_turns, patches, ratio
from tests.closure import ROOT

KEYS = ("write_over_tarwriter", "read_over_webdataset", "diff_seconds", "tensors_share_of_memory_map")


def test_patches_are_the_same_each_time_and_unlike_each_other() -> None:
    made = list(patches(6))
    assert made == list(patches(6))
    assert len(set(made)) == 6


def test_files_come_from_a_table(tmp_path: Path) -> None:
    made = list(patches(3))
    image = pl.DataFrame({"bytes": made, "path": ["a", "b", "c"]}).to_struct("image")
    image.to_frame().write_parquet(tmp_path / "x.parquet")
    assert files_in(tmp_path / "x.parquet") == made


def test_a_ratio_is_that_of_turns_not_of_totals() -> None:
    assert ratio([2.0, 30.0, 4.0], [1.0, 1.0, 1.0]) == 4.0
    assert ratio([2.0, 30.0], [1.0, 10.0]) == 2.5


def test_ways_take_turns_and_the_first_turn_does_not_count() -> None:
    order: list[str] = []
    ways = {"a": lambda: order.append("a"), "b": lambda: order.append("b")}
    seconds = in_turns(ways, 2, lambda: order.append("-"))
    assert "".join(order) == "-a-b" * 3
    assert [len(times) for times in seconds.values()] == [2, 2]


def test_the_diff_that_is_timed_finds_what_differs(tmp_path: Path) -> None:
    assert diff_seconds(1000, tmp_path, 1) > 0
    assert index(1000)["label"].n_unique() == 100


@pytest.mark.slow
def test_the_figures_are_printed_and_written(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.datasets", "--images", "64", "--repeats", "1", "--workers", "1"]
    done = subprocess.run([*command, "--json", str(tmp_path / "x.json")], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    values = json.loads((tmp_path / "x.json").read_text())
    for key in KEYS:
        assert values[key] > 0
        assert key in done.stdout
