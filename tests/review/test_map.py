"""The map: same bytes twice, classes apart, images beyond the sample near their like."""

import numpy as np
import polars as pl
import pytest

from dataprep.review import map as plane
from tests import frames


def predictions(count: int, classes: int = 4) -> pl.DataFrame:
    random = np.random.default_rng(0)
    own = np.arange(count) % classes
    logits = random.normal(0, 1, (count, classes)) + 6 * np.eye(classes)[own]
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return frames.predicted(own.tolist(), shares)[1]


@pytest.mark.parametrize("landmarks", [400, 100])
def test_classes_lie_apart_and_equal_input_gives_equal_places(landmarks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plane, "LANDMARKS", landmarks)
    table = predictions(400)
    found = plane.positions(table)
    assert found.equals(plane.positions(table.reverse()))
    points = found.select("x", "y").to_numpy()
    distance = np.linalg.norm(points[:, None] - points[None], axis=2) + np.diag(np.full(400, np.inf))
    own = np.arange(400) % 4
    assert (own[distance.argmin(1)] == own).mean() > 0.95


@pytest.mark.parametrize("count", [1, 2, 3, 4, 9])
def test_few_images(count: int) -> None:
    found = plane.positions(predictions(count, 2))
    assert found.height == count
    assert np.isfinite(found.select("x", "y").to_numpy()).all()


def test_images_all_alike_and_none() -> None:
    alike = predictions(1, 2)
    table = pl.concat([alike.with_columns(image_id=pl.lit(f"{n}")) for n in range(12)])
    assert np.isfinite(plane.positions(table).select("x", "y").to_numpy()).all()
    assert plane.positions(alike.clear()).is_empty()
