"""What a check of the training found."""

from dataclasses import dataclass, field

from torch import Tensor

PASSES, WARNS, FAILS, LEFT_OUT = "passes", "warns", "fails", "left out"


@dataclass(frozen=True)
class Outcome:
    """A check's result. `arrays` are what its picture is drawn from."""

    check: str
    status: str
    value: float | None
    finding: str
    rule: str
    remedy: str
    arrays: dict[str, Tensor] = field(default_factory=dict)


def left_out(check: str, why: str) -> Outcome:
    """Return the outcome of a check that there is nothing to make on."""
    return Outcome(check, LEFT_OUT, None, why, "", "")


def below(value: float, passes: float, warns: float) -> str:
    """Return the status of a value that should be small; one that is not a number fails."""
    if value <= passes:
        return PASSES
    return WARNS if value <= warns else FAILS


def above(value: float, passes: float, warns: float) -> str:
    """Return the status of a value that should be large; one that is not a number fails."""
    if value >= passes:
        return PASSES
    return WARNS if value >= warns else FAILS
