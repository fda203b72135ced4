"""label_errors and outliers, on planted truth."""

import numpy as np
import polars as pl
import pytest
from cleanlab.filter import find_label_issues

from dataprep.config import LabelErrors, Outliers
from dataprep.detectors import label_errors, outliers
from tests import frames

CLASSES = ["cat", "dog", "eel"]
PARAMS = LabelErrors(filter_by="margin_count", rank_by="self_confidence", trust=0.8)


def predictions(
    labels: list[str],
    probabilities: np.ndarray,
    embeddings: np.ndarray | None = None,
    fold: list[int | None] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    names = [f"{n:04d}" for n in range(len(labels))]
    embeddings = np.zeros((len(labels), 2)) if embeddings is None else embeddings
    frame = pl.DataFrame(
        [
            pl.Series("image_id", names),
            pl.Series("label", labels),
            pl.Series("fold", fold or [n % 2 for n in range(len(names))], dtype=pl.Int32),
            pl.Series(
                "probabilities",
                probabilities.astype(np.float32),
                pl.Array(pl.Float32, probabilities.shape[1]),
            ),
            pl.Series("embedding", embeddings.astype(np.float32), pl.Array(pl.Float32, embeddings.shape[1])),
        ]
    )
    return frames.images([{"image_id": i, "label": y} for i, y in zip(names, labels, strict=True)]), frame


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


def test_planted_errors_are_found_with_their_right_label() -> None:
    labels, probabilities, truth = planted()
    found = label_errors.detect(*predictions(labels, probabilities), PARAMS).filter(issue="label_error")
    picked = found.filter("is_issue")
    wrong = set(found["image_id"][:60])
    hits = picked.filter(pl.col("image_id").is_in(wrong))
    assert hits.height >= 50
    assert hits.height / picked.height >= 0.8
    suggested = dict(hits.select("image_id", "suggested_label").iter_rows())
    right = [CLASSES[truth[int(name)]] == label for name, label in suggested.items()]
    assert np.mean(right) > 0.9
    assert picked["note"][0].startswith("given ")


@pytest.mark.parametrize("rule", ["prune_by_noise_rate", "confident_learning", "both"])
def test_cleanlabs_own_rules_stay_selectable(rule: str) -> None:
    labels, probabilities, _ = planted()
    params = LabelErrors(filter_by=rule, rank_by="self_confidence", trust=0.0)
    found = label_errors.detect(*predictions(labels, probabilities), params)
    single = probabilities.astype(np.float32).astype(np.float64)
    single /= single.sum(1, keepdims=True)
    given = np.array([CLASSES.index(name) for name in labels])
    expected = find_label_issues(given, single, filter_by=rule, n_jobs=1) & (single.argmax(1) != given)
    assert found.filter(issue="label_error")["is_issue"].to_list() == expected.tolist()


def test_an_image_whose_label_is_likeliest_is_never_flagged() -> None:
    labels, probabilities, _ = planted()
    found = label_errors.detect(*predictions(labels, probabilities), PARAMS).filter(issue="label_error")
    top = [CLASSES[n] for n in probabilities.argmax(1)]
    agrees = np.array(top) == np.array(labels)
    assert not found["is_issue"].to_numpy()[agrees].any()


def test_images_in_no_fold_are_not_judged_but_named() -> None:
    labels, probabilities, _ = planted(60, 0)
    labels[0] = "rare"
    wide = np.hstack([probabilities, np.zeros((60, 1))])
    images, predicted = predictions(labels, wide, fold=[None] + [n % 2 for n in range(59)])
    found = label_errors.detect(images, predicted, PARAMS)
    assert not found.filter(issue="label_error", image_id="0000")["is_issue"][0]
    small = found.filter("is_issue", issue="small_class")
    assert small["image_id"].to_list() == ["0000"]
    assert small["note"][0] == "class rare has too few images to be judged"


def test_unreadable_images_have_rows_and_no_findings() -> None:
    labels, probabilities, _ = planted(60, 0)
    images, predicted = predictions(labels, probabilities)
    for detector, params in ((label_errors, PARAMS), (outliers, Outliers(neighbors=5, threshold=0.37, deviations=3.5))):
        found = detector.detect(images, predicted[1:], params)
        assert found.filter(image_id="0000")["is_issue"].to_list() == [False, False]


def test_far_embeddings_and_doubtful_probabilities_are_outliers() -> None:
    labels, probabilities, _ = planted(200, 0)
    # cleanlab compares directions (cosine distance) where there are more than three dimensions.
    embeddings = np.random.default_rng(1).normal([9, 9, 9, 0, 0, 0, 0, 0, 0], 1, (200, 9))
    embeddings[:6] = 20 * np.eye(9)[3:]
    probabilities[6:12] = 1 / 3
    found = outliers.detect(
        *predictions(labels, probabilities, embeddings), Outliers(neighbors=5, threshold=0.37, deviations=3.5)
    )
    far = found.filter(issue="outlier").sort("score").head(6)
    assert sorted(far["image_id"]) == [f"{n:04d}" for n in range(6)]
    assert far["is_issue"].all()
    doubtful = found.filter(issue="out_of_distribution").sort("score").head(6)
    assert sorted(doubtful["image_id"]) == [f"{n:04d}" for n in range(6, 12)]


@pytest.mark.parametrize("wrong", [0.0, 0.1, 0.4])
def test_accuracy_is_estimated_without_the_truth(wrong: float) -> None:
    random = np.random.default_rng(3)
    truth = random.integers(0, 3, 20_000)
    sure = random.uniform(1 / 3, 1, len(truth))
    top = np.where(random.random(len(truth)) < sure, truth, (truth + 1) % 3)  # right as often as it is sure
    probabilities = np.tile(((1 - sure) / 2)[:, None], 3)
    probabilities[np.arange(len(truth)), top] = sure
    given = np.where(random.random(len(truth)) < wrong, (truth + 2) % 3, truth)
    found = label_errors.estimated_accuracy(given, probabilities)
    between = (sure > 0.45) & (sure < 0.9)
    assert np.abs(found - sure)[between].mean() < 0.06


def test_networks_no_better_than_chance_flag_nothing() -> None:
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(3), 3000)
    labels = [CLASSES[n] for n in random.integers(0, 3, 3000)]
    found = label_errors.detect(*predictions(labels, probabilities), PARAMS).filter(issue="label_error")
    assert found["is_issue"].sum() <= 30


def test_scores_that_merely_spread_widely_are_no_outliers() -> None:
    labels, probabilities, _ = planted(400, 0)
    spread = np.random.default_rng(2).normal(0, 1, (400, 6)) * np.exp(np.random.default_rng(3).normal(0, 1, (400, 6)))
    found = outliers.detect(
        *predictions(labels, probabilities, spread), Outliers(neighbors=5, threshold=0.9, deviations=3.5)
    )
    assert found.filter(issue="outlier")["is_issue"].mean() < 0.05
