"""Can I train on this? Case by case, from a data set without fault."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from dataprep.report.assessment import Assessment, assess
from dataprep.report.inputs import Inputs
from dataprep.report.verdict import RULES
from dataprep.schema import REMOVED
from dataprep.wording import REASONS
from tests import frames
from tests.report.augmentation import audit
from tests.report.builders import HOSTILE, class_pairs, correlations
from tests.report.healthy import NAMES, checks, decisions, flags, groups, healthy, ids, kept, predictions

TRAIN = [name for row, name in enumerate(ids()) if row // 3 % 3]
TEST = [name for row, name in enumerate(ids()) if not row // 3 % 3]


KNOWN: dict[int, tuple[Inputs, Assessment]] = {}


def found(made: Inputs) -> Assessment:
    """Return the assessment, worked out once for each object."""
    if id(made) not in KNOWN:
        KNOWN[id(made)] = made, assess(made)
    return KNOWN[id(made)][1]


def names(made: Inputs) -> dict[str, bool]:
    return {reason.name: reason.blocks for reason in found(made).reasons}


def said(made: Inputs, name: str) -> str:
    return next(reason.what for reason in found(made).reasons if reason.name == name)


def policy(made: Inputs, **actions: str) -> Inputs:
    clean = made.params.clean.model_copy(update={"policy": made.params.clean.policy | actions})
    return replace(made, params=made.params.model_copy(update={"clean": clean}))


def test_every_rule_has_words_in_the_same_order() -> None:
    assert [rule.__name__ for rule in RULES] == list(REASONS)


def test_data_without_fault_may_be_trained_on() -> None:
    assert names(healthy()) == {}
    assert found(healthy()).trainable == "yes"


def test_nothing_kept() -> None:
    made = healthy()
    assert names(replace(made, kept=made.kept[:0])) == {"nothing_kept": True}
    assert found(replace(made, kept=made.kept[:0])).trainable == "no"


def test_no_image_in_the_training_split_names_the_splits_there_are() -> None:
    made = healthy()
    images = made.images.with_columns(split=pl.col("split").replace("train", "learn"))
    broken = healthy(images=images)
    assert names(broken) == {"no_training_split": True}
    assert "<code>learn</code>" in said(broken, "no_training_split")


def test_one_class_alone_teaches_nothing() -> None:
    reasons = names(healthy(names=("a",)))
    assert reasons["one_class"]
    assert "by_chance" not in reasons


def test_a_class_without_training_images_blocks() -> None:
    images = healthy().images
    rows = images.filter((pl.col("label") == "b") & (pl.col("split") == "train"))["image_id"].to_list()
    made = healthy(kept=kept(images, without=rows))
    assert names(made) == {"untrained_classes": True}
    assert "A class has no training image**: b." in said(made, "untrained_classes")


def test_a_class_that_people_gave_up_does_not() -> None:
    images = healthy().images
    rows = images.filter(pl.col("label") == "c")["image_id"].to_list()
    merged = healthy(
        kept=kept(images, labels=dict.fromkeys(rows, "b")),
        decisions=decisions(*((name, "relabel", "b") for name in rows)),
    )
    assert "untrained_classes" not in names(merged)
    assert names(healthy(kept=kept(images, without=rows)))["untrained_classes"]


def test_a_split_that_cleaning_emptied_blocks() -> None:
    images = healthy().images
    assert names(healthy(kept=kept(images, without=TEST))) == {"emptied_splits": True, "no_test": False}


def test_leaks_that_are_left_block_and_those_removed_do_not() -> None:
    pair = (TRAIN[0], TEST[0])
    leak = groups("split_leak", pair)
    made = healthy(issues=leak)
    assert names(made) == {"leaks": True}
    assert "2](#images?issue=split_leak&state=kept) images have a copy in another split" in said(made, "leaks")
    assert names(healthy(issues=leak, kept=kept(made.images, without=pair[:1]))) == {}


def test_what_to_do_about_leaks_depends_on_the_policy() -> None:
    made = healthy(issues=groups("split_leak", (TRAIN[0], TEST[0])))
    assert "`split_leak: drop_train`" in found(policy(made, split_leak="keep")).reasons[0].todo
    assert "`near_duplicate: drop_extra`" in found(made).reasons[0].todo


def test_leaks_that_people_kept_are_their_business() -> None:
    pair = (TRAIN[0], TEST[0])
    made = healthy(issues=groups("split_leak", pair), decisions=decisions(*((name, "keep") for name in pair)))
    assert names(made)["leaks"] is False
    assert found(made).trainable == "with care"


@pytest.mark.parametrize(("pairs", "blocks"), [(1, False), (4, True)])
def test_label_conflicts_block_beyond_what_is_enough(pairs: int, blocks: bool) -> None:
    same = groups("label_conflict", *((TRAIN[2 * n], TRAIN[2 * n + 1]) for n in range(pairs)))
    assert names(healthy(issues=same)) == {"conflicts": blocks}


def test_conflicts_that_relabeling_settled_are_none() -> None:
    made = healthy(issues=groups("label_conflict", (TRAIN[0], TRAIN[1])))
    label = made.images.filter(pl.col("image_id") == TRAIN[1])["label"][0]
    assert "conflicts" not in names(replace(made, kept=kept(made.images, labels={TRAIN[0]: label})))


def test_labels_that_images_do_not_tell_block() -> None:
    images = healthy().images
    wrong = ["a" for _ in range(images.height)]
    made = healthy(predictions=predictions(images, wrong, 0.5))
    assert names(made)["by_chance"]
    assert "networks predict 33.3%, 33.3% would fit by chance" in said(made, "by_chance")


def test_a_large_class_beside_a_small_one_is_no_chance() -> None:
    labels = ["b" if row % 50 == 0 else "a" for row in range(1000)]
    rows: list[dict[str, Any]] = [
        {"image_id": f"{row:04d}", "label": label, "split": "test" if row // 50 % 3 == 0 else "train"}
        for row, label in enumerate(labels)
    ]
    images = frames.images(rows)
    some = ["b" if row % 130 == 1 else "a" if row in (0, 200, 400) else label for row, label in enumerate(labels)]
    assert "by_chance" not in names(healthy(images=images, predictions=predictions(images, some, 0.95)))
    assert names(healthy(images=images, predictions=predictions(images, ["a"] * 1000, 0.95)))["by_chance"]


def test_a_test_split_without_labels_does_not_block() -> None:
    images = healthy().images.with_columns(label=pl.when(pl.col("split") == "train").then("label"))
    made = healthy(images=images, predictions=predictions(images, images["label"].to_list()), kept=kept(images, TEST))
    assert names(made) == {"emptied_splits": False, "no_test": False}
    assert "No image of test has a label" in said(made, "emptied_splits")


def test_labels_that_own_predictions_leave_out_are_looked_up_where_there_is_a_heading() -> None:
    images = healthy().images
    some = [None if row < 60 else label for row, label in enumerate(images["label"])]
    assert found(healthy(predictions=predictions(images, some))).reasons[0].section == "how-sure-we-are"


@pytest.mark.parametrize(
    ("status", "reasons"), [("fails", {"failed_checks": True}), ("warns", {"warned_checks": False})]
)
def test_checks_of_the_training(status: str, reasons: dict[str, bool]) -> None:
    assert names(healthy(checks=checks(status))) == reasons


def test_wrong_labels_up_to_more_than_enough_call_for_review() -> None:
    images = healthy().images
    other = [NAMES[(NAMES.index(label) + (row < 12)) % 3] for row, label in enumerate(images["label"])]
    made = healthy(predictions=predictions(images, other))
    assert names(made) == {"wrong_labels": False}
    assert "most likely 3.3%" in said(made, "wrong_labels")


def test_relabeled_by_people_is_right() -> None:
    images = healthy().images
    other = [NAMES[(NAMES.index(label) + (row < 12)) % 3] for row, label in enumerate(images["label"])]
    told = dict(zip(ids()[:12], other[:12], strict=True))
    made = healthy(
        predictions=predictions(images, other),
        kept=kept(images, labels=told),
        decisions=decisions(*((name, "relabel", label) for name, label in told.items())),
    )
    assert "wrong_labels" not in names(made)


def test_nothing_trained_is_said_as_labels_that_nobody_judged() -> None:
    made = healthy(predictions=healthy().predictions[:0])
    assert names(made) == {"unjudged": False, "small_test": False}
    assert "360 labels were not judged" in said(made, "unjudged")


def test_rows_without_a_label_are_no_reason_as_they_are_not_written() -> None:
    images = healthy().images.with_columns(label=pl.when(pl.int_range(pl.len()) % 10 > 0).then("label"))
    gone = images.filter(pl.col("label").is_null())["image_id"].to_list()
    told = predictions(images, images["label"].to_list())
    assert names(healthy(images=images, predictions=told, kept=kept(images, without=gone))) == {}


def test_one_split_alone_has_no_test() -> None:
    images = healthy().images.with_columns(split=pl.lit("train"))
    assert names(healthy(images=images)) == {"no_test": False}


def test_a_small_test_measures_little() -> None:
    images = healthy().images
    made = healthy(kept=kept(images, without=TEST[24:]))
    assert names(made) == {"small_test": False}
    assert "24](#images?split=test&state=kept) images measure an accuracy to ± 6.9%" in said(made, "small_test")


def test_a_class_without_test_images() -> None:
    images = healthy().images
    rows = images.filter((pl.col("label") == "b") & (pl.col("split") == "test"))["image_id"].to_list()
    assert names(healthy(kept=kept(images, without=rows))) == {"untested_classes": False}


def test_spurious_correlations_name_the_class_and_the_property() -> None:
    made = healthy(correlations=correlations(border_brightness=0.8))
    assert names(made) == {"spurious": False}
    assert "by border brightness" in said(made, "spurious")


def test_small_classes_are_those_far_below_the_median() -> None:
    images = healthy().images
    rows = images.filter((pl.col("label") == "c") & (pl.col("split") == "train"))["image_id"].to_list()
    made = healthy(kept=kept(images, without=rows[5:]), removed=pl.DataFrame(schema=REMOVED.columns))
    assert names(made) == {"small_classes": False, "lost_classes": False}
    assert "the smallest has [5]" in said(made, "small_classes")


def test_classes_that_cannot_be_told_apart() -> None:
    assert names(healthy(class_pairs=class_pairs(NAMES, merge=True))) == {"merged_classes": False}


def test_decisions_that_were_not_applied() -> None:
    stale = decisions(("gone", "keep"), (TRAIN[0], "keep"))
    both = pl.concat([stale, decisions((TRAIN[0], "drop"), reviewer="Bob")])
    made = healthy(decisions=both)
    assert names(made)["unused_decisions"] is False
    text = said(made, "unused_decisions")
    assert "reviewers differ about 1 image and 1 decision fits no image or class" in text


def test_augmentation_that_makes_another_class() -> None:
    rows = audit(NAMES, ids()[:3], {}).with_columns(changes=pl.col("in_use"), another=pl.col("in_use"))
    assert rows["changes"].any()
    assert names(healthy(audit=rows)) == {"changing_augmentation": False}


def test_many_copies_left_and_few() -> None:
    many = groups("near_duplicate", *(TRAIN[4 * n : 4 * n + 4] for n in range(15)))
    assert names(healthy(issues=many)) == {"copies_left": False}
    assert names(healthy(issues=groups("near_duplicate", TRAIN[:4]))) == {}


def test_networks_that_are_mostly_wrong() -> None:
    images = healthy().images
    some = [NAMES[(NAMES.index(label) + row % 5 % 3) % 3] for row, label in enumerate(images["label"])]
    assert "weak_networks" in names(healthy(predictions=predictions(images, some, 0.5)))


def test_blockers_come_first_and_no_is_said() -> None:
    made = healthy(
        issues=groups("split_leak", (TRAIN[0], TEST[0])), checks=checks("fails"), correlations=correlations(format=0.9)
    )
    assert [reason.blocks for reason in found(made).reasons] == [True, True, False]
    assert [reason.name for reason in found(made).reasons] == ["failed_checks", "leaks", "spurious"]
    assert found(made).trainable == "no"


def test_a_thousand_classes_with_hostile_names_stay_short() -> None:
    labels = [f"{HOSTILE}{number:04d}" for number in range(1000)]
    rows: list[dict[str, Any]] = [
        {"image_id": f"{row:05d}", "label": labels[row % 1000], "split": "train" if row >= 500 else "test"}
        for row in range(2000)
    ]
    images = frames.images(rows)
    told = predictions(images, images["label"].to_list())[:0]
    made = healthy(images=images, predictions=told)
    reasons = found(made).reasons
    assert {reason.name for reason in reasons} == {"unjudged", "untested_classes"}
    assert all(len(reason.what) < 900 and "<img>" not in reason.what for reason in reasons)
    assert "and 495 more" in said(made, "untested_classes")


def test_outliers_alone_are_no_reason() -> None:
    assert names(healthy(issues=flags("outlier", *TRAIN[:5]))) == {}
