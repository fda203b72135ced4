"""label_errors, on planted truth."""

import numpy as np
import polars as pl
import pytest
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.config import LabelErrors
from dataprep.detectors import label_errors
from dataprep.errors import DataprepError
from dataprep.noise_model import calibrated, fit, log_probabilities
from tests import frames

CLASSES = ["cat", "dog", "eel"]
PARAMS = LabelErrors(filter_by="posterior", rank_by="posterior")


def planted(count: int = 600, wrong: int = 60) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Labels with the first `wrong` swapped, honest but noisy probabilities, and the truth."""
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, count)
    logits = random.normal(0, 1, (count, 3))
    logits[np.arange(count), truth] += 4
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    given = truth.copy()
    given[:wrong] = (truth[:wrong] + 1) % 3
    return [CLASSES[n] for n in given], probabilities, truth


def predicted(labels: list[str], probabilities: np.ndarray) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return IMAGES and PREDICTIONS, the joint logits calibrated as those of one's own predictions are."""
    numbers = np.unique(labels, return_inverse=True)[1]
    logits = log_probabilities(probabilities)
    return frames.predicted(labels, probabilities, joint=calibrated(fit(logits, numbers), logits))


def judged(found: pl.DataFrame) -> pl.DataFrame:
    return found.filter(issue="label_error").sort("image_id")


def test_planted_errors_are_found_with_their_right_label() -> None:
    labels, probabilities, truth = planted()
    found = judged(label_errors.detect(*predicted(labels, probabilities), PARAMS))
    picked = found.filter("is_issue")
    hits = picked.filter(pl.col("image_id") < "00060")
    assert hits.height >= 50
    assert hits.height / picked.height >= 0.85
    suggested = dict(hits.select("image_id", "suggested_label").iter_rows())
    right = [CLASSES[truth[int(name)]] == label for name, label in suggested.items()]
    assert np.mean(right) > 0.9


def test_score_and_suggestion_are_probabilities_and_the_note_says_them() -> None:
    labels, probabilities, _ = planted()
    found = judged(label_errors.detect(*predicted(labels, probabilities), PARAMS))
    first = found.filter("is_issue").row(0, named=True)
    label = labels[int(first["image_id"])]
    assert first["score"] < first["suggested_probability"] <= 1
    assert first["score"] + first["suggested_probability"] <= 1 + 1e-6
    assert first["note"] == (
        f"{label} is right with probability {round(first['score'], 2)}, "
        f"{first['suggested_label']} with {round(first['suggested_probability'], 2)}"
    )
    kept = found.filter(~pl.col("is_issue"))
    assert kept["suggested_label"].null_count() == kept.height
    assert kept["suggested_probability"].null_count() == kept.height


def test_what_all_networks_say_together_counts_and_not_the_held_out_one_alone() -> None:
    labels, probabilities, _ = planted()
    images, predictions = predicted(labels, probabilities)
    flat = pl.Series(np.full((600, 3), 1 / 3, np.float32), dtype=pl.Array(pl.Float32, 3))
    found = judged(label_errors.detect(images, predictions.with_columns(probabilities=flat), PARAMS))
    same = judged(label_errors.detect(images, predictions, PARAMS))
    assert found.equals(same)


@pytest.mark.parametrize("rule", ["prune_by_noise_rate", "confident_learning", "both", "predicted_neq_given"])
def test_cleanlabs_own_filters_and_scores_stay_selectable(rule: str) -> None:
    labels, probabilities, _ = planted()
    params = LabelErrors(filter_by=rule, rank_by="normalized_margin")
    found = judged(label_errors.detect(*predicted(labels, probabilities), params))
    single = probabilities.astype(np.float32).astype(np.float64)
    single /= single.sum(1, keepdims=True)
    numbers = np.array([CLASSES.index(name) for name in labels])
    expected = find_label_issues(numbers, single, filter_by=rule, n_jobs=1)
    assert found["is_issue"].to_list() == expected.tolist()
    scores = get_label_quality_scores(numbers, single, method="normalized_margin")
    np.testing.assert_allclose(found["score"], scores, atol=1e-6)
    picked = found.filter("is_issue").with_columns(label=pl.Series(np.array(labels)[expected]))
    assert (picked["suggested_label"] != picked["label"]).all()


def test_images_in_no_fold_are_not_judged_but_named() -> None:
    labels, probabilities, _ = planted(60, 0)
    labels[0] = "rare"
    wide = np.hstack([probabilities, np.zeros((60, 1))])
    images, predicted = frames.predicted(labels, wide, folds=[None] + [n % 2 for n in range(59)])
    found = label_errors.detect(images, predicted, PARAMS)
    assert not found.filter(issue="label_error", image_id="00000")["is_issue"][0]
    small = found.filter("is_issue", issue="small_class")
    assert small["image_id"].to_list() == ["00000"]
    assert small["note"][0] == "class rare has too few images to be judged"


def test_unreadable_images_have_rows_and_no_findings() -> None:
    labels, probabilities, _ = planted(60, 0)
    images, predictions = predicted(labels, probabilities)
    found = label_errors.detect(images, predictions[1:], PARAMS)
    assert found.filter(image_id="00000")["is_issue"].to_list() == [False, False]


def test_networks_no_better_than_chance_flag_nothing() -> None:
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(3), 3000)
    labels = [CLASSES[n] for n in random.integers(0, 3, 3000)]
    found = judged(label_errors.detect(*predicted(labels, probabilities), PARAMS))
    assert found["is_issue"].sum() <= 30


@pytest.mark.parametrize("rule", ["posterior", "prune_by_noise_rate"])
@pytest.mark.parametrize("count", [0, 1, 20])
def test_one_class_or_no_image_flags_nothing(rule: str, count: int) -> None:
    images, predictions = frames.predicted(["cat"] * 20, np.ones((20, 1)))
    params = LabelErrors(filter_by=rule, rank_by="posterior")
    found = judged(label_errors.detect(images, predictions[:count], params))
    assert found.height == 20
    assert not found["is_issue"].any()
    assert found["score"].to_list() == [1.0] * 20


@pytest.mark.parametrize("rule", ["posterior", "confident_learning", "prune_by_noise_rate"])
def test_a_class_that_is_never_predicted_is_judged_all_the_same(rule: str) -> None:
    labels, probabilities, _ = planted()
    probabilities[:, 2] = 0
    probabilities /= probabilities.sum(1, keepdims=True)
    params = LabelErrors(filter_by=rule, rank_by="posterior")
    found = judged(label_errors.detect(*predicted(labels, probabilities), params))
    assert found["score"].is_finite().all()


def test_probabilities_that_are_none_are_refused() -> None:
    labels, probabilities, _ = planted(20, 0)
    probabilities[3] = np.nan
    with pytest.raises(DataprepError, match=r"probabilities that are not finite.*00003"):
        label_errors.detect(*frames.predicted(labels, probabilities), PARAMS)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=40),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.05, 1.0, 20.0]),
)
def test_any_predictions_give_finite_scores_and_no_row_is_lost(labels: list[str], seed: int, spread: float) -> None:
    random = np.random.default_rng(seed)
    width = len(set(labels))
    probabilities = random.dirichlet(np.full(width, spread), len(labels))
    found = judged(label_errors.detect(*predicted(labels, probabilities), PARAMS))
    assert found.height == len(labels)
    assert found["score"].is_between(0, 1).all()
    assert found.filter("is_issue")["suggested_label"].null_count() == 0
