"""`dataprep comment` against a server that answers like GitHub and a bare repository."""

import io
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from dataprep.cli import main
from tests.closure import ROOT, imported_files
from tests.pull_request.conftest import TEXT, png
from tests.pull_request.github_server import TOKEN, Answer, GitHub

MARKER = "<!-- dataprep report -->"
PINNED = re.compile(r"\]\(https://github\.com/ada/photos/blob/([0-9a-f]{40})/(12/[0-9a-f]{20}\.png)\?raw=true\)")

Command = Callable[..., str]


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def shown(remote: Path, commit: str, name: str) -> Image.Image:
    data = subprocess.run(["git", "show", f"{commit}:{name}"], cwd=remote, check=True, capture_output=True).stdout
    return Image.open(io.BytesIO(data))


def test_the_first_comment_has_pictures_pinned_by_commit(comment: Command, server: GitHub, remote: Path) -> None:
    assert "comment written: https://github.com/ada/photos/pull/12#issuecomment-1001" in comment()
    (body,) = (posted["body"] for posted in server.comments)
    assert body.startswith(MARKER)
    found = PINNED.findall(body)
    assert [shown(remote, *pin).convert("RGB").getpixel((0, 0)) for pin in found] == [(1, 20, 30), (2, 20, 30)]
    assert "](pictures/" not in body


def test_nothing_new_sends_nothing(comment: Command, server: GitHub, remote: Path) -> None:
    comment()
    before = git(remote, "rev-parse", "dataprep-pictures")
    again = comment()
    assert "comment the same as before" in again
    assert "2 pictures are there already" in again
    assert git(remote, "rev-parse", "dataprep-pictures") == before
    assert len(server.writes()) == 1


def test_a_change_is_made_in_place_and_pinned_anew(
    comment: Command, server: GitHub, remote: Path, report: Path
) -> None:
    comment()
    (old, _), _ = PINNED.findall(server.comments[0]["body"])
    (report / "pictures/added.png").write_bytes(png(99))
    assert "comment changed" in comment()
    assert len(server.comments) == 1
    pins = PINNED.findall(server.comments[0]["body"])
    assert shown(remote, *pins[0]).convert("RGB").getpixel((0, 0)) == (99, 20, 30)
    assert {commit for commit, _ in pins} != {old}
    assert server.writes()[1] == "PATCH /repos/ada/photos/issues/comments/1001"


@pytest.mark.usefixtures("no_pictures")
def test_ones_own_comment_is_found_on_a_later_page(comment: Command, server: GitHub) -> None:
    server.per_page = 2
    for number in range(4):
        server.add(f"I like it {number}", "grace")
    server.add(f"> {MARKER}\nquoted", "grace")
    server.add(f"{MARKER}\nby hand", "grace")
    server.add(None, "ghost")
    own = server.add(f"{MARKER}\nold", "github-actions[bot]", "Bot")
    assert "comment changed" in comment()
    assert own["body"].startswith(TEXT)
    assert [other["body"] for other in server.comments[4:7]] == [
        f"> {MARKER}\nquoted",
        f"{MARKER}\nby hand",
        None,
    ]
    assert len(server.comments) == 8


@pytest.mark.usefixtures("no_pictures")
def test_a_token_that_tells_its_account_takes_that_accounts_comment(comment: Command, server: GitHub) -> None:
    server.told, server.login = True, "ada"
    bot = server.add(f"{MARKER}\nthe bot's", "github-actions[bot]", "Bot")
    own = server.add(f"{MARKER}\nmine", "ada")
    comment()
    assert bot["body"].endswith("the bot's")
    assert own["body"].startswith(TEXT)


@pytest.mark.usefixtures("no_pictures")
def test_line_ends_are_no_change(comment: Command, server: GitHub) -> None:
    comment()
    server.comments[0]["body"] = server.comments[0]["body"].replace("\n", "\r\n").strip()
    assert "the same as before" in comment()


@pytest.mark.usefixtures("no_pictures")
def test_a_comment_deleted_meanwhile_is_written_again(comment: Command, server: GitHub) -> None:
    server.add(f"{MARKER}\nold", "github-actions[bot]", "Bot")
    server.planned = [Answer("PATCH", 404, "Not Found")]
    assert "comment written" in comment()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({}, [1.0, 2.0]), ({"Retry-After": "7"}, [7.0, 7.0])],
)
@pytest.mark.usefixtures("no_pictures")
def test_a_busy_server_is_asked_again(
    comment: Command, server: GitHub, waits: list[float], headers: dict[str, str], expected: list[float]
) -> None:
    server.planned = [Answer("GET", 503, headers=headers), Answer("GET", 500, headers=headers)]
    assert "comment written" in comment()
    assert waits == expected


@pytest.mark.usefixtures("no_pictures")
def test_a_silent_server_is_asked_again(
    comment: Command, server: GitHub, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataprep.pull_request.github.TIMEOUT", 0.2)
    server.planned = [Answer("GET", 200, delay=0.5)]
    assert "comment written" in comment()
    assert waits == [1.0]


@pytest.mark.usefixtures("no_pictures")
def test_a_limit_of_the_rate_is_waited_for(comment: Command, server: GitHub, waits: list[float]) -> None:
    limit = "API rate limit exceeded"
    server.planned = [
        Answer("POST", 403, limit, {"Retry-After": "30"}),
        Answer("POST", 429, limit, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
        Answer("POST", 403, limit, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"}),
        Answer("POST", 403, "You have exceeded a secondary rate limit"),
    ]
    assert "comment written" in comment()
    assert waits == [30.0, 0.0, 0.0, 60.0]


@pytest.mark.usefixtures("no_pictures")
def test_who_asks_to_wait_too_long_is_not_waited_for(
    comment: Command, server: GitHub, waits: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    server.planned = [Answer("GET", 403, "API rate limit exceeded", {"Retry-After": "3600"})]
    with pytest.raises(SystemExit, match=r"no answer: 403 API rate limit exceeded; it asks to wait 3600 s"):
        comment()
    assert waits == []
    assert "10 added" in capsys.readouterr().out


@pytest.mark.usefixtures("no_pictures")
def test_a_comment_that_arrived_without_an_answer_is_not_written_twice(
    comment: Command, server: GitHub, waits: list[float]
) -> None:
    server.planned = [Answer("POST", 502, after=True)]
    assert "comment written" in comment()
    assert len(server.comments) == 1
    assert len(waits) == 1


@pytest.mark.usefixtures("no_pictures")
def test_a_server_that_never_answers_is_given_up(comment: Command, server: GitHub, waits: list[float]) -> None:
    server.planned = [Answer("GET", 502) for _ in range(9)]
    with pytest.raises(SystemExit, match=r"error: GitHub gives no answer: 502 Server Error\n.*\n.*again later"):
        comment()
    assert waits == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.usefixtures("no_pictures")
def test_no_server_there(comment: Command, monkeypatch: pytest.MonkeyPatch, waits: list[float]) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    with pytest.raises(SystemExit, match=r"GitHub gives no answer: .*refused.*\n  where: http://127.0.0.1:9\n"):
        comment()
    assert len(waits) == 4


@pytest.mark.parametrize(("method", "status"), [("POST", 403), ("POST", 404), ("POST", 410), ("GET", 403)])
@pytest.mark.usefixtures("no_pictures")
def test_where_commenting_is_refused_the_summary_gets_the_text(
    comment: Command,
    server: GitHub,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    method: str,
    status: int,
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    server.planned = [Answer(method, status, "Resource not accessible by integration")]
    said = comment()
    why = f"The comment may not be written ({status} Resource not accessible by integration), so here is the text."
    assert f"{why}\n\n{TEXT}" in said
    assert summary.read_text() == f"before\n{TEXT}\n"


@pytest.mark.usefixtures("no_pictures")
def test_printed_text_gives_the_runner_no_commands(
    comment: Command, server: GitHub, report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    (report / "text.md").write_text(f"{TEXT}::error::boo\n")
    server.planned = [Answer("POST", 403, "no")]
    assert re.search(r"::stop-commands::(\w{32})\n(.*\n)*::error::boo\n\n::\1::\n", comment())


@pytest.mark.usefixtures("no_pictures")
def test_a_wrong_token_is_an_error(
    comment: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_wrong")
    with pytest.raises(SystemExit, match=r"the token is not accepted: Bad credentials\n.*\n.*GITHUB_TOKEN") as caught:
        comment()
    printed = capsys.readouterr()
    assert "ghs_wrong" not in f"{caught.value}{printed}"
    assert "10 added" in printed.out


@pytest.mark.parametrize("token", ["", "  ", "two words", "zwölf"])
def test_no_token_is_an_error(comment: Command, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", token)
    with pytest.raises(SystemExit, match=r"there is no token.*\n.*GITHUB_TOKEN\n.*--dry-run"):
        comment()


@pytest.mark.usefixtures("no_pictures")
def test_a_wrong_repository_is_an_error(comment: Command) -> None:
    with pytest.raises(SystemExit, match=r"no such pull request, .*: Not Found\n.*/repos/ada/fotos/pulls/12\n"):
        comment("--repository", "ada/fotos")


@pytest.mark.parametrize("words", [("--repository", "photos"), ("--repository", "a/b/c"), ("--pull-request", "0")])
def test_a_misspelt_pull_request_is_an_error(comment: Command, words: tuple[str, str]) -> None:
    with pytest.raises(SystemExit, match=r"no pull request is named\n.*\n.*owner/name --pull-request 12"):
        comment(*words)


@pytest.mark.usefixtures("no_pictures")
def test_a_moved_repository_is_an_error_and_the_token_stays_here(comment: Command, server: GitHub) -> None:
    server.planned = [Answer("GET", 301, "Moved", {"Location": "https://evil.example/"})]
    with pytest.raises(SystemExit, match=r"it has moved to https://evil.example/\n"):
        comment()


@pytest.mark.usefixtures("no_pictures")
def test_a_next_page_on_another_server_is_not_asked_for(
    comment: Command, server: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = {"Link": '<https://evil.example/page2>; rel="next"'}
    monkeypatch.setattr(GitHub, "_page", lambda self, page: (200, [], link))
    with pytest.raises(SystemExit, match=r"the next page lies on another server: https://evil.example/page2"):
        comment()


@pytest.mark.usefixtures("no_pictures")
def test_an_address_that_is_no_api_is_an_error(
    comment: Command, server: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Page(io.BytesIO):
        headers = None

    class Opener:
        def open(self, *_: object, **__: object) -> Page:
            return Page(b"<html>")

    monkeypatch.setattr(urllib.request, "build_opener", lambda *_: Opener())
    with pytest.raises(SystemExit, match=r"not the address of GitHub's API.*the answer is no JSON\n.*\n.*GITHUB_API"):
        comment()


@pytest.mark.parametrize("name", ["GITHUB_API_URL", "GITHUB_SERVER_URL"])
def test_no_token_goes_out_unencrypted(comment: Command, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://git.example.com/")
    with pytest.raises(SystemExit, match=rf"sent unencrypted\n  where: {name}: git.example.com\n.*https"):
        comment()


def test_enterprise_servers_have_their_own_addresses(
    comment: Command, server: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://git.example.com/")
    comment()
    assert "](https://git.example.com/ada/photos/blob/" in server.comments[0]["body"]


def test_pinned_addresses_make_it_too_long(comment: Command, server: GitHub, report: Path) -> None:
    text = (report / "comment.md").read_text()
    (report / "comment.md").write_text(text + "x" * (65_500 - len(text)))
    assert "it was too long" in comment()
    assert server.comments[0]["body"] == f"{TEXT}\n_Pictures are left out: the comment would be too long._\n"


def test_what_the_server_finds_too_long_is_shortened(comment: Command, server: GitHub) -> None:
    server.planned = [Answer("POST", 422, "Validation Failed")]
    assert "it was too long" in comment()
    assert server.comments[0]["body"].startswith(TEXT)


def test_what_the_server_never_takes_is_an_error(comment: Command, server: GitHub) -> None:
    server.planned = [Answer("POST", 422, "Validation Failed") for _ in range(3)]
    with pytest.raises(SystemExit, match=r"the comment is not accepted: Validation Failed\n"):
        comment()


def test_a_text_that_is_too_long_in_any_form_is_cut(comment: Command, server: GitHub, report: Path) -> None:
    for name in ("comment.md", "text.md"):
        (report / name).write_text(TEXT + "a line\n" * 10_000)
    comment()
    body = server.comments[0]["body"]
    assert len(body) <= 65_536
    assert body.endswith(
        "a line\n\n_The rest is left out, as GitHub takes no longer comments; the report's folder has all of it._\n"
    )


def test_only_links_to_pictures_are_replaced(comment: Command, server: GitHub, report: Path) -> None:
    text = (report / "comment.md").read_text()
    other = "[a](https://x.example/pictures/added.png) `pictures/added.png` &#93;(pictures/added.png)\n"
    (report / "comment.md").write_text(text + other)
    comment()
    assert server.comments[0]["body"].endswith(other)


def test_without_pictures_no_branch_is_made(comment: Command, server: GitHub, report: Path, remote: Path) -> None:
    (report / "comment.md").write_text(TEXT)
    assert "there are no pictures" in comment()
    assert git(remote, "branch", "--list") == ""
    assert server.comments[0]["body"] == TEXT


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "text.md").unlink(), r"there is no such file\n.*text.md"),
        (lambda folder: (folder / "comment.md").write_bytes(b"\xff"), r"the file cannot be read: .*\n.*comment.md"),
        (lambda folder: (folder / "pictures/added.png").unlink(), r"a picture that is not there\n.*added.png"),
        (lambda folder: (folder / "pictures/added.png").write_bytes(b"<svg>"), r"this is no PNG.*\n.*added.png"),
        (
            lambda folder: os.truncate(folder / "pictures/added.png", 11 << 20),
            r"the picture has more than 10 MiB\n.*added.png",
        ),
        (
            lambda folder: (folder / "comment.md").write_text("![a](pictures/..%2Ftext.md)"),
            r"a picture that is not there\n.*text.md",
        ),
    ],
)
def test_an_unfit_folder_is_an_error(
    comment: Command, server: GitHub, report: Path, change: Callable[[Path], object], message: str
) -> None:
    change(report)
    with pytest.raises(SystemExit, match=rf"error: .*{message}\n  to do: make the folder anew: dataprep report"):
        comment()
    assert server.asked == []


def test_a_dry_run_asks_nobody(comment: Command, server: GitHub, remote: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    said = comment("--dry-run")
    assert "would put 2 pictures (0 KiB) on the branch 'dataprep-pictures'" in said
    assert "would write or change the comment on https://github.com/ada/photos/pull/12" in said
    assert "](https://github.com/ada/photos/blob/COMMIT/12/" in said
    assert server.asked == []
    assert git(remote, "branch", "--list") == ""


def test_it_runs_where_nothing_is_installed(server: GitHub, remote: Path, report: Path) -> None:
    words = ["-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); import runpy; "]
    words[-1] += "runpy.run_module('dataprep.pull_request', run_name='__main__', alter_sys=True)"
    options = [str(report), "--repository", "ada/photos", "--pull-request", "12", "--remote", str(remote)]
    environment = os.environ | {"GITHUB_API_URL": server.base, "GITHUB_TOKEN": TOKEN}
    done = subprocess.run([sys.executable, *words, *options], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(server.comments) == 1
    outside = {name for name in imported_files("dataprep.pull_request.command") if "pull_request/" not in name}
    assert outside == {"dataprep/__init__.py", "dataprep/errors.py", "dataprep/markdown.py"}


def test_the_module_alone_ends_with_the_error(report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataprep.pull_request.__main__ import main as alone

    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    for run in (alone, lambda words: main(["comment", *words])):
        with pytest.raises(SystemExit, match=r"^error: there is no token"):
            run([str(report), "--repository", "ada/photos", "--pull-request", "12"])
