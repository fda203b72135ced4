"""What must be mended before anybody trains on the data set or believes what it says."""

import math

import polars as pl

from dataprep.markdown import code, count, escape, share
from dataprep.report import intervals
from dataprep.report.behind import linked
from dataprep.report.facts import sizes
from dataprep.report.health.copies import CONFLICTS, LEAKS, conflicting, leaking
from dataprep.report.verdict.case import Case, Reason, many, named
from dataprep.report.views import View
from dataprep.schema import class_names
from dataprep.wording import check_title

CHANCE = "better_than_chance"
ON_PURPOSE = ("drop", "relabel")


def nothing_kept(case: Case) -> Reason | None:
    """Nothing was written."""
    if case.kept.height:
        return None
    what = f"**No image is left** of the {count(case.facts.state.height)} that came in."
    return Reason("nothing_kept", True, what, "look at why they were removed, then at `clean.policy`", "what-was-done")


def no_training_split(case: Case) -> Reason | None:
    """No written image is of the training split."""
    if not case.kept.height or case.training.height:
        return None
    split = case.inputs.params.normalize.training_split
    found = ", ".join(code(name) for name in sizes(case.kept, "split"))
    what = f"**There are no training images**: none is in the split {code(split)}; there are {found}."
    todo = "name the right split in `params.yaml`, `normalize.training_split`"
    return Reason("no_training_split", True, what, todo, "what-the-data-is")


def one_class(case: Case) -> Reason | None:
    """All training images have one label, so that there is nothing to tell apart."""
    classes = sizes(case.training, "label")
    if len(classes) != 1:
        return None
    what = f"**All training images are of one class**, {escape(next(iter(classes)), 40)}."
    return Reason("one_class", True, what, "add images of another class, or look at the labels", "what-the-data-is")


def untrained_classes(case: Case) -> Reason | None:
    """A class has no training image, and that was no decision of people."""
    state = case.facts.state
    judged = (
        state.drop_nulls("given")
        .group_by("given")
        .agg(meant=pl.col("verdict").is_in(ON_PURPOSE).fill_null(False).all())
    )
    meant = set(judged.filter("meant")["given"]) - set(case.kept["label"])
    names = {*class_names(case.inputs.images), *case.kept["label"].drop_nulls()} - set(case.training["label"]) - meant
    if not case.training.height or not names:
        return None
    some = sorted(names)
    who = f"{count(len(some))} classes have" if len(some) > 1 else "A class has"
    what = f"**{who} no training image**: {named(some)}. No network can learn {'them' if len(some) > 1 else 'it'}."
    todo = "add images, or take the class out; what removed them stands below"
    return Reason("untrained_classes", True, what, todo, "what-was-done")


def emptied_splits(case: Case) -> Reason | None:
    """Cleaning left nothing of a split; no blocker where none of its images had a label."""
    training = case.inputs.params.normalize.training_split
    images = case.inputs.images.filter(pl.col("split") != training)
    gone = sorted(set(images["split"]) - set(case.kept["split"]))
    if not case.kept.height or not gone:
        return None
    if not set(gone) & set(images.drop_nulls("label")["split"]):
        what = (
            f"**No image of {named(gone)} has a label**, so none was written, and none can measure a trained network."
        )
        return Reason("emptied_splits", False, what, "label them, or hold labeled images out", "what-the-data-is")
    what = f"**Nothing is left of {'the splits' if len(gone) > 1 else 'the split'} {named(gone)}.**"
    return Reason("emptied_splits", True, what, "look at why its images were removed", "what-was-done")


def leaks(case: Case) -> Reason | None:
    """Copies of one picture are in several splits; no blocker where people kept each of them knowingly."""
    found = leaking(case.inputs, case.kept)
    if not len(found):
        return None
    verdicts = case.kept.filter(pl.col("image_id").is_in(found.implode()))["verdict"]
    meant = bool((verdicts == "keep").fill_null(False).all())
    link = linked(case.inputs, len(found), View(issue=LEAKS, state="kept"))
    images = many(len(found), "image has", "images have", link)
    after = "People looked at them and kept them." if meant else "A test with them measures memory."
    policy = case.inputs.params.clean.policy
    if policy.get(LEAKS, "keep") == "keep":
        todo = "`params.yaml`, `clean.policy`: `split_leak: drop_train`"
    else:
        todo = "`make review`, or `params.yaml`, `clean.policy`: `near_duplicate: drop_extra`"
    return Reason("leaks", not meant, f"**{images} a copy in another split.** {after}", todo, "leaks-between-splits")


def conflicts(case: Case) -> Reason | None:
    """Copies of one picture bear several labels: a blocker when there are more than `session.enough` of all."""
    found = conflicting(case.inputs, case.kept)
    if not len(found):
        return None
    blocks = len(found) > case.inputs.params.session.enough * case.kept.height
    link = linked(case.inputs, len(found), View(issue=CONFLICTS, state="kept"))
    images = many(len(found), "image is a copy", "images are copies", link)
    what = f"**{images} of one picture under another label.** At most one label of each picture is right."
    return Reason("conflicts", blocks, what, "`make review`, saved view *Label conflicts*", "label-conflicts")


def by_chance(case: Case) -> Reason | None:
    """Predictions fit the labels no more often than if they were dealt out at random, by a test at 2.5 %.

    By chance p = sum q_c r_c of them fit, with shares q of the labels and r of the predictions, of variance
    (p + p^2 - sum q_c r_c (q_c + r_c)) / n of n independent images. So neither a large class nor saying it always is
    taken for knowledge. n is Kish's effective number of the groups of copies.
    Source: Fleiss, Cohen and Everitt, Large sample standard errors of kappa and weighted kappa, 1969.
    """
    judged = case.facts.judged.join(case.facts.state.select("image_id", "copies"), on="image_id")
    given = sizes(judged, "given")
    if not case.kept.height or len(given) < 2:
        return None
    predicted = sizes(judged, "predicted")
    both = [(given[name] / judged.height, predicted.get(name, 0) / judged.height) for name in given]
    chance = sum(q * r for q, r in both)
    groups = judged.group_by("copies").len()["len"]
    number = judged.height**2 / float((groups**2).sum())
    deviation = math.sqrt(max(0.0, chance + chance**2 - sum(q * r * (q + r) for q, r in both)) / number)
    fits = judged.filter(pl.col("given") == pl.col("predicted")).height / judged.height
    if fits - chance > intervals.Z * deviation:
        return None
    what = (
        f"**Nothing shows that the images tell their labels**: networks predict {share(fits)}, {share(chance)} "
        "would fit by chance."
    )
    todo = "check that images and labels belong together; very few images teach nothing"
    return Reason("by_chance", True, what, todo, "how-sure-we-are")


def failed_checks(case: Case) -> Reason | None:
    """A check of the training fails, so that what the networks say of the data is not to be relied on."""
    failed = case.inputs.checks.filter((pl.col("status") == "fails") & (pl.col("check") != CHANCE))["check"]
    if not len(failed):
        return None
    names = named([check_title(name) for name in failed])
    verb = "checks fail" if len(failed) > 1 else "check fails"
    what = f"**{count(len(failed))} {verb} of the training behind this report**: {names}. Do not rely on it."
    return Reason("failed_checks", True, what, "mend what the check names, then `make repro`", "is-the-training-sound")
