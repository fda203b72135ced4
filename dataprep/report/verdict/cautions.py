"""What does not forbid training on the data set, but what a careful person wants to know before."""

import statistics
from typing import NamedTuple

import polars as pl

from dataprep.markdown import count, share
from dataprep.report import intervals
from dataprep.report.behind import linked
from dataprep.report.facts import sizes
from dataprep.report.verdict.blockers import CHANCE
from dataprep.report.verdict.case import Case, Reason, many, named
from dataprep.report.views import View
from dataprep.wording import check_title, operation_wording, property_wording

PRECISE = 0.05  # half of the interval of an accuracy that a test should reach
FAR_BELOW = 10  # so many times fewer images than the median class
HALF = 0.5


def wrong_labels(case: Case) -> Reason | None:
    """More than `session.enough` of the labels may be wrong, by the upper end of the interval."""
    found, enough = case.written.get("labels_right"), case.inputs.params.session.enough
    if found is None:
        return None
    wrong = found.share.complement
    if wrong.high <= enough:
        return None
    more = case.facts.left.more
    first = f"**Up to {share(wrong.high)} of the labels may be wrong**, most likely {share(wrong.value)}"
    about = linked(case.inputs, round(found.bad), found.view)
    what = f"{first}, about {about}. Wanted is {share(enough)} at most."
    todo = f"`make review`; about {count(more)} decisions tell" if more else "`make review`"
    return Reason("wrong_labels", False, what, todo, "what-is-left-for-people")


def unjudged(case: Case) -> Reason | None:
    """More than `session.enough` of the labels were judged by nobody."""
    judged = case.facts.judged["image_id"]
    rows = case.kept.filter(~pl.col("image_id").is_in(judged.implode()) & pl.col("verdict").is_null())
    if rows.height <= case.inputs.params.session.enough * case.kept.height:
        return None
    what = f"**{many(rows.height, 'label was', 'labels were')} not judged** by any network, nor by people."
    todo = "more images of small classes, or predictions of your own (`predictions.kind: file`)"
    listed = case.inputs.folds.filter(pl.col("fold").is_null()).join(rows, on="image_id", how="semi")
    section = "left-out" if listed["reason"].count() else "how-sure-we-are"
    return Reason("unjudged", False, what, todo, section)


def no_test(case: Case) -> Reason | None:
    """All images are for training."""
    if not case.training.height or case.training.height < case.kept.height:
        return None
    what = "**There is no test**: all written images are for training, so nothing here can measure a trained network."
    return Reason("no_test", False, what, "hold images out in the source, before training", "what-the-data-is")


def small_test(case: Case) -> Reason | None:
    """No held-out split is large enough to measure an accuracy to 5 percentage points (Wilson)."""
    held_out = case.kept.filter(pl.col("split") != case.inputs.params.normalize.training_split)
    if not held_out.height or not case.training.height:
        return None
    name, images = next(iter(sizes(held_out, "split").items()))
    accuracy = case.written["predictable"].share.value if "predictable" in case.written else 0.5
    found = intervals.wilson(accuracy * images, images)
    reach = (found.high - found.low) / 2
    if reach <= PRECISE:
        return None
    size = many(images, "image", "images", linked(case.inputs, images, View(split=name, state="kept")))
    what = f"**The test is small**: {size} measure an accuracy to ± {share(reach)}."
    return Reason("small_test", False, what, "hold more images out", "what-the-data-is")


def untested_classes(case: Case) -> Reason | None:
    """A trained class is in no other split, while there are others."""
    training = case.inputs.params.normalize.training_split
    held_out = case.kept.filter(pl.col("split") != training)
    names = sorted(set(case.training["label"]) - set(held_out["label"]))
    if not held_out.height or not names:
        return None
    who = many(len(names), "class has", "classes have")
    which = "it is" if len(names) == 1 else "they are"
    what = f"**{who} no test image**: {named(names)}. Nobody can tell how well {which} learned."
    return Reason("untested_classes", False, what, "hold out images of every class", "what-the-data-is")


def spurious(case: Case) -> Reason | None:
    """A property besides what the image shows gives its class away."""
    flagged = case.inputs.correlations.filter("spurious").sort("strength", "property", descending=[True, False])
    if not flagged.height:
        return None
    properties = [property_wording(name).title for name in flagged["property"].unique(maintain_order=True)]
    classes = flagged["label"].drop_nulls().unique(maintain_order=True).to_list()
    who = many(len(classes), "class is", "classes are") if classes else "Classes are"
    of = f" ({named(classes)})" if classes else ""
    what = f"**{who} given away by more than what they show**{of}: by {named(properties)}."
    todo = "look whether that belongs to the class; if not, other images or augmentation"
    return Reason("spurious", False, what, todo, "spurious-correlations")


def weak_networks(case: Case) -> Reason | None:
    """Networks predict fewer than half of the labels, or no more than the largest class has: they judge badly."""
    found = case.written.get("predictable")
    if found is None:
        return None
    counted = sizes(case.facts.judged, "given")
    largest = max(counted.values()) / case.facts.judged.height
    if found.share.value >= HALF and (len(counted) < 2 or found.share.value > largest):
        return None
    guess = f", and the largest class alone has {share(largest)}" if found.share.value <= largest else ""
    what = (
        f"**Networks predict {share(found.share.value)} of the labels only**{guess}: many are wrong, or there are too "
        "few images to judge them by."
    )
    todo = "more images, a larger network (`train`), or predictions of your own"
    return Reason("weak_networks", False, what, todo, "how-sure-we-are")


def small_classes(case: Case) -> Reason | None:
    """Classes have less than a tenth of the training images that the median class has."""
    counted = sizes(case.training, "label")
    if len(counted) < 2:
        return None
    median = statistics.median(counted.values())
    few = sorted(
        (name for name in counted if FAR_BELOW * counted[name] < median), key=lambda name: (counted[name], name)
    )
    if not few:
        return None
    first = View(label=few[0], split=case.inputs.params.normalize.training_split, state="kept")
    least = many(counted[few[0]], "image", "images", linked(case.inputs, counted[few[0]], first))
    who = many(len(few), "class is", "classes are")
    what = f"**{who} small**: {named(few)}; the smallest has {least}, the median {count(round(median))}."
    return Reason(
        "small_classes", False, what, "collect more of them, or weigh them more in training", "images-per-class"
    )


def lost_classes(case: Case) -> Reason | None:
    """The policy, not people, removed more than half of a class's readable training images."""
    training = case.inputs.params.normalize.training_split
    rows = case.facts.state.filter((pl.col("split") == training) & pl.col("readable")).drop_nulls("given")
    gone = (~pl.col("kept") & pl.col("verdict").is_null()).mean()
    lost = (
        rows.group_by("given").agg(gone=gone, any=pl.col("kept").any()).filter((pl.col("gone") > HALF) & pl.col("any"))
    )
    if not lost.height:
        return None
    names = lost.sort("gone", "given", descending=[True, False])["given"].to_list()
    what = f"**Cleaning removed more than half of {many(len(names), 'class', 'classes')}**: {named(names)}."
    return Reason("lost_classes", False, what, "look at what was removed, then at `clean.policy`", "what-was-done")


def merged_classes(case: Case) -> Reason | None:
    """Networks hardly tell two classes apart."""
    pairs = case.inputs.class_pairs.filter(pl.col("merge") & (pl.col("given") < pl.col("right"))).sort("given", "right")
    if not pairs.height:
        return None
    names = [f"{one} and {other}" for one, other in pairs["given", "right"].iter_rows()]
    what = f"**{many(len(names), 'pair of classes is', 'pairs of classes are')} hardly told apart**: {named(names)}."
    return Reason("merged_classes", False, what, "merge them, or label them anew", "which-classes-overlap")


class _Unused(NamedTuple):
    disputed: int
    others: int


def unused_decisions(case: Case) -> Reason | None:
    """Decisions of people were not applied: about changed or unknown images, or in dispute."""
    settled = case.facts.settled
    found = _Unused(settled.disputed.height, len(settled.unused) - settled.disputed.height)
    if not settled.unused:
        return None
    parts = []
    if found.disputed:
        parts.append(f"reviewers differ about {many(found.disputed, 'image', 'images')}")
    if found.others:
        parts.append(f"{many(found.others, 'decision fits', 'decisions fit')} no image or class as they are now")
    what = f"**Not all that people decided was done**: {' and '.join(parts)}."
    todo = "`make review` for these, or mend `reviews/decisions.csv`"
    return Reason("unused_decisions", False, what, todo, "what-people-decided")


def copies_left(case: Case) -> Reason | None:
    """More than a tenth of the written images are extra copies, which training sees as often."""
    found = case.written.get("unique")
    if found is None or FAR_BELOW * found.bad <= found.of:
        return None
    number = round(found.bad)
    images = many(number, "image is an extra copy", "images are extra copies", linked(case.inputs, number, found.view))
    what = f"**{images}**: training and test count them more often than others."
    todo = "`params.yaml`, `clean.policy`: `near_duplicate: drop_extra`, unless they differ on purpose"
    return Reason("copies_left", False, what, todo, "what-is-wrong-with-it")


def changing_augmentation(case: Case) -> Reason | None:
    """An augmentation in use makes another class of a class."""
    audit = case.inputs.audit.filter(pl.col("changes") & pl.col("in_use") & pl.col("another"))
    if not audit.height:
        return None
    names = [operation_wording(name).title for name in audit["operation"].unique().sort()]
    classes = many(audit["label"].n_unique(), "class", "classes")
    what = (
        f"**Augmentation makes something else of {classes}**: {named(names)}. The augmented copies have wrong labels."
    )
    return Reason("changing_augmentation", False, what, "`params.yaml`, `augment`: milder", "is-the-augmentation-safe")


def warned_checks(case: Case) -> Reason | None:
    """A check of the training warns."""
    warned = case.inputs.checks.filter((pl.col("status") == "warns") & (pl.col("check") != CHANCE))["check"]
    if not len(warned):
        return None
    verb = "checks warn" if len(warned) > 1 else "check warns"
    names = named([check_title(name) for name in warned])
    what = f"**{count(len(warned))} {verb} of the training behind this report**: {names}."
    return Reason("warned_checks", False, what, "what the check names", "is-the-training-sound")
