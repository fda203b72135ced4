"""From a branch to the comment on its pull request: pipeline, comparison, pictures, comment, each for real."""

import html
import io
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from dataprep.cli import main
from tests.pull_request import scene
from tests.pull_request.github_server import TOKEN, GitHub, serving
from tests.pull_request.scene import ADDED, IMAGES, THRESHOLD, VERDICTS, Scene, dvc, git

pytestmark = pytest.mark.slow
PIN = re.compile(
    r"!\[([^\]]*)\]\(https://github\.com/ada/photos/blob/([0-9a-f]{40})/(12/[0-9a-f]{20}\.png)\?raw=true\)"
)
CARRIED = f"{VERDICTS.count('relabel')} relabel, {VERDICTS.count('drop')} drop, {VERDICTS.count('keep')} keep"


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return scene.build(tmp_path_factory.mktemp("scene"))


@contextmanager
def push(server: GitHub, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("GITHUB_API_URL", server.base)
        patch.setenv("GITHUB_TOKEN", TOKEN)
        for name in ("GITHUB_SERVER_URL", "GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS"):
            patch.delenv(name, raising=False)
        yield


def run(root: Path, remote: Path, server: GitHub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Do what the workflow does for a push: compare with main, post; return the comment."""
    with push(server, monkeypatch):
        monkeypatch.chdir(root)
        main(["report", "--against", "origin/main", "--out", str(folder)])
        names = ["--repository", "ada/photos", "--pull-request", "12", "--remote", str(remote)]
        main(["comment", str(folder), *names])
    (comment,) = (one for one in server.comments if one["user"]["type"] == "Bot")
    return str(comment["body"])


def does(added: int) -> str:
    """What the comment's first sentence says, all of it, as a pattern."""
    return rf"\*\*changes 1 parameter, adds {added} images(,| and) carries 20 decisions \({CARRIED}\)\*\*\.\n"


def plain(body: str) -> str:
    return html.unescape(re.sub(r"</?code>", "", body))


def shown(remote: Path, commit: str, name: str) -> np.ndarray:
    data = subprocess.run(["git", "show", f"{commit}:{name}"], cwd=remote, check=True, capture_output=True).stdout
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def red_images(picture: np.ndarray) -> int:
    """How many images of the branch's own, which are red, a picture shows."""
    red = (picture[..., 0] > 150) & (picture[..., 1:].max(axis=2) < 110)
    labeled, count = ndimage.label(ndimage.binary_opening(red, iterations=3))
    sizes = ndimage.sum_labels(red, labeled, range(1, count + 1))
    return int((sizes > 0.2 * np.max(sizes, initial=0)).sum())


def test_the_comment_says_exactly_what_the_branch_does(
    repositories: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    branch, remote = repositories.branch, repositories.remote
    with serving() as server:
        others = ["Looks good to me", "<!-- dataprep report -->\nnot by the bot"]
        for text in others:
            server.add(text, "grace")
        body = run(branch, remote, server, tmp_path / "one", monkeypatch)
        said = plain(body)
        assert re.search(does(ADDED), said)
        name, old, new = THRESHOLD
        assert f"| {name} | {old} | {new} |" in said
        listed = re.findall(r"^\| (\S+\.png) \| (\d) \| (train|test) \|$", said.partition("10 images added")[2], re.M)
        expected = [(scene.name(n), *scene.name(n).split("/")[1::-1]) for n in range(IMAGES, IMAGES + ADDED)]
        assert sorted(listed[:ADDED]) == sorted(expected)
        assert [line for line in scene.decisions().splitlines()[1:] if line.split(",")[0] not in said] == []

        pins = {alt: pin for alt, *pin in PIN.findall(body)}
        assert len({commit for commit, _ in pins.values()}) == 1
        assert "](pictures/" not in body
        (added,) = (pin for alt, pin in pins.items() if alt.startswith("Images added"))
        assert red_images(shown(remote, *added)) == ADDED
        (gone,) = (pin for alt, pin in pins.items() if alt.startswith("Images taken out"))
        assert red_images(shown(remote, *gone)) == 0
        assert all(shown(remote, *pin).std() > 5 for pin in pins.values())

        # Nothing new: no write. Other people's comments stay. The next push changes the same comment.
        assert run(branch, remote, server, tmp_path / "two", monkeypatch) == body
        assert len(server.writes()) == 1
        later = plain(run(repositories.later, remote, server, tmp_path / "three", monkeypatch))
        assert server.writes()[1:] == [f"PATCH /repos/ada/photos/issues/comments/{server.comments[2]['id']}"]
        assert re.search(does(ADDED + 1), later)
        assert scene.name(IMAGES + ADDED) in later
        assert [comment["body"] for comment in server.comments[:2]] == others


def test_without_the_right_to_push_the_comment_has_all_but_pictures(
    repositories: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    remote = tmp_path / "read-only.git"
    git(tmp_path, "init", "--quiet", "--bare", str(remote))
    hook = remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with serving() as server:
        body = run(repositories.branch, remote, server, tmp_path / "out", monkeypatch)
    assert re.search(does(ADDED), plain(body))
    assert "_Pictures are left out: the branch &#39;dataprep-pictures&#39; cannot be written: pre-receive" in body
    assert "](" not in body


def test_dvc_tells_the_same_difference(repositories: Scene, tmp_path: Path) -> None:
    changes = json.loads(dvc(repositories.branch, "metrics", "diff", "origin/main", "--json"))
    assert changes["reports/metrics.json"]["images"]["diff"] == ADDED
    dvc(repositories.branch, "plots", "diff", "origin/main", "--out", str(tmp_path / "plots"))
    page = (tmp_path / "plots/index.html").read_text()
    assert "Images per class" in page
    assert "Findings per kind" in page
