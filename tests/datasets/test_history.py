"""What Git's history tells of versions: their records alone, without files."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from dataprep.cli import main
from dataprep.datasets.versions import load, resolved, versions
from dataprep.errors import DataprepError
from tests.datasets.builders import written


def git(root: Path, *words: str) -> None:
    environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull}
    for key in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{key}_NAME": "Ada", f"GIT_{key}_EMAIL": "ada@example.org"}
    done = subprocess.run(["git", *words], cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def record(root: Path, version: str) -> None:
    (root / "reports").mkdir(exist_ok=True)
    (root / "reports/dataset.json").write_text(json.dumps({"version": version, "digest": "0"}))
    git(root, "add", ".")
    git(root, "commit", "-qm", version)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    root = tmp_path / "a repository"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    record(root, "abc111111111")
    return root


def test_versions_of_a_merged_branch_that_took_them_back_are_listed(repository: Path) -> None:
    git(repository, "switch", "-qc", "attempt")
    record(repository, "abc222222222")
    record(repository, "abc111111111")
    git(repository, "switch", "-q", "main")
    (repository / "other").write_text("")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "Something else")
    git(repository, "merge", "-q", "--no-ff", "-m", "Merge", "attempt")
    git(repository, "branch", "-qd", "attempt")
    assert {found.version for found in versions(repository)} == {"abc111111111", "abc222222222"}


def test_a_folder_of_the_repository_tells_the_same(repository: Path) -> None:
    (repository / "a/b").mkdir(parents=True)
    assert versions(repository / "a/b") == versions(repository) != []


def test_a_data_repository_below_that_of_git_has_its_own_versions(repository: Path) -> None:
    own = repository / "own"
    (own / ".dvc").mkdir(parents=True)
    (own / "src").mkdir()
    record(own, "def333333333")
    assert [found.version for found in versions(own / "src")] == ["def333333333"]
    assert [found.version for found in versions(repository)] == ["abc111111111"]


def test_digits_that_begin_several_versions_are_told(repository: Path) -> None:
    record(repository, "abc222222222")
    told = r"'abc' begins several versions\n.*a repository\n.*give more digits: abc222222222 \(.*, abc111111111 \("
    with pytest.raises(DataprepError, match=told):
        load("abc", repository=repository)
    with pytest.raises(DataprepError, match=told), resolved("abc", repository):
        pass


def test_a_folder_without_a_data_set_hides_no_revision(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    for name in ("main", "empty", "full/data"):
        Path(name).mkdir(parents=True)
    # The record has no files, so a version that was found ends in the attempt to fetch them.
    with pytest.raises(SystemExit, match=r"version abc111111111 cannot be fetched"):
        main(["diff", "main", "HEAD"])
    with pytest.raises(DataprepError, match=r"there is no data set here, .*\n.*empty/manifest.json"), resolved("empty"):
        pass
    made, _ = written(tmp_path)
    made.rename("full/data/dataset")
    with resolved("full") as data:
        assert data.folder == Path("full/data/dataset")
    Path("main/manifest.json").write_text("damaged")
    with pytest.raises(DataprepError, match=r"the manifest is damaged.*\n.*main/manifest.json"), resolved("main"):
        pass


def test_outside_of_a_repository_a_name_that_is_no_folder_is_told(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = r"there is no folder 'nowhere', and no history .*not a git"
    with pytest.raises(DataprepError, match=told), resolved("nowhere"):
        pass
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataprepError, match=r"there is no data set here"), resolved("empty"):
        pass
