"""The trials as a table for machines and a page for people."""

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

from dataprep.markdown import code, escape, picture, share, table

ACCURACY = "out_of_fold_accuracy"
LOG_LOSS = "out_of_fold_log_loss"
PICTURE = "parallel_coordinates.png"


@dataclass(frozen=True)
class Outcome:
    """How one trial ended: with scores, or with the reason why there are none."""

    number: int  # 0 is params.yaml as it is
    name: str  # of the DVC experiment
    values: dict[str, Any]  # by parameter of the space
    scores: dict[str, float]
    reason: str = ""

    @property
    def done(self) -> bool:
        return ACCURACY in self.scores

    @property
    def accuracy(self) -> float:
        return self.scores[ACCURACY]

    @property
    def log_loss(self) -> float:
        return self.scores[LOG_LOSS]


def ranked(outcomes: list[Outcome]) -> list[Outcome]:
    """Return the trials that have scores: highest accuracy first, among equals the lowest log loss, then number."""
    done = [outcome for outcome in outcomes if outcome.done]
    return sorted(done, key=lambda outcome: (-outcome.accuracy, outcome.log_loss, outcome.number))


def written(value: Any) -> str:
    """Return a parameter's value as params.yaml would have it: text bare, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def as_csv(outcomes: list[Outcome]) -> str:
    """Return one row per trial, by number: number, experiment, each parameter, both scores, status, reason."""
    keys = list(outcomes[0].values) if outcomes else []
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["number", "experiment", *keys, ACCURACY, LOG_LOSS, "status", "reason"])
    for outcome in sorted(outcomes, key=lambda outcome: outcome.number):
        scores = [outcome.scores.get(name, "") for name in (ACCURACY, LOG_LOSS)]
        values = [written(outcome.values[key]) for key in keys]
        status = "done" if outcome.done else "failed"
        writer.writerow([outcome.number, outcome.name, *values, *scores, status, outcome.reason])
    return stream.getvalue()


def as_markdown(outcomes: list[Outcome], stage: str) -> str:
    """Return the page: what was best and how to take it over, the picture, the trials best first, the failed ones.

    stage: the last stage that the trials ran.
    """
    best = ranked(outcomes)
    failed = [outcome for outcome in outcomes if not outcome.done]
    parts = ["# Random search"]
    if best:
        parts += [_opening(best, len(outcomes)), _take_over(best[0], stage)]
        if any(outcome.number for outcome in best):
            parts.append(picture("Parallel coordinates: a line per trial, dark where accuracy is high", PICTURE))
        parts.append(_table(best))
    if failed:
        rows = [[code(o.name), *(code(written(v)) for v in o.values.values()), escape(o.reason, 200)] for o in failed]
        parts += ["## Without a result", table(["trial", *failed[0].values, "reason"], rows)]
    return "\n\n".join(parts) + "\n"


def _opening(best: list[Outcome], trials: int) -> str:
    top = best[0]
    said = (
        f"{trials} trials, {len(best)} with a result. Best: {code(top.name)}, which agrees out of fold with "
        f"{share(top.accuracy)} of the given labels, at a log loss of {top.log_loss:.4f}."
    )
    own = next((outcome for outcome in best if outcome.number == 0), None)
    if own is None:
        return said
    if own is top:
        return f"{said} These are the parameters as they are."
    return f"{said} The parameters as they are: {share(own.accuracy)}, {own.log_loss:.4f}."


def _take_over(best: Outcome, stage: str) -> str:
    if best.number == 0:
        return "There is nothing to take over."
    return (
        "To take it over (commit this folder first, if you keep it in Git: DVC puts its files back too):\n\n"
        f"```\ndvc exp apply {best.name}\ndvc repro\n```\n\n"
        f"The first line sets `params.yaml` and what `{stage}` wrote, the second makes what follows from it."
    )


def _table(best: list[Outcome]) -> str:
    rows = [
        [
            code(outcome.name) + ("" if outcome.number else ", as it is"),
            *(code(written(value)) for value in outcome.values.values()),
            share(outcome.accuracy),
            f"{outcome.log_loss:.4f}",
        ]
        for outcome in best
    ]
    return table(["trial", *best[0].values, "accuracy", "log loss"], rows)
