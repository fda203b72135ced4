"""The search: draw the trials, run those that are not done yet, write the table and the picture."""

from pathlib import Path

from tqdm import tqdm

from dataprep import files
from dataprep.config import Params, Search, parse, read
from dataprep.errors import DataprepError
from dataprep.markdown import share
from dataprep.search.experiments import STAGE, Experiments
from dataprep.search.plot import parallel_coordinates
from dataprep.search.results import PICTURE, Outcome, as_csv, as_markdown, ranked
from dataprep.search.space import Trial, trials

TABLE = "trials.csv"
SUMMARY = "summary.md"


def search(params: Path, metrics: Path, folder: Path, count: int | None = None) -> list[Outcome]:
    """Run `count` trials, by default `search.trials`, beside the parameters as they are; write what came of them.

    params: params.yaml, beside dvc.yaml. metrics: the file of scores that the last stage of a trial writes, relative
    to it. folder: gets trials.csv, summary.md and the picture. A trial whose experiment is there is not run again;
    one that failed before is. Raises DataprepError when nothing can be run; a failing trial is an outcome.
    """
    raw = read(params)
    if count is not None and isinstance(raw, dict) and isinstance(raw.get("search"), dict):
        raw["search"]["trials"] = count
    chosen = _checked(parse(raw, str(params)), str(params))
    planned = trials(raw, chosen, str(params))
    experiments = Experiments(params.parent, chosen.seed)
    experiments.refuse_uncommitted(folder)
    experiments.prepare()
    outcomes: list[Outcome] = []
    try:
        with tqdm(planned, desc="search", unit="trial") as bar:
            for trial in bar:
                outcomes.append(_outcome(experiments, trial, chosen, metrics))
                bar.set_postfix_str(_best(outcomes))
    finally:
        # Only now: a file written between two trials would become part of the second one's experiment.
        if outcomes:
            write(outcomes, chosen, folder)
    return outcomes


def _checked(params: Params, where: str) -> Search:
    if params.predictions.kind == "file":
        raise DataprepError(
            "there is nothing to search: the predictions come from a file, and no network is trained",
            where=f"{where}, predictions.kind",
            remedy="set predictions.kind: training",
        )
    return params.search


def _outcome(experiments: Experiments, trial: Trial, chosen: Search, metrics: Path) -> Outcome:
    failure = "" if experiments.found(trial) else experiments.run(trial)
    scores = {} if failure else experiments.scores(trial, metrics)
    if not scores and not failure:
        failure = "no scores: no labeled image was held out"
    return Outcome(trial.number, experiments.name(trial), trial.values(chosen.space), scores, failure)


def _best(outcomes: list[Outcome]) -> str:
    best = ranked(outcomes)
    return f"best {share(best[0].accuracy)}" if best else ""


def write(outcomes: list[Outcome], chosen: Search, folder: Path) -> None:
    """Write the table, the page and, when a drawn trial has a result, the picture."""
    files.write_text(folder / TABLE, as_csv(outcomes))
    files.write_text(folder / SUMMARY, as_markdown(outcomes, STAGE))
    if any(outcome.number and outcome.done for outcome in outcomes):
        with files.replacing(folder / PICTURE) as part:
            part.write_bytes(parallel_coordinates(outcomes, chosen.space))
    else:
        (folder / PICTURE).unlink(missing_ok=True)


def closing(outcomes: list[Outcome], folder: Path) -> str:
    """Return what a person reads when the search is over."""
    best = ranked(outcomes)
    failed = len(outcomes) - len(best)
    lines = [f"{failed} of {len(outcomes)} trials failed; {folder / SUMMARY} says why"] if failed else []
    if best:
        lines.append(f"best: {best[0].name}, out-of-fold accuracy {share(best[0].accuracy)}; all in {folder / SUMMARY}")
        if best[0].number:
            lines.append(f"to take it over: dvc exp apply {best[0].name}, then dvc repro")
    return "\n".join(lines)
