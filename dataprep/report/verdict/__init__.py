"""Can I train on this? Yes, with care, or no, about the written data set, with the reasons, gravest first."""

from collections.abc import Callable, Sequence

from dataprep.report.facts import Facts
from dataprep.report.health.share_of import Health
from dataprep.report.inputs import Inputs
from dataprep.report.verdict import blockers, cautions
from dataprep.report.verdict.case import Case, Reason, case

YES, CARE, NO = "yes", "with care", "no"

RULES: tuple[Callable[[Case], Reason | None], ...] = (
    blockers.nothing_kept,
    blockers.no_training_split,
    blockers.one_class,
    blockers.untrained_classes,
    blockers.emptied_splits,
    blockers.by_chance,
    blockers.failed_checks,
    blockers.leaks,
    blockers.conflicts,
    cautions.wrong_labels,
    cautions.weak_networks,
    cautions.unjudged,
    cautions.spurious,
    cautions.no_test,
    cautions.small_test,
    cautions.untested_classes,
    cautions.merged_classes,
    cautions.small_classes,
    cautions.lost_classes,
    cautions.unused_decisions,
    cautions.changing_augmentation,
    cautions.copies_left,
    cautions.warned_checks,
)


def reasons(inputs: Inputs, facts: Facts, written: dict[str, Health]) -> list[Reason]:
    """Return what speaks against training on the written data set: blockers first, both in the order of gravity."""
    looked_at = case(inputs, facts, written)
    found = [reason for rule in RULES if (reason := rule(looked_at)) is not None]
    return sorted(found, key=lambda reason: not reason.blocks)


def trainable(found: Sequence[Reason]) -> str:
    """Return "no" with a blocker among the reasons, "with care" with any other, else "yes"."""
    return NO if any(reason.blocks for reason in found) else CARE if found else YES
