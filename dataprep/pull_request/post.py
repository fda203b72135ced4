"""From the report's folder to the comment: without pictures where they are refused, else to the job's summary."""

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from dataprep.errors import DataprepError
from dataprep.pull_request import branch, comments
from dataprep.pull_request.branch import NotPushed
from dataprep.pull_request.comments import Outcome
from dataprep.pull_request.github import Api, Refused
from dataprep.pull_request.text import MOST, Report, by_content, cut, read_report, with_pictures, without_pictures


@dataclass(frozen=True)
class Target:
    """Where the comment goes. server, api: addresses. remote: gets the branch. summary: the job's, if there is one."""

    repository: str
    number: int
    branch: str
    remote: str
    server: str
    api: str
    token: str = field(repr=False)
    summary: Path | None = None


def post(folder: Path, target: Target) -> list[str]:
    """Write or change the comment, and return lines that say what was done and, where it was refused, the text.

    Raises DataprepError for an unfit folder, a wrong address or token, and no answer; the text is kept before.
    """
    report = read_report(folder)
    texts, lines = _forms(report, target)
    try:
        outcome, taken = _first_accepted(texts, target)
    except Refused as refused:
        why = f"The comment may not be written ({refused}), so here is the text."
        return [*lines, why, *_kept(report, target)]
    except DataprepError:
        print("\n".join(_kept(report, target)))
        raise
    lines += [f"comment {outcome.done}: {outcome.address}"]
    return [*lines, "it was too long, so less of it was written"] if taken else lines


def plan(folder: Path, target: Target) -> list[str]:
    """Return lines that say what `post` would do, without asking any server."""
    report = read_report(folder)
    names = by_content(report.pictures)
    size = sum(map(len, report.pictures.values())) / 1024
    lines = [f"would put {len(names)} pictures ({size:.0f} KiB) on the branch '{target.branch}' of {target.remote}:"]
    lines += [f"  {name} as {target.number}/{named}" for name, named in names.items()]
    lines += [f"would write or change the comment on {target.server}/{target.repository}/pull/{target.number}:"]
    return [*lines, "", with_pictures(report, _address(target, "COMMIT"))]


def _forms(report: Report, target: Target) -> tuple[list[str], list[str]]:
    """Push the pictures; return the forms of the text, the fullest first, and lines about the push."""
    if not report.pictures:
        return [report.comment, cut(report.text)], ["there are no pictures"]
    try:
        pushed = branch.publish(
            {named: report.pictures[name] for name, named in by_content(report.pictures).items()},
            target.number,
            remote=target.remote,
            branch=target.branch,
            token=target.token,
        )
    except NotPushed as refused:
        said = f"pictures are left out: {refused}"
        return [without_pictures(report, str(refused)), cut(report.text)], [said]
    done = "pushed" if pushed.new else "are there already"
    lines = [f"{len(report.pictures)} pictures {done}: branch '{target.branch}', commit {pushed.commit}"]
    full = with_pictures(report, _address(target, pushed.commit))
    return [full, without_pictures(report, "the comment would be too long"), cut(report.text)], lines


def _first_accepted(texts: list[str], target: Target) -> tuple[Outcome, int]:
    """Publish the first text that is not too long; return what became of it and how many were passed over."""
    api = Api(target.api, target.token)
    said = ""
    for number, text in [(number, text) for number, text in enumerate(texts) if len(text) <= MOST]:
        try:
            return comments.publish(api, target.repository, target.number, text), number
        except Refused as refused:
            if refused.status != 422:
                raise
            said = refused.said
    raise DataprepError(
        f"the comment is not accepted: {said}", where=target.api, remedy="make the report anew, and shorter"
    )


def _kept(report: Report, target: Target) -> list[str]:
    """Append the text to the job's summary, and return it to be printed."""
    if target.summary:
        with target.summary.open("a", encoding="utf-8") as stream:
            stream.write(f"{report.text.rstrip()}\n\n")
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return ["", report.text]
    # A line of the text must not be read as a command to the runner.
    stop = secrets.token_hex(16)
    return [f"::stop-commands::{stop}", report.text, f"::{stop}::"]


def _address(target: Target, commit: str) -> str:
    # The form that a signed-in reader's browser may open in private repositories too: raw.githubusercontent.com and
    # GitHub's proxy for pictures know nobody's session.
    return f"{target.server}/{target.repository}/blob/{commit}/{target.number}"
