"""A server on this machine that answers as GitHub's API does, as far as comments go."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "ghs_secretsecretsecret"
MOST = 65_536


@dataclass
class Answer:
    """What the next request that fits is answered with. after: it takes effect before the answer fails."""

    method: str
    status: int
    message: str = "Server Error"
    headers: dict[str, str] = field(default_factory=dict)
    after: bool = False
    delay: float = 0.0  # seconds


@dataclass
class GitHub:
    """The state of one pull request, 12 of ada/photos, and what was asked."""

    base: str = ""
    login: str = "github-actions[bot]"
    told: bool = False  # whether GET /user is answered
    per_page: int = 100
    comments: list[dict[str, Any]] = field(default_factory=list)
    planned: list[Answer] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def add(self, body: str | None, login: str, kind: str = "User") -> dict[str, Any]:
        number = len(self.comments) + 1001
        comment = {"id": number, "body": body, "user": {"login": login, "type": kind}}
        comment["html_url"] = f"https://github.com/ada/photos/pull/12#issuecomment-{number}"
        self.comments.append(comment)
        return comment

    def writes(self) -> list[str]:
        return [line for line in self.asked if not line.startswith("GET")]

    def answer(self, method: str, path: str, body: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        if method == "GET" and path == "/user":
            return (200, {"login": self.login}, {}) if self.told else self._no(403, "Resource not accessible")
        if method != "GET" and len(body["body"]) > MOST:
            said = {"message": "Validation Failed", "errors": [{"message": "Body is too long (maximum is 65536)"}]}
            return 422, said, {}
        found = re.fullmatch(r"/repos/ada/photos/issues/12/comments(?:\?per_page=\d+(?:&page=(\d+))?)?", path)
        if method == "GET" and found:
            return self._page(int(found[1] or 1))
        if method == "POST" and found:
            return 201, self.add(body["body"], self.login, "Bot"), {}
        single = re.fullmatch(r"/repos/ada/photos/issues/comments/(\d+)", path)
        for comment in self.comments if method == "PATCH" and single else []:
            if comment["id"] == int(single[1]):  # type: ignore[index]
                comment["body"] = body["body"]
                return 200, comment, {}
        return self._no(404, "Not Found")

    def _page(self, page: int) -> tuple[int, Any, dict[str, str]]:
        first, last = (page - 1) * self.per_page, page * self.per_page
        address = f"{self.base}/repos/ada/photos/issues/12/comments?per_page={self.per_page}"
        links = [f'<{address}&page=1>; rel="first"']
        if last < len(self.comments):
            links += [f'<{address}&page={page + 1}>; rel="next"', f'<{address}&page=99>; rel="last"']
        return 200, self.comments[first:last], {"Link": ", ".join(links)}

    @staticmethod
    def _no(status: int, message: str) -> tuple[int, Any, dict[str, str]]:
        return status, {"message": message}, {}


@contextmanager
def serving() -> Iterator[GitHub]:
    """Answer on 127.0.0.1 while the block runs."""
    state = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
            state.asked.append(f"{self.command} {self.path}")
            planned = next((one for one in state.planned if one.method == self.command), None)
            if planned is not None:
                state.planned.remove(planned)
                time.sleep(planned.delay)
                if planned.after:
                    state.answer(self.command, self.path, body)
                status, value, headers = planned.status, {"message": planned.message}, planned.headers
            elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
                status, value, headers = 401, {"message": "Bad credentials"}, {}
            else:
                status, value, headers = state.answer(self.command, self.path, body)
            data = json.dumps(value).encode()
            with suppress(ConnectionError):  # who waited too long is gone
                self.send_response(status)
                for name, text in (headers | {"Content-Length": str(len(data))}).items():
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(data)

        do_GET = do_POST = do_PATCH = _handle  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
