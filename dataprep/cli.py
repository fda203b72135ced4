"""The `dataprep` command: what a person runs beside `dvc repro`."""

import argparse
import json
import sys
from pathlib import Path

from dataprep.errors import DataprepError


def main(arguments: list[str] | None = None) -> None:
    """Run `dataprep check`, `summary` or `review`; a fault that the user can mend ends with exit code 1."""
    parser = argparse.ArgumentParser(prog="dataprep", description="What a person runs beside `dvc repro`.")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="say what is wrong with the parameters, or that the source is missing")
    check.add_argument("--params", type=Path, default=Path("params.yaml"))
    summary = commands.add_parser("summary", help="print what was found and where the report is")
    summary.add_argument("--metrics", type=Path, default=Path("reports/metrics.json"))
    summary.add_argument("--report", type=Path, default=Path("reports/summary.md"))
    review = commands.add_parser("review", help="open the findings in FiftyOne, or say where the static page is")
    review.add_argument("--session", type=Path, default=Path("data/session"))
    review.add_argument("--state", type=Path, default=Path(".fiftyone"), help="where FiftyOne keeps its files")
    review.add_argument("--port", type=int, default=5151)
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "check":
            _check(chosen.params)
        elif chosen.command == "summary":
            _summary(chosen.metrics, chosen.report)
        else:
            _review(chosen.session, chosen.state, chosen.port)
    except DataprepError as error:
        sys.exit(f"error: {error}")


def _check(path: Path) -> None:
    # DVC reads params.yaml and looks for the source before any stage can say what is wrong with them.
    from dataprep.config import load
    from dataprep.sources import open_source

    source = load(path).source
    if source.kind != "digits" and not Path(source.path).exists():
        open_source(source)


def _summary(metrics: Path, report: Path) -> None:
    # Imported here, as is the App below: each command loads only what it needs.
    from dataprep.report.terminal import summary

    if not metrics.is_file():
        raise DataprepError("there is no report yet", where=str(metrics), remedy="run `make repro` (or `dvc repro`)")
    print(summary(json.loads(metrics.read_text(encoding="utf-8")), report))


def _review(session: Path, state: Path, port: int) -> None:
    from dataprep.review.app import open_app

    open_app(session, port=port, state=state)
