"""Predictions that cannot be judged are refused by name."""

import numpy as np
import polars as pl
import pytest

from dataprep.errors import DataprepError
from dataprep.judged import judge
from tests import frames

LABELS = ["cat", "dog", "cat", "dog"]


def halves() -> np.ndarray:
    return np.full((4, 2), 0.5)


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.1, 0.52])
def test_probabilities_that_are_none_are_refused_by_name(value: float) -> None:
    probabilities = halves()
    probabilities[2, 1] = value
    with pytest.raises(
        DataprepError, match=r"probabilities that are not finite, 0 or more, with a sum of 1, of 1 images: 00002"
    ) as raised:
        judge(*frames.predicted(LABELS, probabilities))
    assert raised.value.where == "the predictions"
    assert "dvc repro --force predict" in raised.value.remedy


@pytest.mark.parametrize(("column", "name"), [("joint_logits", "joint logits"), ("embedding", "embeddings")])
def test_other_numbers_that_are_not_finite_are_refused_by_name(column: str, name: str) -> None:
    images, predictions = frames.predicted(LABELS, halves())
    values = predictions[column].to_numpy().copy()
    values[[1, 3]] = np.nan
    broken = predictions.with_columns(pl.Series(column, values, predictions.schema[column]))
    with pytest.raises(DataprepError, match=f"{name} that are not finite, of 2 images: 00001, 00003"):
        judge(images, broken)


def test_as_many_probabilities_as_classes() -> None:
    with pytest.raises(DataprepError, match="3 probabilities per image, but 2 classes"):
        judge(*frames.predicted(LABELS, np.full((4, 3), 1 / 3)))


def test_rounding_to_half_precision_is_no_fault_and_sums_are_1_afterwards() -> None:
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(2), 4).astype(np.float16).astype(np.float32)
    found = judge(*frames.predicted(LABELS, probabilities))
    np.testing.assert_allclose(found.probabilities.sum(1), 1, rtol=1e-12)
    np.testing.assert_allclose(np.exp(found.joint).sum(1), 1, rtol=1e-12)
    assert found.labels.tolist() == [0, 1, 0, 1]


def test_a_probability_of_zero_has_a_logarithm() -> None:
    found = judge(*frames.predicted(LABELS, np.eye(2)[[0, 1, 1, 0]]))
    assert np.isfinite(np.log(found.probabilities)).all()


def test_the_label_is_the_images_one_and_folds_may_be_missing() -> None:
    images, predictions = frames.predicted(LABELS, halves(), folds=[0, 1, None, 1])
    corrected = images.with_columns(pl.Series("label", ["dog", "cat", "cat", None]))
    found = judge(corrected, predictions)
    assert found.ids == ["00000", "00001"]
    assert [found.classes[number] for number in found.labels] == ["dog", "cat"]
