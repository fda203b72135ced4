from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from benchmarks import measure
from tests.test_pixels import encoded


@pytest.fixture
def files() -> list[bytes]:
    random = np.random.default_rng(0)
    return [encoded(Image.fromarray(random.integers(0, 256, (9, 12, 3), np.uint8)), kind) for kind in ("PNG", "JPEG")]


def test_images_come_from_files_and_from_tables(tmp_path: Path, files: list[bytes]) -> None:
    (tmp_path / "images/a").mkdir(parents=True)
    (tmp_path / "images/a/1.png").write_bytes(files[0])
    (tmp_path / "images/a/2.jpg").write_bytes(files[1])
    (tmp_path / "images/a/notes.txt").write_text("no image")
    assert measure.contents(tmp_path / "images") == files
    table = pl.DataFrame({"image": [{"bytes": content, "path": None} for content in files]})
    table.write_parquet(tmp_path / "images/part.parquet")
    assert measure.contents(tmp_path / "images") == measure.contents(tmp_path / "images/part.parquet") == files


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="there are no image files and no Parquet files in"):
        measure.taken_in(tmp_path, tmp_path)


def test_decoding_counts_what_can_be_decoded(files: list[bytes]) -> None:
    assert measure.decoded(pl.DataFrame({"bytes": [*files, b"junk", b""]})) == 2


def test_ratio_is_of_the_medians() -> None:
    found = measure.figures(10, {"dataprep": [1.0, 2.0, 9.0], "pillow": [4.0, 1.0, 5.0]})
    assert (found["images_per_second"], found["pillow_images_per_second"], found["ratio"]) == (5.0, 2.5, 2.0)


def test_both_are_measured_and_told(tmp_path: Path, files: list[bytes]) -> None:
    images = measure.taken_in(_written(tmp_path / "in", files), _empty(tmp_path / "out"))
    values = measure.compared(images, tmp_path / "out", workers=1, repeats=2)
    values |= {"cleanvision_images_per_second": None, "machine": {"python": "3"}}
    assert values["images_per_second"] > 0
    assert [len(times) for times in values["seconds"].values()] == [2, 2]
    text = measure.table(values)
    assert text.startswith("2 images, 1 workers, median of 2 runs")
    assert "CleanVision" not in text
    assert "| CleanVision | 7 |" in measure.table(values | {"cleanvision_images_per_second": 7.0})


def _written(folder: Path, files: list[bytes]) -> Path:
    folder.mkdir()
    for number, content in enumerate(files):
        (folder / f"{number}.png").write_bytes(content)
    return folder


def _empty(folder: Path) -> Path:
    folder.mkdir()
    return folder
