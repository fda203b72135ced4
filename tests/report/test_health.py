"""Health: each kind counted by hand, what its interval stands for, and the images behind it."""

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from dataprep.report.assessment import assess
from dataprep.report.facts import gather, remaining_findings
from dataprep.report.health import labels, measure
from dataprep.report.health.share_of import Health
from dataprep.report.inputs import Inputs
from dataprep.report.intervals import wilson
from dataprep.report.views import View
from tests import frames
from tests.report.builders import correlations
from tests.report.builders import inputs as usual
from tests.report.healthy import NAMES, decisions, flags, groups, healthy, ids, kept, predictions

TRAIN = [name for row, name in enumerate(ids()) if row // 3 % 3]
TEST = [name for row, name in enumerate(ids()) if not row // 3 % 3]


def both(made: Inputs) -> tuple[dict[str, Health], dict[str, Health]]:
    facts = gather(made)
    return measure(made, facts, False), measure(made, facts, True)


def mistaken(images: pl.DataFrame, number: int) -> list[str]:
    """Return labels of which the first `number` are those of the next class."""
    return [NAMES[(NAMES.index(label) + (row < number)) % 3] for row, label in enumerate(images["label"])]


def test_all_is_well_where_nothing_is_wrong() -> None:
    before, written = both(healthy())
    assert set(before) == set(written) == {
        *("test_independent", "labels_right", "labels_consistent", "predictable", "balanced", "readable", "unique"),
        *("typical", "good_pictures"),
    }  # fmt: skip
    for health in (*before.values(), *written.values()):
        assert health.share.value == pytest.approx(1, abs=0.001)
        assert health.share.low <= health.share.value <= health.share.high


def test_files_that_cannot_be_read_are_a_share_of_all_and_never_written() -> None:
    measured = frames.measurements(
        [{"image_id": name} | ({"unreadable": "empty"} if row < 12 else {}) for row, name in enumerate(ids())]
    )
    made = healthy(measurements=measured)
    before, written = both(replace(made, kept=kept(made.images, without=ids()[:12])))
    assert before["readable"].share.value == pytest.approx(1 - 12 / 360)
    assert before["readable"].share.low == pytest.approx(wilson(348, 360).low, abs=0.001)
    assert (before["readable"].bad, before["readable"].of, before["readable"].basis) == (12, 360, "sample")
    assert before["readable"].view == View(issue="unreadable")
    found = written["readable"]
    assert (found.share.low, found.share.high, found.basis, found.of) == (1, 1, "counted", 348)


def test_leaks_count_held_out_images_until_their_copies_are_gone() -> None:
    leak = groups("split_leak", (TRAIN[0], TEST[0], TEST[1]), (TRAIN[1], TEST[2]))
    made = healthy(issues=leak)
    before, written = both(replace(made, kept=kept(made.images, without=[TRAIN[0]])))
    assert (before["test_independent"].bad, before["test_independent"].of) == (3, 120)
    assert (written["test_independent"].bad, written["test_independent"].share.value) == (1, 1 - 1 / 120)
    alone = healthy(images=made.images.with_columns(split=pl.lit("train")))
    assert "test_independent" not in both(alone)[0]


def test_leaks_between_held_out_splits_count_too() -> None:
    images = healthy().images.with_columns(
        split=pl.when(pl.col("image_id") == TEST[0]).then(pl.lit("val")).otherwise("split")
    )
    before, _ = both(healthy(images=images, issues=groups("split_leak", TEST[:2])))
    assert before["test_independent"].bad == 2


def test_extra_copies_are_what_is_beyond_one_per_group_exact_and_near_joined() -> None:
    exact = groups("exact_duplicate", TRAIN[:3])
    near = groups("near_duplicate", TRAIN[:4], TRAIN[10:12])
    made = healthy(issues=pl.concat([exact, near]))
    before, written = both(replace(made, kept=kept(made.images, without=TRAIN[:2])))
    assert before["unique"].bad == 3 + 1
    assert before["unique"].share.value == pytest.approx(1 - 4 / 360)
    assert written["unique"].bad == 1 + 1
    assert before["unique"].view == View(issue="near_duplicate")


def test_extra_copies_lead_to_the_kind_that_flags_most_of_them() -> None:
    made = healthy(issues=pl.concat([groups("exact_duplicate", TRAIN[:4]), groups("near_duplicate", TRAIN[10:12])]))
    before, written = both(replace(made, kept=kept(made.images, without=TRAIN[1:4])))
    assert before["unique"].view == View(issue="exact_duplicate")
    assert written["unique"].view == View(issue="near_duplicate", state="kept")


def test_conflicts_are_counted_by_the_labels_as_written() -> None:
    made = healthy(issues=groups("label_conflict", TRAIN[:2]))
    other = made.images.filter(pl.col("image_id") == TRAIN[1])["label"][0]
    before, written = both(replace(made, kept=kept(made.images, labels={TRAIN[0]: other})))
    assert before["labels_consistent"].bad == 2
    assert written["labels_consistent"].bad == 0


def test_accuracy_is_by_the_labels_as_written() -> None:
    images = healthy().images
    said = mistaken(images, 20)
    mended = kept(images, labels=dict(zip(ids()[:5], said[:5], strict=True)))
    before, written = both(healthy(predictions=predictions(images, said), kept=mended))
    assert before["predictable"].bad == 20
    assert written["predictable"].share.value == pytest.approx(1 - 15 / 360)
    assert written["predictable"].share.low < written["predictable"].share.value


def test_labels_are_right_by_the_mean_of_two_opinions() -> None:
    images = healthy().images
    made = healthy(predictions=predictions(images, mistaken(images, 36)))
    facts = gather(made)
    found = labels.by_model(made, facts, False)
    assert found is not None
    own = [(a + b) / 2 for a, b in facts.judged["own", "alone"].iter_rows()]
    assert found.share.value == pytest.approx(math.fsum(own) / 360)
    assert found.share.value == pytest.approx(0.9, abs=0.01)
    assert found.basis == "model"


def test_what_people_said_of_a_label_counts_in_place_of_the_networks() -> None:
    images = healthy().images
    said = mistaken(images, 36)
    told = decisions(
        *((name, "keep") for name in ids()[:6]), *((ids()[row], "relabel", said[row]) for row in range(6, 18))
    )
    new = kept(images, labels={ids()[row]: said[row] for row in range(6, 18)})
    made = healthy(predictions=predictions(images, said), decisions=told, kept=new)
    facts = gather(made)
    before, after = (labels.by_model(made, facts, written) for written in (False, True))
    assert before is not None and after is not None
    assert before.share.value == pytest.approx(1 - 30 / 360, abs=0.005)
    assert after.share.value == pytest.approx(1 - 18 / 360, abs=0.005)


def test_people_are_believed_once_they_know_better() -> None:
    images = healthy().images
    made = healthy(predictions=predictions(images, mistaken(images, 120), 0.9))
    order = gather(made).order.sort("turn")["image_id"].to_list()
    told = decisions(*((name, "keep") for name in order[:200]))
    before, written = both(replace(made, decisions=told))
    assert before["labels_right"].basis == written["labels_right"].basis == "people"
    assert "200 decisions" in before["labels_right"].note
    assert before["labels_right"].share.value == 1
    assert both(made)[0]["labels_right"].basis == "model"


def test_the_review_counts_disputes_as_still_wrong_and_mended_ones_no_more() -> None:
    made = healthy()
    images = dict(made.images["image_id", "label"].iter_rows())
    rows = [(name, "relabel", "a" if images[name] != "a" else "b") for name in ids()[:30]]
    rest = [(name, "keep") for name in ids()[30:]]
    disputed = decisions((ids()[40], "drop"), reviewer="Bob")
    told = pl.concat([decisions(*rows, *rest), disputed])
    new = kept(made.images, labels={name: label for name, _, label in rows})
    facts = gather(replace(made, decisions=told, kept=new))
    before, written = labels.by_people(facts, False), labels.by_people(facts, True)
    assert before is not None and written is not None
    assert before.share.value == pytest.approx(1 - 31 / 360)
    assert written.share.value == pytest.approx(1 - 1 / 360)


def test_balance_is_the_effective_number_of_classes() -> None:
    made = healthy()
    rows = [name for row, name in enumerate(ids()) if row % 3 == 2]
    _, written = both(replace(made, kept=kept(made.images, without=rows[10:])))
    training = kept(made.images, without=rows[10:]).filter(pl.col("split") == "train")["label"].value_counts()
    shares = [n / training["count"].sum() for n in training["count"]]
    wanted = math.exp(-sum(p * math.log(p) for p in shares)) / 3
    assert written["balanced"].share.value == pytest.approx(wanted)
    assert written["balanced"].view == View(label="c", state="kept")
    assert "balanced" not in both(healthy(names=("a",)))[0]


def test_flagged_images_count_as_far_as_people_confirm_them() -> None:
    flagged = flags("blurry", *TRAIN[:40])
    made = healthy(issues=flagged)
    alone = both(made)[0]["good_pictures"]
    assert (alone.bad, alone.share.value) == (40, pytest.approx(1 - 40 / 360))
    told = decisions(*((name, "keep") for name in TRAIN[:5]), *((name, "drop") for name in TRAIN[5:20]))
    before, written = both(replace(made, decisions=told, kept=kept(made.images, without=TRAIN[5:20])))
    assert before["good_pictures"].bad == pytest.approx(15 + 20 * 0.75)
    assert written["good_pictures"].bad == pytest.approx(20 * 0.75)
    assert before["good_pictures"].note == "people confirmed 15 of 20 that they looked at"
    assert written["good_pictures"].basis == "people"
    precision = wilson(15, 20)
    assert written["good_pictures"].share.low == pytest.approx(1 - 20 * precision.high / 345)
    assert written["good_pictures"].share.high == pytest.approx(1 - 20 * precision.low / 345)


def test_outliers_are_a_share_of_what_was_judged() -> None:
    images = healthy().images
    said: list[str | None] = [None if row < 60 else label for row, label in enumerate(images["label"])]
    made = healthy(issues=flags("outlier", *ids()[100:106]), predictions=predictions(images, said))
    found = both(made)[0]["typical"]
    assert (found.bad, found.of, found.view) == (6, 300, View(issue="outlier"))


def test_a_kind_that_nobody_foresaw_is_one_of_the_picture() -> None:
    assert both(healthy(issues=flags("strange_color", *TRAIN[:4])))[0]["good_pictures"].bad == 4


def test_shortcuts_have_classes_in_doubt_between_the_ends() -> None:
    made = healthy(correlations=correlations(NAMES, border_brightness=0.8))
    found = both(made)[0]["shortcut_free"]
    assert found.share.value == pytest.approx(2 / 3)
    assert found.view == View(label="c")
    assert found.share.low <= found.share.value <= found.share.high
    assert "shortcut_free" not in both(made)[1]
    weak = both(healthy(correlations=correlations(NAMES, border_brightness=0.41)))[0]["shortcut_free"]
    assert weak.share.high == 1.0


def test_images_without_a_label_are_a_kind_only_where_there_are_some() -> None:
    images = healthy().images.with_columns(label=pl.when(pl.int_range(pl.len()) >= 36).then("label"))
    made = healthy(images=images, predictions=predictions(images, images["label"].to_list()))
    before, written = both(replace(made, kept=kept(images, without=ids()[:36])))
    assert before["labeled"].share.value == pytest.approx(0.9)
    assert written["labeled"].share.value == 1
    assert "labeled" not in both(healthy())[0]


def test_remaining_findings_are_those_that_cleaning_did_not_resolve() -> None:
    issues = pl.concat(
        [
            groups("exact_duplicate", TRAIN[:2], TRAIN[2:5]),
            groups("split_leak", (TRAIN[0], TEST[0]), (TRAIN[5], TEST[1])),
            groups("label_conflict", TRAIN[6:8]),
            flags("dark", TRAIN[0], TRAIN[9]),
        ]
    )
    made = healthy(issues=issues)
    same = made.images.filter(pl.col("image_id") == TRAIN[7])["label"][0]
    facts = gather(replace(made, kept=kept(made.images, without=[TRAIN[0]], labels={TRAIN[6]: same})))
    counted = remaining_findings(made, facts)["issue"].value_counts()
    assert dict(counted.iter_rows()) == {"exact_duplicate": 3, "split_leak": 2, "dark": 1}


def test_metrics_have_value_low_and_high_of_each_kind() -> None:
    values = assess(usual()).metrics()
    assert values["trainable"] == "no"
    assert set(values["health"]["unique"]) == {"value", "low", "high"}
    assert values["health"]["unique"]["value"] == round(1 - 4 / 59, 6)
    assert set(values["health_written"]) <= set(values["health"])
    for kinds in (values["health"], values["health_written"]):
        assert all(0 <= v["low"] <= v["value"] <= v["high"] <= 1 for v in kinds.values())


def test_nothing_judged_and_nothing_kept_leave_kinds_out() -> None:
    made = healthy()
    before, written = both(replace(made, predictions=made.predictions[:0], kept=made.kept[:0]))
    assert not {"labels_right", "predictable", "typical"} & set(before)
    assert written == {}
    assert np.isfinite([health.share.low for health in before.values()]).all()
