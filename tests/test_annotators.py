"""Consensus of several annotators: a plain reference, planted truth, properties, and every rule for odd input."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.annotators import agreement, human_baseline, judge
from dataprep.crowd import GAP, Crowd, fit, posterior
from dataprep.errors import DataprepError
from dataprep.schema import ANNOTATORS, CONSENSUS, check
from tests import frames

CLASSES = ("bird", "cat", "dog", "fox")


def simulate(
    seed: int, images: int = 1500, wrong: float = 0.2, people: int = 3, shared: float = 0.4
) -> tuple[Any, Any, Any]:
    """Return truth (N,), votes (N, A) and logits (N, 4); on hard images people err `shared` more, and alike."""
    numbers = np.random.default_rng(seed)
    truth = numbers.integers(0, 4, images)
    hard = numbers.random(images) < 0.2
    lure = (truth + numbers.integers(1, 4, images)) % 4
    votes = np.empty((images, people), np.int64)
    for a in range(people):
        errs = numbers.random(images) < wrong * (1 + a / 2) + shared * hard
        random = (truth + numbers.integers(1, 4, images)) % 4
        votes[:, a] = np.where(errs, np.where(hard & (numbers.random(images) < 0.5), lure, random), truth)
    logits = 1.5 * np.eye(4)[truth] + numbers.standard_normal((images, 4)) * 0.7
    return truth, votes, logits


def tables(votes: Any, labels: Any, logits: Any = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return IMAGES with annotators a0, a1, ... and predictions, both of as many rows as there are votes."""
    names = [f"{row:05d}" for row in range(len(votes))]
    images = frames.images([{"image_id": n, "label": CLASSES[y]} for n, y in zip(names, labels, strict=True)])
    for a in range(votes.shape[1]):
        column = [None if vote == GAP else CLASSES[vote] for vote in votes[:, a]]
        images = images.with_columns(pl.Series(f"annotator:a{a}", column, dtype=pl.String))
    values = np.zeros((0, 4)) if logits is None else np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    predictions = pl.DataFrame(
        {
            "image_id": pl.Series(names[: len(values)], dtype=pl.String),
            "label": pl.Series([CLASSES[y] for y in labels[: len(values)]], dtype=pl.String),
            "fold": pl.Series([0] * len(values), dtype=pl.Int32),
            "probabilities": pl.Series(values.astype(np.float32), dtype=pl.Array(pl.Float32, 4)),
        }
    )
    return images, predictions


def crowd(seed: int, people: int = 3, exponent: float = 0.6) -> Crowd:
    """Return a model whose annotators give each class most often where it is right."""
    numbers = np.random.default_rng(seed)
    matrices = numbers.dirichlet(np.ones(4), (people, 4)) * 0.3 + 0.7 * np.eye(4)
    return Crowd(1.7, numbers.standard_normal(4), numbers.dirichlet(np.ones(4)), matrices, exponent)


def test_posterior_is_the_formula() -> None:
    numbers = np.random.default_rng(1)
    votes, logits = numbers.integers(GAP, 4, (40, 3)), numbers.standard_normal((40, 4))
    logits[::5] = np.nan
    model = crowd(2)
    found = posterior(model, votes, logits)
    for row in range(40):
        weights = []
        total = sum(np.exp(model.sharpness * logits[row, c] + model.bias[c]) for c in range(4))
        for y in range(4):
            weight = np.exp(model.sharpness * logits[row, y] + model.bias[y]) / total
            if np.isnan(logits[row, 0]):
                weight = model.shares[y]
            for a in range(3):
                if votes[row, a] != GAP:
                    weight *= model.matrices[a, y, votes[row, a]]
            weights.append(weight**model.exponent)
        assert found[row] == pytest.approx(np.array(weights) / sum(weights), rel=1e-6)


@pytest.mark.parametrize("seed", [0, 1])
def test_consensus_beats_majority_networks_and_votes_alone(seed: int) -> None:
    truth, votes, logits = simulate(seed)
    majority = np.array([np.bincount(row, minlength=4).argmax() for row in votes])
    both = posterior(fit(votes, logits), votes, logits)
    none = np.full_like(logits, np.nan)
    alone = posterior(fit(votes, none), votes, none)
    errors = [int((guess != truth).sum()) for guess in (both.argmax(1), alone.argmax(1), majority, logits.argmax(1))]
    assert errors[0] < 0.7 * min(errors[1:])
    assert errors[1] < errors[2]


def test_matrices_and_quality_are_recovered() -> None:
    truth, votes, logits = simulate(3, images=3000, shared=0.0)
    numbers = np.random.default_rng(0)
    votes[numbers.random(votes.shape) < 0.3] = GAP
    model = fit(votes, logits)
    for a in range(3):
        rows = votes[:, a] != GAP
        right = (votes[:, a] == truth)[rows].mean()
        assert model.matrices[a].diagonal().mean() == pytest.approx(right, abs=0.03)
    _, people = judge(*tables(votes, truth, logits))
    right_shares = [(votes[:, a] == truth)[votes[:, a] != GAP].mean() for a in range(3)]
    assert people["quality"].to_list() == pytest.approx(right_shares, abs=0.03)


def test_voices_that_err_together_weigh_less() -> None:
    def found(shared: float) -> tuple[float, float, float]:
        truth, votes, logits = simulate(4, images=4000, shared=shared)
        model = fit(votes, logits)
        logits_of = [posterior(Crowd(**vars(model) | {"exponent": e}), votes, logits) for e in (1.0, model.exponent)]
        losses = [-float(np.log(p[np.arange(4000), truth]).mean()) for p in logits_of]
        return model.exponent, *losses

    independent, dependent = found(0.0), found(0.5)
    assert dependent[0] < independent[0]
    assert independent[0] > 0.85
    assert dependent[2] < dependent[1]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 5), st.sampled_from([0.3, 0.6, 1.0]))
def test_another_vote_for_a_class_never_lowers_it(seed: int, people: int, exponent: float) -> None:
    model = crowd(seed, people, exponent)
    logits = np.random.default_rng(seed).standard_normal((4, 4)) * 4
    before = np.full(4, -np.inf)
    for voters in range(people + 1):
        votes = np.full((4, people), GAP)
        votes[:, :voters] = np.arange(4)[:, None]
        own = posterior(model, votes, logits).diagonal()
        assert (own >= before - 1e-12).all()
        before = own


@settings(max_examples=4, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 100))
def test_order_of_rows_and_annotators_does_not_matter(random: Any, seed: int) -> None:
    truth, votes, logits = simulate(seed, images=60)
    images, predictions = tables(votes, truth, logits)
    columns = [name for name in images.columns if name.startswith("annotator:")]
    mixed = random.sample(columns, len(columns))
    rows = random.sample(range(60), 60)
    shuffled = images.select([name for name in images.columns if name not in columns] + mixed)[rows]
    for usual, other in zip(judge(images, predictions), judge(shuffled, predictions[rows[::-1]]), strict=True):
        assert usual.equals(other)


def test_tables_keep_their_contract_and_repeat() -> None:
    truth, votes, logits = simulate(5, images=300)
    votes[7], votes[8, 1:], votes[:, 2] = GAP, GAP, GAP
    made = tables(votes, truth, logits)
    consensus, people = judge(*made)
    assert check(consensus, CONSENSUS, "here").equals(consensus)
    assert check(people, ANNOTATORS, "here").equals(people)
    assert all(one.equals(two) for one, two in zip(judge(*made), (consensus, people), strict=True))
    assert consensus.row(7) == ("00007", None, None, 0, None)
    assert consensus["annotators"][8] == 1
    assert people.row(2) == ("a2", 0, None, None, None)
    assert people["agreement_with_others"][0] == pytest.approx(agreement(votes[:, 0], votes[:, 1]))


def test_no_annotators_give_empty_tables() -> None:
    made = judge(*tables(np.zeros((3, 0), np.int64), [0, 1, 2]))
    assert [frame.height for frame in made] == [0, 0]
    assert check(made[0], CONSENSUS, "here").columns == list(CONSENSUS.columns)
    assert check(made[1], ANNOTATORS, "here").columns == list(ANNOTATORS.columns)


def test_a_class_that_a_sample_lacks_is_a_gap() -> None:
    images, predictions = tables(np.zeros((3, 1), np.int64), [0, 1, 2])
    images = images.with_columns(pl.Series("annotator:a0", ["bird", "wolf", "dog"]))
    narrow = predictions.with_columns(probabilities=pl.Series([], dtype=pl.Array(pl.Float32, 3)))
    consensus, people = judge(images, narrow)
    assert consensus["annotators"].to_list() == [1, 0, 1]
    assert people["labels"].to_list() == [2]


@pytest.mark.parametrize("value", [np.nan, 1.5, -0.2])
def test_probabilities_that_are_none_are_refused(value: float) -> None:
    truth, votes, logits = simulate(5, images=20)
    images, predictions = tables(votes, truth, logits)
    values = predictions["probabilities"].to_numpy().copy()
    values[4, 1] = value
    broken = predictions.with_columns(pl.Series("probabilities", values, predictions.schema["probabilities"]))
    for asked in (judge, human_baseline):
        with pytest.raises(DataprepError, match=r"probabilities that are not finite, 0 or more, .* of 1 images: 00004"):
            asked(images, broken)
    with pytest.raises(DataprepError, match="4 probabilities per image, but 3 classes"):
        judge(images.filter(pl.col("label") != images["label"][0]), predictions)


def test_a_model_that_has_seen_the_label_has_no_voice() -> None:
    truth, votes, logits = simulate(5, images=300)
    images, predictions = tables(votes, truth, logits)
    seen = predictions.with_columns(fold=pl.lit(None, pl.Int32))
    assert judge(images, seen)[0].equals(judge(images, predictions[:0])[0])
    unlabeled = seen.with_columns(label=pl.lit(None, pl.String))
    assert judge(images, unlabeled)[0].equals(judge(images, predictions)[0])


def test_the_dependence_of_two_voices_cannot_be_told() -> None:
    _, votes, logits = simulate(7, images=400, people=2)
    assert fit(votes, np.full_like(logits, np.nan)).exponent == 1.0


def test_an_annotator_of_three_labels_has_nearly_the_matrix_of_all() -> None:
    _, votes, logits = simulate(6, images=600)
    few = np.full((600, 1), GAP)
    few[:3, 0] = (votes[:3, 0] + 1) % 4
    model = fit(np.hstack([votes, few]), logits)
    pooled = model.matrices[:3].mean(0)
    assert np.abs(model.matrices[3] - pooled).max() < 0.2
    assert (model.matrices[3].argmax(1) == np.arange(4)).all()


@pytest.mark.parametrize("predicted", [0, 200])
def test_one_annotator_alone_and_images_without_predictions(predicted: int) -> None:
    truth, votes, logits = simulate(7, images=400, people=1)
    consensus, people = judge(*tables(votes, truth, logits[:predicted] if predicted else None))
    assert fit(votes, logits).exponent == 1.0
    assert consensus["label"].null_count() == 0
    assert people["agreement_with_others"].to_list() == [None]
    unseen = consensus["label"].to_list()[predicted:]
    assert np.mean([CLASSES[y] == x for y, x in zip(votes[predicted:, 0], unseen, strict=True)]) > 0.95


def test_all_gaps_are_no_consensus() -> None:
    consensus, people = judge(*tables(np.full((4, 2), GAP), [0, 1, 2, 3], np.zeros((4, 4))))
    assert consensus["label"].to_list() == [None] * 4
    assert people["labels"].to_list() == [0, 0]


def test_human_baseline_by_hand() -> None:
    votes = np.array([[0, 0, GAP], [1, 2, GAP], [2, 2, 2], [3, GAP, GAP]])
    images, predictions = tables(votes, [0, 1, 2, 3], np.eye(4)[[0, 1, 3]])
    found = human_baseline(images, predictions)
    assert found.people == pytest.approx((2 / 3 + 1 + 1) / 3)
    assert found.by_annotator == pytest.approx({"a0": 2 / 3, "a1": 1 / 3, "a2": 0.0})
    assert found.model == pytest.approx(1 / 3)
    assert human_baseline(images.drop("annotator:a1", "annotator:a2"), predictions[:0]).people is None
