"""The whole pipeline on somebody's own folder; a file of its own, so that it can run beside `test_pipeline.py`."""

from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from tests.test_pipeline import SMALL, copy_repository, repro, set_params, stages_run

pytestmark = pytest.mark.slow


def test_own_folder_with_hostile_names_by_params_alone(tmp_path: Path) -> None:
    root = copy_repository(tmp_path / "clone")
    source = tmp_path / "my photos"
    for number in range(24):
        label = "a b<i>" if number % 2 else "ü|`c`"
        path = source / label / f"no {number} '\"&.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.effect_noise((40 + number, 40), 60).convert("RGB")
        image.paste((number * 9, 0, 200 if number % 2 else 0), (5, 5, 20, 30))
        image.save(path)
    (source / "a b<i>" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    (source / "README.txt").write_text("not an image")
    set_params(root, SMALL | {"source": {"kind": "folder", "path": str(source)}, "train.workers": 1})
    stages_run(repro(root))
    removed = pl.read_parquet(root / "data/removed.parquet")
    assert removed.filter(pl.col("image_id").str.contains("broken"))["reason"][0].startswith("unreadable: ")
    assert pl.read_parquet(root / "data/skipped.parquet")["path"].to_list() == ["README.txt"]
    report = (root / "reports/summary.md").read_text()
    assert "<i>" not in report
    assert "README" in report
