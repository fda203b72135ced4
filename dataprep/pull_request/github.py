"""Requests to GitHub's REST API: time limits, another try where that helps, and answers that say why not."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from time import sleep
from typing import Any, TypeVar
from urllib.parse import urlsplit

from dataprep.errors import DataprepError
from dataprep.markdown import shorten, visible

TIMEOUT = 30.0  # seconds until a silent server counts as not answering
TRIES = 5  # in all, 1, 2, 4 and 8 seconds apart where the server names no time
LONGEST_WAIT = 120.0  # seconds; who asks for more is not waited for
UNTOLD_WAIT = 60.0  # seconds, where a limit of the rate comes without a time; GitHub asks for at least a minute
LOOPBACK = ("127.0.0.1", "::1", "localhost")

Answered = TypeVar("Answered")


class Refused(Exception):
    """The server understood and will not: its HTTP status, and what it said."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{status} {said}")
        self.status = status
        self.said = said


class Busy(Exception):
    """No answer, an error of the server or a limit of the rate: `wait` seconds, where it named a time."""

    def __init__(self, said: str, wait: float | None = None) -> None:
        super().__init__(said)
        self.wait = wait


@dataclass(frozen=True)
class Api:
    """An API's address without a final slash, and the token to send with each request (never shown)."""

    base: str
    token: str = field(repr=False)


class _Unmoved(urllib.request.HTTPRedirectHandler):
    # urllib would hand the token on to wherever a redirect points.
    def redirect_request(self, *_: Any) -> None:
        return None


def request(api: Api, method: str, path: str, body: dict[str, str] | None = None) -> Any:
    """Send a request that does no harm when it arrives twice, and return the answer's JSON.

    Raises Refused for 403, 404 and 422, and DataprepError for a wrong address or token and for no answer in five tries.
    """
    return patiently(api, lambda _: once(api, method, f"{api.base}{path}", body)[0])


def pages(api: Api, path: str) -> Iterator[Any]:
    """Yield the items of a list that comes in pages, each linked to the next by the header Link.

    Raises as `request` does.
    """
    address: str | None = f"{api.base}{path}"
    seen: set[str] = set()
    while address and address not in seen:
        seen.add(address)
        items, headers = patiently(api, lambda _, page=address: once(api, "GET", page))  # type: ignore[misc]
        yield from items
        address = _next(api, headers)


def patiently(api: Api, act: Callable[[int], Answered]) -> Answered:
    """Return what `act` returns, called with 0, 1, ... as long as it raises Busy; see TRIES and LONGEST_WAIT."""
    for turn in range(TRIES):
        try:
            return act(turn)
        except Busy as busy:
            wait = 2.0**turn if busy.wait is None else busy.wait
            if turn + 1 == TRIES or wait > LONGEST_WAIT:
                asked = f"; it asks to wait {wait:.0f} s" if busy.wait else ""
                raise DataprepError(
                    f"GitHub gives no answer: {busy}{asked}",
                    where=api.base,
                    remedy="run it again later; where the address is wrong, set GITHUB_API_URL",
                ) from busy
            sleep(wait)
    raise AssertionError("unreachable")


def once(api: Api, method: str, address: str, body: dict[str, str] | None = None) -> tuple[Any, Message]:
    """Send one request and return the answer's JSON and headers.

    Raises Busy where another try may help, and else as `request` does.
    """
    asked = urllib.request.Request(address, method=method, data=json.dumps(body).encode() if body else None)
    asked.add_header("Accept", "application/vnd.github+json")
    asked.add_header("Content-Type", "application/json")
    asked.add_header("User-Agent", "dataprep")
    asked.add_header("X-GitHub-Api-Version", "2022-11-28")
    asked.add_unredirected_header("Authorization", f"Bearer {api.token}")
    try:
        with urllib.request.build_opener(_Unmoved).open(asked, timeout=TIMEOUT) as answer:
            data, headers = answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(error, address) from error
    except (OSError, HTTPException) as error:
        raise Busy(str(getattr(error, "reason", None) or error or type(error).__name__)) from error
    try:
        return json.loads(data), headers
    except ValueError as error:
        raise _wrong_address(address, "the answer is no JSON") from error


def _refusal(error: urllib.error.HTTPError, address: str) -> Exception:
    said, wait = _said(error), _wait(error.headers)
    limited = error.code == 403 and (wait is not None or "rate limit" in said.lower())
    if limited or error.code == 429 or error.code >= 500:
        return Busy(f"{error.code} {said}", UNTOLD_WAIT if limited and wait is None else wait)
    if error.code == 401:
        return DataprepError(
            f"the token is not accepted: {said}",
            where=address,
            remedy="give a valid one for this server in the environment variable GITHUB_TOKEN",
        )
    if 300 <= error.code < 400:
        return _wrong_address(address, f"it has moved to {visible(error.headers.get('Location') or 'another place')}")
    return Refused(error.code, said)


def _said(error: urllib.error.HTTPError) -> str:
    """The reason in the answer's words, on one line: GitHub's `message` and what stands in its `errors`."""
    try:
        told = json.loads(error.read())
        details = [item.get("message", "") if isinstance(item, dict) else str(item) for item in told.get("errors", [])]
        said = ": ".join(filter(None, [str(told["message"]), *details]))
    except (ValueError, KeyError, TypeError, AttributeError, OSError, HTTPException):
        said = str(error.reason)
    return shorten(visible(said), 300)


def _wait(headers: Message) -> float | None:
    """Seconds that the server asks to wait: by Retry-After (seconds or a date), else until X-RateLimit-Reset."""
    now = datetime.now(UTC).timestamp()
    after, reset = headers.get("Retry-After", ""), headers.get("X-RateLimit-Reset", "")
    if after.isdigit():
        return float(after)
    try:
        return max(0.0, parsedate_to_datetime(after).timestamp() - now)
    except ValueError:
        exhausted = headers.get("X-RateLimit-Remaining") == "0" and reset.isdigit()
        return max(0.0, float(reset) - now) if exhausted else None


def _next(api: Api, headers: Message) -> str | None:
    """The address behind rel="next" in the header Link; None on the last page."""
    for part in ",".join(headers.get_all("Link") or []).split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            found = address.strip().strip("<>")
            if urlsplit(found)[:2] != urlsplit(api.base)[:2]:  # the token is for one server
                raise _wrong_address(api.base, f"the next page lies on another server: {visible(found)}")
            return found
    return None


def _wrong_address(address: str, why: str) -> DataprepError:
    return DataprepError(
        f"this is not the address of GitHub's API, or not of this repository: {why}",
        where=address,
        remedy="name the repository as it is called now; for GitHub Enterprise set GITHUB_API_URL",
    )
