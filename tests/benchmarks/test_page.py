"""The page's benchmark on a few images of noise."""

from pathlib import Path

from benchmarks.page import inputs, noise, report
from benchmarks.prepare import ROOT
from dataprep.config import Folder, load
from dataprep.report.page import page
from dataprep.report.pictures import GRIDS_BYTES


def test_a_page_of_noise_is_made_like_any_other(tmp_path: Path) -> None:
    noise(40, tmp_path / "noise")
    source = Folder(kind="folder", path=str(tmp_path / "noise"))
    made, originals = inputs(load(ROOT / "params.yaml").model_copy(update={"source": source}), tmp_path)
    text, pictures = report()
    assert sum(len(picture.data) for picture in pictures) > 0.9 * GRIDS_BYTES
    found = page(made, originals, text, pictures)
    assert found.count('<img class="plot"') == len(pictures)
    assert made.images.height == 40 and set(made.issues["issue"]) >= {"near_duplicate", "label_error", "dark"}
