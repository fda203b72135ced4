from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from dataprep.errors import DataprepError
from dataprep.ingest import ingest
from dataprep.measure import measure_batch
from dataprep.originals import Originals
from dataprep.sources.catalog import Catalog, entries
from tests.test_measure import PARAMS
from tests.test_pixels import encoded


def catalog(count: int = 20, **changes: object) -> Catalog:
    names = [f"x/{n:02d}.png" for n in range(count)]
    data = [encoded(Image.new("RGB", (n + 1, 2))) for n in range(count)]
    table = entries(names, ["x" if n % 2 else "y" for n in range(count)], ["train"] * count)
    return Catalog(**({"entries": table.reverse(), "read": lambda row: data[count - 1 - row]} | changes))  # type: ignore[arg-type]


def run(source: Catalog, folder: Path, sample: int | None = None, seed: int = 0):  # type: ignore[no-untyped-def]
    return ingest(source, folder / "originals", seed=seed, sample=sample, where="params.yaml, source: test")


def test_rows_are_sorted_described_and_keep_their_bytes(tmp_path: Path) -> None:
    found = run(catalog(), tmp_path)
    assert found.images["image_id"].is_sorted()
    assert found.images["width"].to_list() == list(range(1, 21))
    originals = Originals(tmp_path / "originals")
    with Image.open(__import__("io").BytesIO(originals.read("x/07.png"))) as image:
        assert image.size == (8, 2)
    assert pl.concat(list(originals.batches(7)))["image_id"].to_list() == found.images["image_id"].to_list()


def test_a_sample_is_a_choice_that_does_not_depend_on_the_others(tmp_path: Path) -> None:
    chosen = set(run(catalog(), tmp_path, sample=8).images["image_id"])
    assert len(chosen) == 8
    fewer = set(run(catalog(18), tmp_path, sample=8).images["image_id"])
    assert len(chosen - fewer) <= 2
    assert set(run(catalog(), tmp_path, sample=8, seed=1).images["image_id"]) != chosen


def test_an_image_that_the_source_cannot_give_is_an_unreadable_row(tmp_path: Path) -> None:
    good = catalog()

    def read(row: int) -> bytes:
        if row == 3:
            raise PermissionError(13, "Permission denied")
        return good.read(row)

    found = run(catalog(read=read), tmp_path)
    assert found.images.height == 20
    batch = next(Originals(tmp_path / "originals").batches(50))
    measured, _ = measure_batch(batch, 8, PARAMS)
    assert measured.filter(pl.col("unreadable").is_not_null()).select("image_id", "unreadable").rows() == [
        ("x/16.png", "the source cannot give it: Permission denied")
    ]


def test_a_source_that_gives_nothing(tmp_path: Path) -> None:
    def read(row: int) -> bytes:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(DataprepError, match=r"none of the 20 images can be read: .*Permission denied"):
        run(catalog(read=read), tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_unreadable_image_is_a_row(tmp_path: Path) -> None:
    good = catalog()
    found = run(catalog(read=lambda row: b"" if row == 0 else good.read(row)), tmp_path)
    row = found.images.row(-1, named=True)
    assert (row["image_id"], row["bytes"], row["width"], row["format"]) == ("x/19.png", 0, None, None)


def test_an_annotators_label_outside_the_classes_is_named(tmp_path: Path) -> None:
    votes: list[str | None] = [None] * 20
    votes[3:6] = ["xx", "y", "wolf"]
    table = catalog().entries.reverse().with_columns(pl.Series("annotator:Ada", votes, dtype=pl.String))
    with pytest.raises(DataprepError, match=r"annotator Ada gave the label 'xx' to x/03\.png") as raised:
        run(catalog(entries=table), tmp_path, sample=2)
    assert "none of the classes x, y; 2 of that person's labels are none" in raised.value.what
    assert "did you mean 'x'" in raised.value.remedy
    fits = table.with_columns(pl.col("annotator:Ada").replace({"xx": "x", "wolf": None}))
    assert run(catalog(entries=fits), tmp_path).images["annotator:Ada"].null_count() == 18


ONE = entries(["a", "b"], ["x", "x"], ["train"] * 2)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (entries([], [], []), "the source has no images"),
        (entries(["a", "a"], ["x", "y"], ["train"] * 2), "the same id stands for several images: a"),
        (entries(["a", "b"], [None, None], ["train"] * 2), "no image has a label"),
        (ONE, "there is a single class, 'x'; a classifier needs two"),
    ],
)
def test_sources_that_cannot_be_worked_with(table: pl.DataFrame, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match=message) as caught:
        run(catalog(2, entries=table), tmp_path)
    assert "params.yaml, source: test" in str(caught.value)


def test_the_missing_originals_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match=r"the images that ingest writes are not there\n.*nowhere"):
        Originals(tmp_path / "nowhere")
