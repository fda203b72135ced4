"""All that the report says of the data set as a whole, worked out once."""

from dataclasses import dataclass
from typing import Any

from dataprep.report.facts import Facts, gather
from dataprep.report.health import measure
from dataprep.report.health.share_of import Health
from dataprep.report.inputs import Inputs
from dataprep.report.verdict import reasons, trainable
from dataprep.report.verdict.case import Reason

DIGITS = 6


@dataclass(frozen=True)
class Assessment:
    """Health by name of what came in (`before`) and of what was written; why not to train on the latter."""

    facts: Facts
    before: dict[str, Health]
    written: dict[str, Health]
    reasons: list[Reason]

    @property
    def trainable(self) -> str:
        """Return yes, with care, or no."""
        return trainable(self.reasons)

    def metrics(self) -> dict[str, Any]:
        """Return trainable, the names of the reasons, and value, low and high of each kind of health."""
        return {
            "trainable": self.trainable,
            "reasons": {reason.name: "blocks" if reason.blocks else "care" for reason in self.reasons},
            "health": _numbers(self.before),
            "health_written": _numbers(self.written),
        }


def assess(inputs: Inputs) -> Assessment:
    """Return the assessment of the data set."""
    facts = gather(inputs)
    written = measure(inputs, facts, True)
    return Assessment(facts, measure(inputs, facts, False), written, reasons(inputs, facts, written))


def _numbers(found: dict[str, Health]) -> dict[str, dict[str, float]]:
    return {
        name: {end: round(getattr(health.share, end), DIGITS) for end in ("value", "low", "high")}
        for name, health in found.items()
    }
