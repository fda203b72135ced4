"""The pictures' branch: Git alone, on bare repositories."""

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dataprep.errors import DataprepError
from dataprep.pull_request import branch
from dataprep.pull_request.branch import NotPushed, publish
from dataprep.pull_request.git import GitFailed, Scratch
from tests.pull_request.conftest import png
from tests.pull_request.github_server import TOKEN, Answer, GitHub

NAME = "dataprep-pictures"
REASON = "the branch 'dataprep-pictures' cannot be written: "


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def push(remote: Path, number: int, red: int, **more: str) -> branch.Pushed:
    return publish({f"{red}.png": png(red)}, number, remote=str(remote), branch=more.get("branch", NAME), token=None)


def files(remote: Path, commit: str = NAME) -> set[str]:
    return set(git(remote, "ls-tree", "-r", "--name-only", commit).splitlines())


def refuse(remote: Path, message: str) -> None:
    hook = remote / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho '{message}' >&2\nexit 1\n")
    hook.chmod(0o755)


def test_each_pull_request_has_a_folder_and_a_commit_that_is_reached(remote: Path) -> None:
    commits = {number: push(remote, number, number).commit for number in (1, 2, 3)}
    assert files(remote) == {"README.md", "1/1.png", "2/2.png", "3/3.png"}
    for number, commit in commits.items():
        assert files(remote, commit) == {f"{number}/{number}.png"}
        assert git(remote, "merge-base", "--is-ancestor", commit, NAME) == ""
    assert "nothing else needs this branch" in git(remote, "show", f"{NAME}:README.md")


def test_equal_pictures_make_no_commit(remote: Path) -> None:
    first = push(remote, 1, 7)
    push(remote, 2, 8)
    before = git(remote, "rev-parse", NAME)
    again = push(remote, 1, 7)
    assert (first.new, again.new, again.commit) == (True, False, first.commit)
    assert git(remote, "rev-parse", NAME) == before


def test_what_was_replaced_is_no_longer_reached_and_the_branch_stays_small(remote: Path) -> None:
    for red in range(6):
        push(remote, 1, red)
    push(remote, 2, 100)
    assert files(remote) == {"README.md", "1/5.png", "2/100.png"}
    assert git(remote, "rev-list", "--count", NAME) == "3"
    git(remote, "gc", "--quiet", "--prune=now")
    assert int(git(remote, "rev-list", "--all", "--objects", "--count")) == 3 + 5 + 3  # commits, trees, blobs


def test_the_oldest_go_when_there_are_too_many(remote: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(branch, "KEPT", 2)
    for number in (5, 3, 4):
        push(remote, number, number)
    assert files(remote) == {"README.md", "3/3.png", "4/4.png"}


def test_the_oldest_go_when_they_are_too_large(remote: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(branch, "ROOM", 2 * len(png(1)))
    for number in (1, 2, 3):
        push(remote, number, number)
    assert files(remote) == {"README.md", "2/2.png", "3/3.png"}
    monkeypatch.setattr(branch, "ROOM", 10)
    with pytest.raises(NotPushed, match=r"^they have more than 0 MiB together$"):
        push(remote, 4, 4)


def test_several_at_once_lose_nothing(remote: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda number: push(remote, number, number), range(1, 4)))
    assert files(remote) == {"README.md"} | {f"{number}/{number}.png" for number in range(1, 4)}


def test_a_push_in_between_is_kept(remote: Path, monkeypatch: pytest.MonkeyPatch, waits: list[float]) -> None:
    push(remote, 1, 1)
    join, others = branch._join, iter([lambda: push(remote, 2, 2), lambda: push(remote, 3, 3)])

    def slow(scratch: Scratch, entries: list[branch._Entry]) -> str:
        if entries[0].number == 4:
            next(others, lambda: None)()
        return join(scratch, entries)

    monkeypatch.setattr(branch, "_join", slow)
    push(remote, 4, 4)
    assert files(remote) == {"README.md", "1/1.png", "2/2.png", "3/3.png", "4/4.png"}
    assert waits == [0.5, 1.0]


def test_a_refusal_is_told_and_not_tried_again(remote: Path, waits: list[float]) -> None:
    refuse(remote, "no pictures here")
    with pytest.raises(NotPushed, match=rf"^{REASON}pre-receive hook declined$"):
        push(remote, 1, 1)
    assert waits == []
    assert git(remote, "branch", "--list") == ""


def test_a_remote_that_is_not_there_is_told(tmp_path: Path, waits: list[float]) -> None:
    with pytest.raises(NotPushed, match=rf"^{REASON}fatal: .*does not appear to be a git repository"):
        push(tmp_path / "nowhere.git", 1, 1)
    assert waits == []


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_server_that_refuses_the_token_is_told_without_the_token(
    server: GitHub, waits: list[float], status: int
) -> None:
    server.planned = [Answer("GET", status) for _ in range(3)]
    with pytest.raises(NotPushed, match=rf"^{REASON}fatal: ") as caught:
        publish({"a.png": png(1)}, 1, remote=f"{server.base}/ada/photos.git", branch=NAME, token=TOKEN)
    assert TOKEN not in f"{caught.value}{caught.value.__cause__}"
    assert waits == []


def test_a_server_with_trouble_is_asked_again(server: GitHub, waits: list[float]) -> None:
    server.planned = [Answer("GET", 503) for _ in range(20)]
    with pytest.raises(NotPushed, match=rf"^{REASON}fatal: .* error: 503$"):
        publish({"a.png": png(1)}, 1, remote=f"{server.base}/ada/photos.git", branch=NAME, token=TOKEN)
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0]


def test_the_token_is_on_no_command_line_in_no_file_and_no_trace(
    remote: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[str] = []
    run = subprocess.run

    def watched(command: list[str], **more: object) -> object:
        seen.append(" ".join(command))
        done = run(command, **more)  # type: ignore[call-overload]
        seen.extend(path.read_text() for path in Path(command[2]).glob("config"))
        return done

    monkeypatch.setattr(subprocess, "run", watched)
    monkeypatch.setenv("GIT_TRACE_CURL", str(tmp_path / "trace"))
    publish({"a.png": png(1)}, 1, remote=str(remote), branch=NAME, token=TOKEN)
    assert len(seen) > 20
    assert not [line for line in seen if TOKEN in line or "basic" in line]
    assert not (tmp_path / "trace").exists()
    with pytest.raises(GitFailed) as caught:
        Scratch(remote, "https://x.example", TOKEN).run("rev-parse", f"{TOKEN}")
    assert "***" in str(caught.value)


def test_the_token_goes_to_its_own_server_by_the_environment(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare")
    scratch = Scratch(tmp_path, "https://git.example.com/ada/photos.git", TOKEN)
    told = scratch.run("config", "--get-urlmatch", "http", "https://git.example.com/ada/photos.git")
    assert "AUTHORIZATION: basic " in told
    with pytest.raises(GitFailed):
        scratch.run("config", "--get-urlmatch", "http", "https://other.example.com/")


def test_neither_work_tree_nor_index_is_touched(remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(remote), str(clone))
    (clone / "staged").write_text("staged")
    git(clone, "add", "staged")
    before = {path: path.read_bytes() for path in clone.rglob("*") if path.is_file()}
    monkeypatch.chdir(clone)
    monkeypatch.setenv("GIT_DIR", str(clone / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(clone / ".git/index"))
    push(remote, 1, 1)
    assert {path: path.read_bytes() for path in clone.rglob("*") if path.is_file()} == before


def fill(clone: Path) -> None:
    (clone / "README.md").write_text("mine")
    (clone / "1").mkdir()
    (clone / "1/a.png").write_bytes(png(1))


def fill_alike(clone: Path) -> None:
    """Make the parent's subject like that of a pull request's commit, but for the number."""
    author = ("-c", "user.name=a", "-c", "user.email=a@b")
    git(clone, *author, "commit", "--quiet", "--allow-empty", "-m", "Pictures of pull request abc")
    (clone / "README.md").write_text("mine")
    (clone / "abc").mkdir()
    (clone / "abc/a.png").write_bytes(png(1))


@pytest.mark.parametrize("files_of", [lambda clone: None, fill, fill_alike], ids=["empty", "alike", "no number"])
def test_a_branch_with_other_things_is_left_alone(
    remote: Path, tmp_path: Path, files_of: Callable[[Path], None]
) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(remote), str(clone))
    files_of(clone)
    git(clone, "add", ".")
    git(clone, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty", "-m", "work")
    git(clone, "push", "--quiet", "origin", "HEAD:refs/heads/main")
    before = git(remote, "rev-parse", "main")
    with pytest.raises(DataprepError, match=r"the branch 'main' holds other things, which would be lost\n.*\n.*--bra"):
        push(remote, 1, 1, branch="main")
    assert git(remote, "rev-parse", "main") == before


@pytest.mark.parametrize("name", ["a b", "-x", "a..b", ""])
def test_a_branch_needs_a_proper_name(remote: Path, name: str) -> None:
    with pytest.raises(DataprepError, match=rf"'{name}' is no name for a branch\n"):
        push(remote, 1, 1, branch=name)


def test_where_pictures_are_refused_the_comment_says_so(
    comment: Callable[..., str], server: GitHub, remote: Path
) -> None:
    refuse(remote, "no pictures here")
    said = comment()
    assert f"pictures are left out: {REASON}pre-receive hook declined\n" in said
    assert "comment written" in said
    body = server.comments[0]["body"]
    assert "10 added" in body
    assert "_Pictures are left out: the branch &#39;dataprep-pictures&#39; cannot be written" in body
    assert "](" not in body
    comment()
    assert len(server.writes()) == 1
