"""Spurious correlations, against planted truth, labels at random and plain loops."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from dataprep import pixels as decoding
from dataprep.config import Correlations, Measure
from dataprep.measure import measure_batch
from dataprep.properties import Property, properties
from dataprep.schema import ORIGINALS, SPURIOUS_CORRELATIONS, check
from dataprep.spurious import (
    FOLDS,
    binned_values,
    judged_rows,
    spurious_correlations,
    stratified,
    strengths,
)
from tests import frames
from tests.test_pixels import encoded

PARAMS = Correlations(file=0.3, picture=0.4, permutations=19)
SIDE = 16
CLASSES = ("ape", "bear", "cat", "dog")
Picture = tuple[Image.Image, str]


def photograph(random: np.random.Generator, side: int = 24) -> Image.Image:
    """Blobs of a random light, contrast and tint: no two alike, all classes of one kind."""
    small = Image.fromarray(random.integers(0, 256, (4, 4, 3), np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    level, contrast = random.normal(120, 20, 3), random.uniform(0.3, 0.6)
    return Image.fromarray(np.clip((np.asarray(small) - 128.0) * contrast + level, 0, 255).astype(np.uint8))


def dataset(
    change: Callable[[Image.Image, str], Picture], per_class: int = 40, seed: int = 0
) -> tuple[pl.DataFrame, pl.DataFrame, np.ndarray]:
    """Return IMAGES, MEASUREMENTS and pixels of photographs, as `change` makes and encodes them."""
    random = np.random.default_rng(seed)
    known, files = [], []
    for number in range(per_class * len(CLASSES)):
        label, name = CLASSES[number % len(CLASSES)], f"{number:04d}"
        image, suffix = change(photograph(random), label)
        data = encoded(image, suffix)
        header = decoding.header(data)
        assert header is not None
        known.append({"image_id": name, "label": label, "bytes": len(data)} | vars(header))
        files.append({"image_id": name, "bytes": data, "fault": None})
    params = Measure(size=SIDE, fit="stretch", max_pixels=10**6, background=255)
    measurements, block = measure_batch(pl.DataFrame(files, schema=ORIGINALS.columns), SIDE, params)
    return frames.images(known), measurements, block


def plain(image: Image.Image, label: str) -> Picture:
    return image, "PNG"


def as_jpeg(image: Image.Image, label: str) -> Picture:
    return image, "JPEG" if label == "cat" else "PNG"


def brighter(image: Image.Image, label: str) -> Picture:
    return (Image.eval(image, lambda value: value + 38) if label == "cat" else image), "PNG"


def larger(image: Image.Image, label: str) -> Picture:
    return (image.resize((36, 36)) if label == "cat" else image), "PNG"


def framed(image: Image.Image, label: str) -> Picture:
    return (ImageOps.expand(image.crop((3, 3, 21, 21)), 3, "white") if label == "cat" else image), "PNG"


def flagged(found: pl.DataFrame) -> set[tuple[str, str]]:
    return set(found.filter("spurious").drop_nulls("label")["property", "label"].iter_rows())


@pytest.fixture(scope="module")
def photographs() -> tuple[pl.DataFrame, pl.DataFrame, np.ndarray]:
    return dataset(plain)


@pytest.mark.parametrize(
    ("change", "name", "strength"),
    [
        (as_jpeg, "format", 1.0),
        (brighter, "brightness", 0.4),
        (larger, "pixel_count", 1.0),
        (framed, "border_brightness", 0.9),
        (framed, "border_variation", 0.9),
    ],
)
def test_what_one_class_alone_has_is_flagged(change: Any, name: str, strength: float) -> None:
    found = spurious_correlations(*dataset(change), PARAMS, 0)
    assert (name, "cat") in flagged(found)
    assert {label for _, label in flagged(found)} == {"cat"}
    row = found.row(by_predicate=(pl.col("property") == name) & (pl.col("label") == "cat"), named=True)
    assert row["strength"] >= strength
    assert row["images"] == 40


def test_a_classs_values_are_told_beside_the_others() -> None:
    rows = spurious_correlations(*dataset(as_jpeg), PARAMS, 0).filter(pl.col("label") == "cat")
    told = {row["property"]: row for row in rows.iter_rows(named=True)}
    assert (told["format"]["category"], told["format"]["inside"], told["format"]["outside"]) == ("JPEG", 1.0, 0.0)
    assert told["format"]["auroc"] is None
    images, measurements, block = dataset(brighter)
    found = spurious_correlations(images, measurements, block, PARAMS, 0)
    row = found.row(by_predicate=(pl.col("property") == "brightness") & (pl.col("label") == "cat"), named=True)
    cats = (images["label"] == "cat").to_numpy()
    bright = measurements["brightness"].to_numpy().astype(np.float64)
    higher = [float(a > b) + float(a == b) / 2 for a in bright[cats] for b in bright[~cats]]
    assert row["auroc"] == pytest.approx(np.mean(higher))
    for column, values in (("inside", bright[cats]), ("outside", bright[~cats])):
        assert row[column] == pytest.approx(np.percentile(values, 50, method="lower"))


def test_the_format_of_every_class_is_told_over_all_classes(photographs: Any) -> None:
    images, measurements, block = photographs
    formats = pl.col("label").replace_strict(dict(zip(CLASSES, ("PNG", "JPEG", "BMP", "GIF"), strict=True)))
    found = spurious_correlations(images.with_columns(format=formats), measurements, block, PARAMS, 0)
    row = found.row(by_predicate=(pl.col("property") == "format") & pl.col("label").is_null(), named=True)
    assert (row["strength"], row["spurious"], row["images"]) == (1.0, True, 160)


@pytest.mark.parametrize("count", [2, 3])
def test_a_class_is_not_flagged_for_what_another_one_has(photographs: Any, count: int) -> None:
    images, measurements, block = photographs
    formats = pl.when(pl.col("label") == "ape").then(pl.lit("JPEG")).otherwise(pl.lit("PNG"))
    few = images.with_columns(format=formats).filter(pl.col("label").is_in(CLASSES[:count]))
    known = few["image_id"].cast(pl.Int64).to_numpy()
    found = spurious_correlations(few, measurements[known], block[known], PARAMS, 0)
    assert flagged(found) == {("format", "ape")}
    strengths_by_class = dict(found.filter(pl.col("property") == "format")["label", "strength"].iter_rows())
    assert strengths_by_class["ape"] == 1.0
    assert strengths_by_class["bear"] == pytest.approx(1 / (count - 1))


def test_two_classes_may_be_flagged_for_one_property(photographs: Any) -> None:
    images, measurements, block = photographs
    formats = pl.col("label").replace_strict({"ape": "JPEG", "bear": "BMP"}, default="PNG")
    found = spurious_correlations(images.with_columns(format=formats), measurements, block, PARAMS, 0)
    assert flagged(found) == {("format", "ape"), ("format", "bear")}


@pytest.mark.parametrize("seed", range(8))
def test_labels_at_random_flag_nothing(photographs: Any, seed: int) -> None:
    images, measurements, block = photographs
    shuffled = images.with_columns(
        pl.col("label").shuffle(seed), format=pl.Series(["PNG", "JPEG"] * 80).shuffle(seed + 100)
    )
    found = spurious_correlations(shuffled, measurements, block, PARAMS, seed)
    assert not found["spurious"].any()


def test_many_small_classes_at_random_flag_nothing(photographs: Any) -> None:
    images, measurements, block = photographs
    for seed in range(4):
        labels = np.random.default_rng(seed).permutation(np.arange(160) % 13).astype(str)
        found = spurious_correlations(images.with_columns(label=pl.Series(labels)), measurements, block, PARAMS, seed)
        assert found["label"].n_unique() == 14
        assert not found["spurious"].any()


def test_a_property_that_is_the_same_for_all_says_nothing(photographs: Any) -> None:
    found = spurious_correlations(*photographs, PARAMS, 0)
    same = found.filter(pl.col("property").is_in(["format", "channels", "pixel_count", "width_over_height"]))
    assert same["strength"].to_list() == same["chance"].to_list() == [0.0] * 20


def test_a_limit_decides_what_counts(photographs: Any) -> None:
    framed_set = dataset(framed)
    strict = Correlations(file=1.0, picture=1.0, permutations=19)
    loose = Correlations(file=0.0, picture=0.0, permutations=19)
    assert len(flagged(spurious_correlations(*framed_set, strict, 0))) < len(
        flagged(spurious_correlations(*framed_set, PARAMS, 0))
    )
    found = spurious_correlations(*photographs, loose, 0)
    assert not found.filter(pl.col("spurious") & (pl.col("strength") <= pl.col("chance"))).height
    assert (
        not spurious_correlations(*framed_set, PARAMS, 0).filter(pl.col("spurious") & (pl.col("strength") < 0.3)).height
    )


def test_the_table_keeps_its_contract_and_is_the_same_each_time(photographs: Any) -> None:
    first = spurious_correlations(*photographs, PARAMS, 3)
    assert check(first, SPURIOUS_CORRELATIONS, "test").equals(first)
    assert first.equals(spurious_correlations(*photographs, PARAMS, 3))
    assert first["strength"].is_between(0, 1).all()
    assert first["chance"].is_between(0, 1).all()


def test_unreadable_unlabeled_copied_and_few_images_are_left_out() -> None:
    rows = [{"image_id": f"{n:02d}", "label": "a" if n < 20 else "b"} for n in range(29)]
    rows[0]["label"] = None  # type: ignore[assignment]
    measured: list[dict[str, Any]] = [{"image_id": row["image_id"]} for row in rows]
    measured[1]["unreadable"] = "broken"
    measured[3]["pixel_hash"] = measured[2]["pixel_hash"] = "same"
    measured[21]["pixel_hash"] = "same"
    found = judged_rows(frames.images(rows), frames.measurements(measured))
    assert found.tolist() == [2, *range(4, 20)]  # the nine of class b are too few


@pytest.mark.parametrize("count", [0, 12])
def test_fewer_than_two_classes_give_an_empty_table(count: int) -> None:
    rows = [{"image_id": f"{n:02d}", "label": "a"} for n in range(count)]
    block = np.zeros((count, 4, 4, 3), np.uint8)
    found = spurious_correlations(
        frames.images(rows), frames.measurements(rows and [{"image_id": r["image_id"]} for r in rows]), block, PARAMS, 0
    )
    assert check(found, SPURIOUS_CORRELATIONS, "test").height == 0


def reference(
    bins: np.ndarray, count: int, step: int, labels: np.ndarray, folds: np.ndarray
) -> tuple[float, list[float]]:
    """Return the strength over all classes and class by class, with bins `step` wide, in plain loops."""
    classes, cells = int(labels.max()) + 1, bins // step
    right, hits, alarms = np.zeros(classes), np.zeros(classes), np.zeros(classes)
    for row in range(len(labels)):
        train = folds != folds[row]
        here = train & (cells == cells[row])
        shares = [(here & (labels == k)).sum() / (train & (labels == k)).sum() for k in range(classes)]
        best = [k for k in range(classes) if shares[k] == max(shares)]
        right[labels[row]] += (labels[row] in best) / len(best)
        for k in range(classes):
            other = (here & (labels != k)).sum() / (train & (labels != k)).sum()
            answer = 0.5 if shares[k] == other else float(shares[k] > other)
            (hits if labels[row] == k else alarms)[k] += answer
    own = np.bincount(labels)
    every = (classes * (right / own).mean() - 1) / (classes - 1)
    each = hits / own - alarms / (len(labels) - own)
    return max(0.0, every), [max(0.0, value) for value in each]


@pytest.mark.parametrize("classes", [2, 3, 6])
@pytest.mark.parametrize("kind", ["numbers", "repeated", "categories"])
def test_strengths_equal_plain_loops(classes: int, kind: str) -> None:
    random = np.random.default_rng(classes)
    labels = np.sort(np.arange(20 * classes) % classes)
    values = random.normal(labels, 1.5)
    if kind != "numbers":
        values = np.round(values)
    if kind == "categories":
        values = np.unique(values, return_inverse=True)[1].astype(np.float64)
    names = tuple("abcdefghijklmnop"[: int(values.max()) + 1]) if kind == "categories" else ()
    binned = binned_values(Property("x", "file", values, names), classes)
    folds = stratified(labels, random)
    told = strengths(binned, labels, folds, classes)
    expected = [reference(binned.bins, binned.count, step, labels, folds) for step in binned.steps]
    assert told.every == pytest.approx(max(every for every, _ in expected), abs=1e-12)
    assert told.each == pytest.approx(np.max([each for _, each in expected], axis=0), abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 8) | st.floats(-1e3, 1e3), min_size=30, max_size=200), st.integers(2, 40))
def test_bins_keep_order_and_equal_values_together(values: list[float], classes: int) -> None:
    binned = binned_values(Property("x", "light", np.array(values, np.float64)), classes)
    assert 0 <= binned.bins.min() <= binned.bins.max() < binned.count
    assert all(binned.count % step == 0 for step in binned.steps)
    order = np.argsort(values, kind="stable")
    assert (np.diff(binned.bins[order]) >= 0).all()
    assert all(len(set(binned.bins[np.array(values) == value])) == 1 for value in values)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=100), st.integers(0, 5))
def test_folds_share_every_class_evenly(labels: list[int], seed: int) -> None:
    folds = stratified(np.array(labels, np.int64), np.random.default_rng(seed))
    for label in set(labels):
        sizes = np.bincount(folds[np.array(labels) == label], minlength=FOLDS)
        assert sizes.max() - sizes.min() <= 1


def test_unknown_values_are_a_bin_of_their_own() -> None:
    values = np.array([np.nan] * 40 + list(range(60)))
    binned = binned_values(Property("x", "file", values), 2)
    assert set(binned.bins[:40]).isdisjoint(binned.bins[40:])


def test_a_white_frame_around_red_has_a_white_border_and_a_red_mean() -> None:
    block = np.full((1, 20, 20, 3), 255, np.uint8)
    block[0, 2:18, 2:18] = (255, 0, 0)
    images, measured = frames.images([{"image_id": "a"}]), frames.measurements([{"image_id": "a"}])
    found = {item.name: item for item in properties(images, measured, block, np.array([0]))}
    expected = {"border_brightness": 1.0, "border_variation": 0.0, "border_red_green": 0.0, "border_yellow_blue": 0.0}
    assert {name: found[name].values[0] for name in expected} == pytest.approx(expected)
    assert found["red_green"].values[0] == pytest.approx(0.64)
    assert found["yellow_blue"].values[0] == pytest.approx(0.5 * 0.64)
    assert found["channels"].categories == ("3 channels",)


def test_properties_are_those_of_the_rows_asked_for_in_their_order() -> None:
    rows = [{"image_id": f"{n}", "width": 10 * n + 10, "height": 10, "bytes": 50} for n in range(4)]
    measured = frames.measurements([{"image_id": f"{n}", "pixel_count": 100 * (n + 1)} for n in range(4)])
    block = np.stack([np.full((8, 8, 3), 51 * n, np.uint8) for n in range(4)])
    found = {item.name: item.values for item in properties(frames.images(rows), measured, block, np.array([1, 3]))}
    assert found["width_over_height"].tolist() == [2.0, 4.0]
    assert found["longer_side"].tolist() == [20.0, 40.0]
    assert found["bytes_per_pixel"].tolist() == [0.25, 0.125]
    assert found["border_brightness"] == pytest.approx([0.2, 0.6])
