"""Numbers that link to images: the view shows so many, or the text says how many it shows."""

import re
from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from dataprep.report import numbers
from dataprep.report.assessment import assess
from dataprep.report.behind import behind, linked
from dataprep.report.inputs import Inputs
from dataprep.report.predicted import OTHER, SAME
from dataprep.report.summary import compose
from dataprep.report.views import View, view_of
from dataprep.schema import class_names
from tests.report.builders import inputs
from tests.report.healthy import flags, groups, healthy, ids, kept, predictions

TRAIN = [name for row, name in enumerate(ids()) if row // 3 % 3]
TEST = [name for row, name in enumerate(ids()) if not row // 3 % 3]
NUMBER = re.compile(r"\[([\d,]+)\]\((#images[^)]*)\)")


def by_loops(made: Inputs, view: View) -> int:
    now = dict(made.kept["image_id", "label"].iter_rows())
    flagged = set(made.issues.filter("is_issue")["image_id", "issue"].iter_rows())
    names = class_names(made.images)
    given = dict(made.images["image_id", "label"].iter_rows())
    said = {
        name: SAME if names[max(range(len(names)), key=row.__getitem__)] == given[name] else OTHER
        for name, row in made.predictions["image_id", "probabilities"].iter_rows()
        if given.get(name) is not None
    }
    shown = 0
    for name, label, split in made.images["image_id", "label", "split"].iter_rows():
        states = {"kept": name in now, "removed": name not in now, "relabeled": name in now and now[name] != label}
        shown += (
            view.issue in (None, *(kind for one, kind in flagged if one == name))
            and view.label in (None, label)
            and view.split in (None, split)
            and view.prediction in (None, said.get(name))
            and states.get(view.state or "", True)
        )
    return shown


def leaking() -> Inputs:
    """Return leaks of which one is resolved, a relabeled image, and copies of which some are left alone."""
    issues = pl.concat(
        [
            groups("split_leak", (TRAIN[0], TEST[0]), (TRAIN[1], TEST[1])),
            groups("near_duplicate", TRAIN[:3], TRAIN[4:6]),
            flags("outlier", *TRAIN[8:12]),
        ]
    )
    made = healthy(issues=issues)
    return replace(made, kept=kept(made.images, without=[TRAIN[0], TRAIN[4]], labels={TRAIN[20]: "c"}))


@pytest.mark.parametrize("make", [inputs, leaking])
def test_each_number_that_links_is_that_of_the_images_shown(make: Callable[[], Inputs]) -> None:
    made = make()
    found = NUMBER.findall(compose(made, "figures")[0].split("## How sure we are")[0])
    found += NUMBER.findall(compose(made, "figures")[0].split("## What was done")[1])
    assert len(found) > 20
    for number, address in found:
        assert int(number.replace(",", "")) == by_loops(made, view_of(address)), address


def test_a_view_that_shows_others_as_well_says_how_many() -> None:
    made = leaking()
    view = View(issue="split_leak")
    assert behind(made, view) == by_loops(made, view) == 4
    assert linked(made, 4, view) == "[4](#images?issue=split_leak)"
    assert linked(made, 3, view) == "3 (see [4](#images?issue=split_leak))"
    assert (linked(made, 0, view), linked(made, 3, View(issue="dark"))) == ("0", "3")


def test_a_class_that_nobody_judged_may_be_predicted_all_the_same() -> None:
    images = healthy().images
    said = ["c" if row % 12 == 0 else label for row, label in enumerate(images["label"])]
    told = predictions(images, said).with_columns(fold=pl.when(pl.col("label") != "c").then("fold"))
    found = assess(healthy(predictions=told))
    assert found.before["predictable"].share.value == pytest.approx(1 - 30 / 240)
    assert numbers.metrics(healthy(predictions=told), found)["out_of_fold_accuracy"] == 0.875
