"""The one comment: found among all of a pull request's, changed in place, or written for the first time."""

from dataclasses import dataclass
from typing import Any

from dataprep.errors import DataprepError
from dataprep.pull_request import github
from dataprep.pull_request.github import Api, Refused

MARKER = "<!-- dataprep report -->"  # not shown; by it the comment is found again


@dataclass(frozen=True)
class Outcome:
    """What became of the comment: "written", "changed" or "the same as before"; and where it is."""

    done: str
    address: str


def publish(api: Api, repository: str, number: int, text: str) -> Outcome:
    """Make `text`, which begins with MARKER, the one comment on a pull request.

    The comment is the first that begins with MARKER and is one's own. Equal text is not sent again.
    Raises github.Refused where it may not be written (or is too long: 422), and DataprepError for a wrong address or
    token and for no answer.
    """
    own = find(api, repository, number)
    if own is not None and _plain(own["body"]) == _plain(text):
        return Outcome("the same as before", own["html_url"])
    if own is not None:
        try:
            changed = github.request(api, "PATCH", f"/repos/{repository}/issues/comments/{own['id']}", {"body": text})
            return Outcome("changed", changed["html_url"])
        except Refused as refused:
            if refused.status != 404:  # else somebody deleted it meanwhile
                raise
    return github.patiently(api, lambda turn: _write(api, repository, number, text, turn))


def _write(api: Api, repository: str, number: int, text: str, turn: int) -> Outcome:
    # A request without an answer may have arrived all the same: a second comment must not follow it.
    arrived = find(api, repository, number) if turn else None
    if arrived is None:
        address = f"{api.base}/repos/{repository}/issues/{number}/comments"
        arrived = github.once(api, "POST", address, {"body": text})[0]
    return Outcome("written", arrived["html_url"])


def find(api: Api, repository: str, number: int) -> dict[str, Any] | None:
    """Return the first of all comments that begins with MARKER and is one's own, or None.

    One's own are those by the token's account. Where the server does not tell it (it does not to the token of a
    workflow), they are those by any bot. Raises DataprepError where there is no such pull request.
    """
    try:
        found = list(github.pages(api, f"/repos/{repository}/issues/{number}/comments?per_page=100"))
    except Refused as refused:
        if refused.status == 404:
            raise DataprepError(
                f"there is no such pull request, or the token cannot see it: {refused.said}",
                where=f"{api.base}/repos/{repository}/pulls/{number}",
                remedy="look at --repository and --pull-request, and at the token's rights",
            ) from refused
        raise
    marked = [comment for comment in found if (comment.get("body") or "").startswith(MARKER)]
    account = _account(api) if marked else None
    return next((comment for comment in marked if _is_own(comment.get("user") or {}, account)), None)


def _is_own(user: dict[str, Any], account: str | None) -> bool:
    return bool(user.get("login") == account if account else user.get("type") == "Bot")


def _account(api: Api) -> str | None:
    try:
        return str(github.request(api, "GET", "/user")["login"])
    except Refused:
        return None


def _plain(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").strip()
