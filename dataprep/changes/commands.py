"""The command that tells what a branch changes: what it takes, and what it prints."""

import argparse
from pathlib import Path
from typing import Any


def register(commands: Any, folder: Path) -> None:
    """Add the command to argparse's subparsers; `folder` is where the comment goes by default."""
    report = commands.add_parser(
        "report", help="tell what this branch changes in the data, as a comment for a pull request"
    )
    report.add_argument("--against", required=True, metavar="REV", help="the branch, tag or commit to compare with")
    report.add_argument(
        "--results", metavar="COMMIT", help="has that revision's results, computed anew: a commit on top of it"
    )
    report.add_argument("--out", type=Path, default=folder, metavar="FOLDER", help=f"default: {folder}")
    report.set_defaults(run=_report)


def _report(chosen: argparse.Namespace) -> None:
    from dataprep.changes import sides
    from dataprep.changes.comment import COMMENT, TEXT, write_comment
    from dataprep.changes.compared import compare_states
    from dataprep.changes.lock import stale
    from dataprep.history import SHORT, root_of

    root = root_of(".")
    base = sides.base_of(root, chosen.against)
    new = sides.present(root)
    old = sides.past(root, sides.results_of(root, base, chosen.results))
    code = sides.code_changes(root, base.commit)
    write_comment(compare_states(base, old, new, code, list(stale(root))), chosen.out)
    print(f"compared with commit {base.commit[:SHORT]}: {chosen.out / COMMENT}; without pictures: {chosen.out / TEXT}")
