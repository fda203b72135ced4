"""Is the training sound? Every check a careful person would make, each by a stated rule."""

from collections.abc import Callable

import polars as pl
from torch import Tensor
from tqdm import tqdm

from dataprep.checks import insides, learning, results
from dataprep.checks.outcome import Outcome, left_out
from dataprep.checks.subject import Subject
from dataprep.schema import CHECKS, check

# In the order of the report: what must hold before anything else first.
REGISTRY: dict[str, Callable[[Subject], Outcome]] = {
    "better_than_chance": results.better_than_chance,
    "predictions_hold": results.predictions_hold,
    "folds_agree": results.folds_agree,
    "settled": results.settled,
    "inputs": insides.inputs,
    "initial_loss": learning.initial_loss,
    "overfits_batch": learning.overfits_batch,
    "input_independent": learning.input_independent,
    "capacity": learning.capacity,
    "isolated": results.isolated,
    "repeatable": learning.repeatable,
    "filters": insides.filters,
    "activations": insides.activations,
    "updates": insides.updates,
}
WITHOUT_NETWORKS = ("better_than_chance",)
FROM_A_FILE = "the predictions come from a file, without a network"


def run_checks(subject: Subject) -> tuple[pl.DataFrame, dict[str, Tensor]]:
    """Return CHECKS, and the arrays that the pictures are drawn from, float32, by name.

    When the predictions came from a file, only the checks that need no network are made.
    """
    rows, arrays = [], {}
    for name, function in tqdm(REGISTRY.items(), desc="check", unit="check"):
        outcome = function(subject) if subject.trained or name in WITHOUT_NETWORKS else left_out(name, FROM_A_FILE)
        rows.append(
            (outcome.check, outcome.status, outcome.value, outcome.finding, outcome.rule, outcome.remedy or None)
        )
        arrays.update({key: value.detach().float().cpu().contiguous() for key, value in outcome.arrays.items()})
    return check(pl.DataFrame(rows, schema=CHECKS.columns, orient="row"), CHECKS, "checks"), arrays
