"""`dataprep comment`: what it takes from the command line and from the environment."""

import argparse
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dataprep.errors import DataprepError
from dataprep.pull_request.github import LOOPBACK
from dataprep.pull_request.post import Target, plan, post

SERVER = "https://github.com"
API = "https://api.github.com"
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+", re.ASCII)


def register(commands: Any) -> None:
    """Add the command to argparse's subparsers."""
    comment = commands.add_parser("comment", help="post the report of changes as a pull request's one comment")
    add_options(comment)
    comment.set_defaults(run=run)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options to its parser."""
    parser.add_argument("folder", type=Path, help="as `dataprep report --against REVISION --out FOLDER` wrote it")
    parser.add_argument("--repository", metavar="OWNER/NAME", default=os.environ.get("GITHUB_REPOSITORY", ""))
    parser.add_argument("--pull-request", type=int, required=True, metavar="NUMBER")
    parser.add_argument("--branch", default="dataprep-pictures", help="gets the pictures; default: %(default)s")
    parser.add_argument(
        "--remote", help="address of the Git repository with that branch; default: the repository's own"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and ask no server")


def run(chosen: argparse.Namespace) -> None:
    """Post, and print what was done. The token is read from the environment variable GITHUB_TOKEN, and nowhere else."""
    act = plan if chosen.dry_run else post
    print("\n".join(act(chosen.folder, _target(chosen))))


def _target(chosen: argparse.Namespace) -> Target:
    if not REPOSITORY.fullmatch(chosen.repository) or chosen.pull_request < 1:
        raise DataprepError(
            "no pull request is named",
            where=f"--repository '{chosen.repository}' --pull-request {chosen.pull_request}",
            remedy="give them as --repository owner/name --pull-request 12",
        )
    server = _secure(os.environ.get("GITHUB_SERVER_URL") or SERVER, "GITHUB_SERVER_URL")
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    remote = chosen.remote or f"{server}/{chosen.repository}.git"
    return Target(
        repository=chosen.repository,
        number=chosen.pull_request,
        branch=chosen.branch,
        remote=str(Path(remote).resolve()) if Path(remote).is_dir() else _secure(remote, "--remote"),
        server=server,
        api=_secure(os.environ.get("GITHUB_API_URL") or API, "GITHUB_API_URL"),
        token="" if chosen.dry_run else _token(),
        summary=Path(summary) if summary else None,
    )


def _token() -> str:
    token = os.environ.get("GITHUB_TOKEN", "").strip()
    if not re.fullmatch(r"[!-~]+", token):
        raise DataprepError(
            "there is no token, or it has characters that none has",
            where="environment variable GITHUB_TOKEN",
            remedy="set it to a token that may write to pull requests and push; to look first, give --dry-run",
        )
    return token


def _secure(address: str, name: str) -> str:
    """Return the address without a final slash. Raises DataprepError where a token would go out unencrypted."""
    parts = urlsplit(address)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise DataprepError(
            "the token would be sent unencrypted", where=f"{name}: {parts.hostname}", remedy="use an https address"
        )
    return address.rstrip("/")
