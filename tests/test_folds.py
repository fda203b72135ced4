import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep import folds
from dataprep.errors import DataprepError
from tests import frames


def assign(rows: list[dict[str, object]], groups: dict[str, int] | None = None, k: int = 3, **bad: str) -> pl.DataFrame:
    images = frames.images(rows)
    names = images["image_id"].to_list()
    measured = frames.measurements([{"image_id": n, "unreadable": bad.get(n)} for n in names])
    none = frames.issues("exact_duplicate", [{"image_id": n} for n in names])
    near = frames.issues("near_duplicate", [{"image_id": n, "group": (groups or {}).get(n)} for n in names])
    return folds.assign_folds(images, measured, none, near, k=k, seed=0)


def rows(**counts: int) -> list[dict[str, object]]:
    return [{"image_id": f"{label}{n:03d}", "label": label} for label, count in counts.items() for n in range(count)]


def test_folds_are_stratified_and_of_like_size() -> None:
    found = assign(rows(a=60, b=30), k=3)
    shares = found.group_by("fold", "label").len().sort("label", "fold")
    assert shares["len"].to_list() == [20, 20, 20, 10, 10, 10]


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.integers(0, 39), st.integers(0, 9)), st.integers(2, 5))
def test_copies_never_straddle_two_folds(groups: dict[int, int], k: int) -> None:
    table = rows(a=20, b=20)
    names = [str(row["image_id"]) for row in table]
    given_groups = {names[n]: group for n, group in groups.items()}
    found = assign(table, given_groups, k)
    spread = found.with_columns(
        group=pl.col("image_id").replace_strict(given_groups, default=None, return_dtype=pl.Int64)
    )
    per_group = (
        spread.drop_nulls("group").filter(pl.col("fold").is_not_null()).group_by("group").agg(pl.col("fold").n_unique())
    )
    assert per_group["fold"].to_list() == [1] * per_group.height


def test_a_small_class_is_in_no_fold_and_the_warning_says_so() -> None:
    found = assign(rows(a=10, b=10, rare=2), k=3)
    rare = found.filter(label="rare")
    assert rare["fold"].null_count() == 2
    assert folds.warnings(found) == [
        "class 'rare' has 2 distinct images, fewer than 3 folds: it is left out of training and not judged "
        "for label errors; its images stay in the data set"
    ]


def test_copies_do_not_make_a_class_large_enough() -> None:
    found = assign(rows(a=10, b=10, c=3), {"c000": 0, "c001": 0}, k=3)
    assert found.filter(label="c")["reason"].unique().to_list() == [
        "class 'c' has 2 distinct images, fewer than 3 folds"
    ]


def test_unreadable_and_unlabeled_images_are_in_no_fold() -> None:
    table = [*rows(a=6, b=6), {"image_id": "x", "label": None}]
    found = assign(table, k=3, a000="empty")
    reasons = dict(found.filter(pl.col("fold").is_null()).select("image_id", "reason").iter_rows())
    assert reasons == {"a000": folds.UNREADABLE, "x": folds.UNLABELED}


def test_too_few_images_for_any_training() -> None:
    with pytest.raises(
        DataprepError,
        match=r"fewer than two classes have 5 distinct readable images.*\n.*folds.k: 5\n.*lower folds.k",
    ):
        assign(rows(a=10, b=4), k=5)
