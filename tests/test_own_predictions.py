from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from dataprep.errors import DataprepError
from dataprep.own_predictions import read_predictions
from tests.training import builders

LABELS = ["a", "b"] * 6


def given(**changes: Any) -> pl.DataFrame:
    values: dict[str, Any] = {
        "image_id": [f"{n:03d}" for n in range(12)],
        "probability:b": [0.25, 0.75] * 6,
        "probability:a": [0.75, 0.25] * 6,
        "embedding": [[float(n), 1.0] for n in range(12)],
    }
    return pl.DataFrame({name: value for name, value in (values | changes).items() if value is not None})


def read(path: Path, frame: pl.DataFrame) -> pl.DataFrame:
    frame.write_parquet(path / "mine.parquet")
    return read_predictions(path, *builders.tables(LABELS))


def test_columns_go_by_name_and_rows_by_image(tmp_path: Path) -> None:
    found = read(tmp_path, given().reverse())
    assert found["image_id"].to_list() == [f"{n:03d}" for n in range(12)]
    assert found["probabilities"].to_list()[:2] == [[0.75, 0.25], [0.25, 0.75]]
    assert found["embedding"].to_list()[3] == [3.0, 1.0]
    assert found["fold"].to_list() == [0] * 12
    assert found["label"].to_list() == LABELS


def test_folds_are_taken_over_and_a_file_will_do(tmp_path: Path) -> None:
    given(fold=[n % 3 for n in range(12)]).write_parquet(tmp_path / "x.parquet")
    found = read_predictions(tmp_path / "x.parquet", *builders.tables(LABELS))
    assert found["fold"].to_list() == [n % 3 for n in range(12)]


def test_several_files_are_put_together_and_half_precision_is_close_enough(tmp_path: Path) -> None:
    frame = given().with_columns(pl.col("^probability:.*$").cast(pl.Float32))
    frame[:5].write_parquet(tmp_path / "a.parquet")
    frame[5:].write_parquet(tmp_path / "b.parquet")
    assert read_predictions(tmp_path, *builders.tables(LABELS)).height == 12
    off = given(**{"probability:a": [0.7505, 0.2505] * 6})
    (tmp_path / "b.parquet").unlink()
    (tmp_path / "a.parquet").unlink()
    assert np.allclose(read(tmp_path, off)["probabilities"].to_numpy().sum(1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"embedding": None}, "the predictions lack the column embedding"),
        ({"image_id": None}, "the predictions lack the column image_id"),
        ({"probability:b": None}, "the predictions know nothing of the classes b"),
        ({"probability:cat": [0.0] * 12}, "the predictions name unknown classes cat"),
        ({"probability:a": ["x"] * 12}, "the column probability:a is String, no number"),
        ({"image_id": ["000"] * 2 + [f"{n:03d}" for n in range(2, 12)]}, "the predictions give images twice: 000"),
        ({"image_id": ["zzz"] + [f"{n:03d}" for n in range(1, 12)]}, "name images that the source does not have: zzz"),
        ({"probability:a": [float("nan")] + [0.25] * 11}, "probabilities are not finite for 000"),
        ({"probability:a": [None, *[0.25] * 11]}, "probabilities are not finite for 000"),
        ({"probability:a": [1.25, 0.25] * 6, "probability:b": [-0.25, 0.75] * 6}, "probabilities are negative for 000"),
        ({"probability:a": [0.5, 0.25] * 6}, "probabilities do not sum to 1 for 000, 002, 004, 006, 008 and 1 more"),
        ({"embedding": [[1.0]] * 11 + [[1.0, 2.0]]}, "the embeddings are not lists of numbers of one length"),
        ({"embedding": [1.0] * 12}, "the embeddings are not lists of numbers of one length"),
        ({"embedding": [[float("inf")]] * 12}, "embeddings are not finite for 000"),
        ({"fold": [0.5] * 12}, "the column fold holds fractions"),
        ({"fold": [-1] * 12}, "the column fold holds numbers below 0 or too large"),
        ({"fold": [2**40] * 12}, "the column fold holds numbers below 0 or too large"),
        ({"embedding": [[[1.0]]] * 12}, "the embeddings are not lists of numbers of one length"),
        ({"embedding": [{"x": 1.0}] * 12}, "the embeddings are not lists of numbers of one length"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataprepError) as error:
        read(tmp_path, given(**changes))
    assert message in str(error.value)
    assert str(tmp_path) in str(error.value)


def test_missing_images_and_files(tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match=r"there is no Parquet file with predictions\n.*predictions\.path: "):
        read_predictions(tmp_path, *builders.tables(LABELS))
    with pytest.raises(DataprepError, match="the predictions lack images: 011"):
        read(tmp_path, given()[:11])
    (tmp_path / "mine.parquet").write_bytes(b"no table")
    with pytest.raises(DataprepError, match="the predictions cannot be read"):
        read_predictions(tmp_path, *builders.tables(LABELS))
