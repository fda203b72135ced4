"""The `dataprep` command: what a person runs beside `dvc repro`."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from dataprep.changes.commands import register as register_changes
from dataprep.datasets.commands import register
from dataprep.errors import DataprepError
from dataprep.pull_request import command as comment


def main(arguments: list[str] | None = None) -> None:
    """Run one of the commands; a fault that the user can mend ends with exit code 1."""
    chosen = _parser().parse_args(arguments)
    try:
        if "run" in chosen:
            chosen.run(chosen)
        elif chosen.command == "check":
            _check(chosen.params)
        elif chosen.command == "summary":
            _summary(chosen.metrics, chosen.report, chosen.page)
        elif chosen.command == "search":
            _search(chosen.params, chosen.metrics, chosen.folder, chosen.trials)
        elif chosen.command == "decisions":
            _decisions(chosen)
        elif chosen.command == "tensorboard":
            _tensorboard(chosen.history, chosen.folder)
        else:
            _review(chosen)
    except DataprepError as error:
        sys.exit(f"error: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dataprep", description="What a person runs beside `dvc repro`.")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="say what is wrong with the parameters, or that the source is missing")
    check.add_argument("--params", type=Path, default=Path("params.yaml"))
    summary = commands.add_parser("summary", help="print what was found and where the report is")
    summary.add_argument("--metrics", type=Path, default=Path("reports/metrics.json"))
    summary.add_argument("--report", type=Path, default=Path("reports/summary.md"))
    summary.add_argument("--page", type=Path, default=Path("reports/summary.html"), help="the report with all images")
    review = commands.add_parser("review", help="open the findings in FiftyOne, or say where the static page is")
    review.add_argument("--session", type=Path, default=Path("data/session"))
    review.add_argument("--state", type=Path, default=Path(".fiftyone"), help="where FiftyOne keeps its files")
    review.add_argument("--port", type=int, default=5151)
    review.add_argument("--decisions", type=Path, default=Path("reviews/decisions.csv"))
    review.add_argument("--reviewer", help="your name; default: git's user.name, else the login name")
    review.add_argument("--static", action="store_true", help="write a page that needs no database in place of the App")
    review.add_argument("--folder", type=Path, default=Path("data/review-page"), help="where --static writes it")
    _add_decisions(commands)
    search = commands.add_parser("search", help="train with parameters drawn at random, as DVC experiments")
    search.add_argument("--params", type=Path, default=Path("params.yaml"))
    search.add_argument("--trials", type=int, help="how many to draw; default: search.trials in the parameters")
    search.add_argument("--metrics", type=Path, default=Path("reports/training.json"), help="where a trial's score is")
    search.add_argument("--folder", type=Path, default=Path("reports/search"), help="gets the table and the picture")
    tensorboard = commands.add_parser("tensorboard", help="write the course of training as TensorBoard's event files")
    tensorboard.add_argument("--history", type=Path, default=Path("data/history.parquet"))
    tensorboard.add_argument("--folder", type=Path, default=Path(".tensorboard"))
    register(commands, Path("data/dataset"))
    comment.register(commands)
    register_changes(commands, Path("reports/pull-request"))
    return parser


def _add_decisions(commands: Any) -> None:
    decisions = commands.add_parser("decisions", help="bring in decisions from other files, or say how far reviews are")
    decisions.add_argument("act", choices=["import", "status", "undo"])
    decisions.add_argument("files", type=Path, nargs="*", help="import: decisions.csv of the page or of a colleague")
    decisions.add_argument("--decisions", type=Path, default=Path("reviews/decisions.csv"))
    decisions.add_argument("--reviewer", help="who imports or undoes; default: git's user.name, else the login name")
    decisions.add_argument("--session", type=Path, default=Path("data/session"))
    decisions.add_argument("--images", type=Path, default=Path("data/images.parquet"))
    decisions.add_argument("--measurements", type=Path, default=Path("data/measurements.parquet"))


def _check(path: Path) -> None:
    # DVC reads params.yaml and looks for the source before any stage can say what is wrong with them.
    from dataprep.config import load
    from dataprep.sources import open_source

    source = load(path).source
    if source.kind != "digits" and not Path(source.path).exists():
        open_source(source)


def _summary(metrics: Path, report: Path, page: Path) -> None:
    # Imported here, as is the App below: each command loads only what it needs.
    from dataprep.report.terminal import summary

    if not metrics.is_file():
        raise DataprepError("there is no report yet", where=str(metrics), remedy="run `make repro` (or `dvc repro`)")
    print(summary(json.loads(metrics.read_text(encoding="utf-8")), report, page if page.is_file() else None))


def _review(chosen: argparse.Namespace) -> None:
    if chosen.static:
        from dataprep.review.static import write_static

        print(write_static(chosen.session, chosen.folder))
        return
    from dataprep.review.app import open_app
    from dataprep.review.reviewer import reviewer_name

    name = reviewer_name(chosen.reviewer)
    open_app(chosen.session, port=chosen.port, state=chosen.state, decisions=chosen.decisions, reviewer=name)


def _decisions(chosen: argparse.Namespace) -> None:
    from dataprep.decisions import command
    from dataprep.review.reviewer import reviewer_name

    data = command.Data(chosen.images, chosen.measurements, chosen.session)
    if chosen.act == "import":
        lines = command.bring_in(chosen.decisions, chosen.files, reviewer_name(chosen.reviewer), data)
    elif chosen.act == "undo":
        lines = command.take_back(chosen.decisions, reviewer_name(chosen.reviewer))
    else:
        lines = command.status(chosen.decisions, data)
    print("\n".join(lines))


def _search(params: Path, metrics: Path, folder: Path, count: int | None) -> None:
    from dataprep.search.search import closing, search

    try:
        print(closing(search(params, metrics, folder, count), folder))
    except KeyboardInterrupt:
        sys.exit("\ninterrupted; run `dataprep search` again to go on")


def _tensorboard(history: Path, folder: Path) -> None:
    from dataprep import tables
    from dataprep.event_files import write_event_files
    from dataprep.schema import HISTORY

    if not history.is_file():
        raise DataprepError("there is no course of training yet", where=str(history), remedy="run `dvc repro predict`")
    names = write_event_files(tables.read(history, HISTORY), folder)
    print(f"{len(names)} networks; look at them with: tensorboard --logdir {folder}")
