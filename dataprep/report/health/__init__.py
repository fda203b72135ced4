"""The health of the data set: one share per kind with its uncertainty and the images behind it, never one number."""

from collections.abc import Callable

from dataprep.report.facts import Facts
from dataprep.report.health import classes, copies, labels, pictures
from dataprep.report.health.share_of import Health
from dataprep.report.inputs import Inputs

Kind = Callable[[Inputs, Facts, bool], Health | None]

KINDS: tuple[Kind, ...] = (
    copies.test_independent,
    labels.labels_right,
    copies.labels_consistent,
    classes.predictable,
    classes.shortcut_free,
    classes.balanced,
    labels.labeled,
    pictures.readable,
    copies.unique,
    pictures.typical,
    pictures.good_pictures,
)


def measure(inputs: Inputs, facts: Facts, written: bool) -> dict[str, Health]:
    """Return by name, gravest first, the kinds that can be told of the data as they came in, or as `written`."""
    found = (kind(inputs, facts, written) for kind in KINDS)
    return {health.name: health for health in found if health is not None}
