"""outliers on planted truth, and its formulas against plain loops."""

import math

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from dataprep.config import Outliers
from dataprep.detectors import outliers, picture_statistics
from dataprep.detectors.picture_statistics import describe, standardized, unusual
from dataprep.errors import DataprepError
from tests import frames

CLASSES = ["cat", "dog", "eel"]
JOINED = Outliers(method="joined", false_share=0.3, neighbors=5, threshold=0.37, deviations=3.5)
CLEANLAB = JOINED.model_copy(update={"method": "cleanlab"})
Inputs = tuple[pl.DataFrame, NDArray[np.uint8], pl.DataFrame]


def smooth(count: int, seed: int = 0) -> NDArray[np.uint8]:
    """Pictures of slanting light with a little grain."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:16, 0:16] / 16
    slope = random.normal(0, 60, (count, 2, 1, 1, 3))
    pictures = 128 + slope[:, 0] * (x[:, :, None] - 0.5) + slope[:, 1] * (y[:, :, None] - 0.5)
    return (pictures + random.normal(0, 6, (count, 16, 16, 3))).clip(0, 255).astype(np.uint8)


def inputs(
    pixels: NDArray[np.uint8],
    logits: NDArray[np.float64],
    labels: list[str] | None = None,
    embeddings: NDArray[np.float64] | None = None,
    fold: list[int | None] | None = None,
) -> Inputs:
    count = len(pixels)
    names = [f"{n:04d}" for n in range(count)]
    labels = labels or [CLASSES[n % 3] for n in range(count)]
    embeddings = np.random.default_rng(5).normal(0, 1, (count, 6)) if embeddings is None else embeddings
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    width = logits.shape[1]
    predictions = pl.DataFrame(
        {
            "image_id": names,
            "label": labels,
            "fold": pl.Series(fold or [n % 2 for n in range(count)], dtype=pl.Int32),
            "probabilities": pl.Series(probabilities.astype(np.float32), dtype=pl.Array(pl.Float32, width)),
            "joint_logits": pl.Series(logits.astype(np.float32), dtype=pl.Array(pl.Float32, width)),
            "embedding": pl.Series(embeddings.astype(np.float32), dtype=pl.Array(pl.Float32, embeddings.shape[1])),
        }
    )
    images = frames.images([{"image_id": i, "label": y} for i, y in zip(names, labels, strict=True)])
    return images, pixels, predictions


def sure(count: int, seed: int = 1) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    logits = random.normal(0, 0.5, (count, 3))
    logits[np.arange(count), np.arange(count) % 3] += random.uniform(3, 6, count)
    return logits


def planted(count: int = 400, odd: int = 8) -> Inputs:
    """The first `odd` pictures are noise that no class fits."""
    pixels, logits = smooth(count), sure(count)
    pixels[:odd] = np.random.default_rng(2).integers(0, 256, (odd, 16, 16, 3))
    logits[:odd] = np.random.default_rng(3).normal(0, 0.2, (odd, 3))
    return inputs(pixels, logits)


def lowest(found: pl.DataFrame, kind: str, count: int) -> list[int]:
    return sorted(int(name) for name in found.filter(issue=kind).sort("score", "image_id")["image_id"].head(count))


def test_a_clump_of_like_outliers_is_found_and_little_else() -> None:
    found = outliers.detect(*planted(), JOINED)
    assert lowest(found, "outlier", 8) == list(range(8))
    picked = found.filter("is_issue", issue="outlier")
    assert picked.height <= 12
    assert set(picked["image_id"]) >= {f"{n:04d}" for n in range(8)}
    assert picked["note"][0].startswith("pixels among the oddest ")
    assert found["score"].is_between(0, 1).all()
    assert lowest(found, "out_of_distribution", 8) == list(range(8))


def test_ordinary_pictures_are_not_flagged() -> None:
    found = outliers.detect(*inputs(smooth(600), sure(600)), JOINED).filter(issue="outlier")
    assert found["is_issue"].sum() <= 3


def test_the_order_of_the_rows_does_not_matter_and_two_runs_agree() -> None:
    images, pixels, predictions = planted()
    first = outliers.detect(images, pixels, predictions, JOINED)
    assert first.equals(outliers.detect(images, pixels, predictions, JOINED))
    order = np.random.default_rng(0).permutation(images.height)
    assert first.equals(outliers.detect(images[order], pixels, predictions[order[::-1]], JOINED))


def test_a_class_whose_pictures_are_all_alike_sets_its_own_scale() -> None:
    values = np.concatenate([np.full(30, 1.0), np.full(30, 10.0), np.full(5, 4.0)])
    values[0], values[30] = 5.0, 14.0
    labels = np.array(["dense"] * 30 + ["sparse"] * 30 + ["tiny"] * 5, dtype=object)
    found = outliers.per_class(values, labels)
    assert found[[0, 1, 30, 31]].tolist() == [5.0, 1.0, 1.4, 1.0]
    assert found[60] == 4.0 / np.median(values)  # too few for a scale of their own
    assert outliers.per_class(np.zeros(40), np.array(["a"] * 40, dtype=object)).tolist() == [1.0] * 40


def test_tail_probabilities_by_plain_loops() -> None:
    values = np.array([3.0, 1.0, 3.0, 2.0, 9.0])
    expected = [(sum(b > a for b in values) + 0.5 * sum(b == a for b in values)) / 5 for a in values]
    assert outliers.upper_tail(values) == pytest.approx(expected, rel=1e-12)
    random = np.random.default_rng(0)
    pairs = random.uniform(size=(200_000, 2))
    for product in (0.001, 0.05, 0.5):
        share = (pairs.prod(1) <= product).mean()
        assert outliers.joined(np.array([product]), np.array([1.0]))[0] == pytest.approx(share, abs=0.003)


def test_flags_by_a_plain_loop() -> None:
    random = np.random.default_rng(4)
    tail = np.concatenate([random.uniform(0, 1, 190), random.uniform(0, 1e-3, 10)])
    limit = max(p for p in tail if p <= 0.3 * sum(q <= p for q in tail) / len(tail))
    assert outliers.flagged(tail, 0.3).tolist() == [p <= limit for p in tail]
    assert not outliers.flagged(np.array([0.5, 0.9]), 0.3).any()
    assert outliers.flagged(np.zeros(0), 0.3).shape == (0,)


def test_fit_is_zero_where_all_classes_are_equally_likely_and_ignores_constants() -> None:
    logits = np.array([[1.0, 1.0, 1.0], [4.0, 1.0, 1.0], [5.0, 2.0, 2.0]])
    assert outliers.fit(logits) == pytest.approx([0.0, math.sqrt(2), math.sqrt(2)], abs=1e-12)


def test_spectra_by_plain_loops() -> None:
    pixels = np.random.default_rng(6).integers(0, 256, (5, 6, 6, 3)).astype(np.uint8)
    patches = [
        np.array([(image[y : y + 2, x : x + 2] / 255).transpose(2, 0, 1).ravel() for y in range(5) for x in range(5)])
        for image in pixels
    ]
    variance, directions = np.linalg.eigh(np.cov(np.concatenate(patches).T, bias=True))
    whitening = directions / np.sqrt(variance + 1e-6)
    for found, own in zip(describe(pixels), patches, strict=True):
        spread = np.cov((own @ whitening).T, bias=True)
        assert found == pytest.approx(np.log(np.linalg.eigvalsh(spread + 1e-3 * np.eye(12))), rel=1e-8)


def test_distances_by_a_plain_loop() -> None:
    pixels = smooth(150)
    points = standardized(describe(pixels))
    distances = [sorted(math.dist(a, b) for j, b in enumerate(points) if i != j) for i, a in enumerate(points)]
    expected = [sum(row[:12]) / 12 for row in distances]  # the root of 150, rounded
    assert unusual(pixels) == pytest.approx(expected, rel=1e-8)


def test_outliers_do_not_stretch_the_scale_they_are_measured_by() -> None:
    values = np.random.default_rng(0).normal(0, 1, (1000, 3)) * [1, 2, 5]
    values[:50] = 1000
    length = np.linalg.norm(standardized(values), axis=1)
    assert length[:50].min() > 50 * np.median(length[50:])


def test_many_pictures_are_measured_to_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_statistics, "REFERENCES", 64)
    pixels = smooth(500)
    pixels[17] = np.random.default_rng(0).integers(0, 256, (16, 16, 3))
    assert unusual(pixels).argmax() == 17


@pytest.mark.parametrize("method", [JOINED, CLEANLAB])
def test_images_in_no_fold_or_unreadable_have_rows_and_no_findings(method: Outliers) -> None:
    images, pixels, predictions = planted()
    in_none = predictions.with_columns(
        pl.when(pl.col("image_id") == "0001").then(None).otherwise("fold").alias("fold").cast(pl.Int32)
    )
    found = outliers.detect(images, pixels, in_none[1:], method)
    assert found.height == 2 * images.height
    for name in ("0000", "0001"):
        rows = found.filter(image_id=name)
        assert not rows["is_issue"].any()
        assert rows["score"].to_list() == [1.0, 1.0]


def test_fewer_than_fifty_images_are_not_judged() -> None:
    found = outliers.detect(*inputs(smooth(49), sure(49)), JOINED)
    assert found.height == 98
    assert found["score"].unique().to_list() == [1.0]
    assert not found["is_issue"].any()


@pytest.mark.parametrize("classes", [1, 3])
def test_pictures_that_are_all_equal_are_no_outliers(classes: int) -> None:
    pixels = np.full((60, 8, 8, 3), 90, np.uint8)
    labels = [CLASSES[n % classes] for n in range(60)]
    found = outliers.detect(*inputs(pixels, np.zeros((60, classes)), labels), JOINED)
    assert not found["is_issue"].any()
    assert found["score"].n_unique() <= 2


@pytest.mark.parametrize("column", ["probabilities", "joint_logits", "embedding"])
def test_numbers_that_are_not_finite_are_named(column: str) -> None:
    images, pixels, predictions = planted()
    values = predictions[column].to_numpy().copy()
    values[3, 0] = np.nan
    broken = predictions.with_columns(pl.Series(column, values, dtype=predictions.schema[column]))
    with pytest.raises(DataprepError, match=r"not finite.*, of 1 images: 0003"):
        outliers.detect(images, pixels, broken, JOINED)


def test_pixels_of_another_run_are_named() -> None:
    images, pixels, predictions = planted()
    with pytest.raises(DataprepError, match="pixels of 399 images, and 400 images"):
        outliers.detect(images, pixels[1:], predictions, JOINED)


def test_cleanlabs_own_scores_find_far_embeddings_and_doubtful_probabilities() -> None:
    # cleanlab compares directions (cosine distance) where there are more than three dimensions.
    embeddings = np.random.default_rng(1).normal([9, 9, 9, 0, 0, 0, 0, 0, 0], 1, (200, 9))
    embeddings[:6] = 20 * np.eye(9)[3:]
    logits = sure(200)
    logits[6:12] = 0
    found = outliers.detect(*inputs(smooth(200), logits, embeddings=embeddings), CLEANLAB)
    assert lowest(found, "outlier", 6) == list(range(6))
    assert found.filter(pl.col("image_id") < "0006", issue="outlier")["is_issue"].all()
    assert lowest(found, "out_of_distribution", 6) == list(range(6, 12))


def test_cleanlabs_scores_that_merely_spread_widely_are_no_outliers() -> None:
    spread = np.random.default_rng(2).normal(0, 1, (400, 6)) * np.exp(np.random.default_rng(3).normal(0, 1, (400, 6)))
    params = CLEANLAB.model_copy(update={"threshold": 0.9})
    found = outliers.detect(*inputs(smooth(400), sure(400), embeddings=spread), params)
    assert found.filter(issue="outlier")["is_issue"].sum() < 20


def test_cleanlabs_scores_of_a_single_class_flag_nothing_by_doubt() -> None:
    images, pixels, predictions = inputs(smooth(60), np.zeros((60, 1)), ["cat"] * 60)
    found = outliers.detect(images, pixels, predictions, CLEANLAB)
    assert not found.filter(issue="out_of_distribution")["is_issue"].any()
    assert found.filter(issue="out_of_distribution")["score"].to_list() == [1.0] * 60
