"""What the tests of posting share: a server, a remote, a folder as the report writes it."""

import io
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from dataprep.cli import main
from tests.pull_request.github_server import TOKEN, GitHub, serving

TEXT = "<!-- dataprep report -->\n## Data set\n\n| | |\n|:--|:--|\n| images | 10 added |\n"


def png(red: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), (red, 20, 30)).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def server() -> Iterator[GitHub]:
    with serving() as state:
        yield state


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    folder = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(folder)], check=True)
    return folder


@pytest.fixture
def report(tmp_path: Path) -> Path:
    folder = tmp_path / "report"
    (folder / "pictures").mkdir(parents=True)
    (folder / "pictures/added.png").write_bytes(png(1))
    (folder / "pictures/old labels.png").write_bytes(png(2))
    links = "\n![Ten images](pictures/added.png)\n\n![Labels](pictures/old%20labels.png)\n"
    (folder / "comment.md").write_text(TEXT + links)
    (folder / "text.md").write_text(TEXT)
    return folder


@pytest.fixture
def no_pictures(report: Path) -> None:
    """For what has nothing to do with pictures: it saves Git's time."""
    (report / "comment.md").write_text(TEXT)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited for; none of them passes."""
    found: list[float] = []
    for module in ("github", "branch"):
        monkeypatch.setattr(f"dataprep.pull_request.{module}.sleep", found.append)
    return found


@pytest.fixture
def comment(
    server: GitHub, remote: Path, report: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Run the command against the server and the remote, and return what it printed."""
    monkeypatch.setenv("GITHUB_API_URL", server.base)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    for name in ("GITHUB_SERVER_URL", "GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)

    def run(*options: str) -> str:
        words = ["comment", str(report), "--pull-request", "12", "--remote", str(remote), *options]
        main([*words, *([] if "--repository" in options else ["--repository", "ada/photos"])])
        printed = capsys.readouterr()
        assert TOKEN not in printed.out + printed.err
        return printed.out

    return run
