"""Versions in a real Git and DVC repository, with a local folder as remote."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import dataprep
from dataprep.cli import main
from dataprep.datasets.reader import open_dataset
from dataprep.datasets.versions import find, resolved, versions
from dataprep.errors import DataprepError
from tests.closure import ROOT
from tests.datasets.builders import tree

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of DVC's own dependencies
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

Made = tuple[Path, list[str], list[dict[str, str]]]  # root, ids, trees

PIPELINE = """
stages:
  write:
    cmd: python make.py
    params: [count, seed]
    deps: [make.py]
    outs:
      - data/dataset: {persist: true}
      - reports/dataset.json: {cache: false}
"""
MAKE = """
import yaml
from pathlib import Path
from dataprep import files
from dataprep.datasets.writer import write_dataset
from tests.datasets.builders import content, originals, params, pictures

raw = yaml.safe_load(Path("params.yaml").read_text())
made = pictures(raw["count"])
folder = Path(".cache")
folder.mkdir(exist_ok=True)
parameters = {"seed": raw["seed"]}
manifest = write_dataset(content(folder, made, parameters=parameters), originals(made), params(), Path("data/dataset"))
files.write_json(Path("reports/dataset.json"), {key: manifest[key] for key in ("version", "digest")})
"""


def run(root: Path, *words: str) -> str:
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(root.parent / "site"),
    }
    for key in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{key}_NAME": "Ada", f"GIT_{key}_EMAIL": "ada@example.org"}
    done = subprocess.run(words, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def dvc(root: Path, *words: str) -> str:
    return run(root, sys.executable, "-m", "dvc", *words)


def commit(root: Path, count: int) -> str:
    (root / "params.yaml").write_text(f"count: {count}\nseed: 1\n")
    dvc(root, "repro")
    run(root, "git", "add", ".")
    run(root, "git", "commit", "-qm", f"{count} images")
    return str(json.loads((root / "reports/dataset.json").read_text())["version"])


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two versions, both pushed to a local remote, and what their folders held."""
    root = tmp_path_factory.mktemp("made") / "a repository"
    root.mkdir()
    run(root, "git", "init", "-q")
    dvc(root, "init", "-q")
    dvc(root, "remote", "add", "--default", "store", str(root.parent / "store"))
    (root / "dvc.yaml").write_text(PIPELINE)
    (root / "make.py").write_text(MAKE)
    (root / ".gitignore").write_text("/data/\n/.cache/\n")
    ids, trees = [], []
    for count in (14, 17):
        ids.append(commit(root, count))
        trees.append(tree(root / "data/dataset"))
        dvc(root, "push", "-q")
    return root, ids, trees


def test_a_clone_pulls_the_same_bytes_and_brings_the_old_version_back(
    repository: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, (old, _), (before, after) = repository
    clone = tmp_path / "clone"
    run(tmp_path, "git", "clone", "-q", str(root), "clone")
    dvc(clone, "pull", "-q")
    assert tree(clone / "data/dataset") == after
    assert dvc(clone, "status").strip() == "Data and pipelines are up to date."
    monkeypatch.chdir(clone)
    data = dataprep.load(old)
    assert data.version == old
    assert data.folder == Path(".cache/versions") / old
    assert tree(data.folder) == before
    assert tree(clone / "data/dataset") == after, "the new version is as it was"
    assert len(data.images("train")) == 7
    stamp = (data.folder / "manifest.json").stat().st_mtime_ns
    assert dataprep.load(old[:6]).folder.joinpath("manifest.json").stat().st_mtime_ns == stamp, (
        "nothing is fetched twice"
    )
    (data.folder / "index.parquet").write_bytes(b"damaged")
    assert tree(dataprep.load(old).folder) == before


def test_dvc_get_and_its_interface_give_the_same_bytes(repository: Made, tmp_path: Path) -> None:
    import dvc.api

    root, (old, _), (before, _) = repository
    run(tmp_path, sys.executable, "-m", "dvc", "get", "-q", str(root), "data/dataset", "--rev", "HEAD~1", "-o", "got")
    assert tree(tmp_path / "got") == before
    open_dataset(tmp_path / "got").verify()
    manifest = json.loads(dvc.api.read("data/dataset/manifest.json", repo=str(root), rev="HEAD~1"))
    assert manifest["version"] == old


def test_the_history_lists_versions_newest_first(
    repository: Made,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root, (old, new), _ = repository
    found = versions(root)
    assert [record.version for record in found] == [new, old]
    assert find("", found) is None
    assert find(new, found) == found[0]
    monkeypatch.chdir(root)
    main(["get", old, "--folder", str(root.parent / "got")])
    assert capsys.readouterr().out == f"version {old}, 14 images, is in {root.parent / 'got'}\n"
    main(["versions"])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [new, old]


def test_diff_of_revisions_ids_and_folders(
    repository: Made,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root, (old, new), _ = repository
    monkeypatch.chdir(root)
    told = []
    for words in (["HEAD~1"], ["HEAD~1", "HEAD"], [old, new], [old[:7], "data/dataset"]):
        main(["diff", *words, "--format", "json"])
        told.append(json.loads(capsys.readouterr().out))
    assert told[0]["counts"]["added"] == 3
    assert all(other == told[0] for other in told)
    main(
        [
            "diff",
            "HEAD~1",
            "--format",
            "markdown",
            "--out",
            str(tmp_path / "d/diff.md"),
            "--thumbnails",
            str(tmp_path / "d/p"),
        ]
    )
    assert "](p/added.png)" in (tmp_path / "d/diff.md").read_text()
    assert (tmp_path / "d/p/added.png").is_file()


def test_what_is_not_there_is_told(repository: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, (old, new), _ = repository
    with pytest.raises(
        DataprepError, match=rf"no version 'ffff' in the history\n.*\n.*versions are {new} \(.*{old} \("
    ):
        dataprep.load("ffff", repository=root)
    monkeypatch.chdir(root)
    with pytest.raises(SystemExit, match=r"there is no version 'nowhere' in the history"):
        main(["diff", "nowhere"])
    with pytest.raises(DataprepError, match=r"git says: .*not a git repository"):
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
        versions(tmp_path)


def test_a_folder_that_holds_other_things_is_kept(
    repository: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, (old, new), (before, after) = repository
    mine = tmp_path / "mine"
    mine.mkdir()
    assert tree(dataprep.load(old, repository=root, folder=mine).folder) == before
    assert tree(dataprep.load(new, repository=root, folder=mine).folder) == after, "a version makes way for another"
    (mine / "manifest.json").write_text("{}")
    kept = tree(mine)
    monkeypatch.chdir(root)
    with pytest.raises(SystemExit, match=r"holds other things, .* lost\n.*/mine\n.*name a new or an empty folder"):
        main(["get", old, "--folder", str(mine)])
    assert tree(mine) == kept


def test_files_that_are_nowhere_are_told(repository: Made, tmp_path: Path) -> None:
    root, (old, _), _ = repository
    clone = tmp_path / "clone"
    run(tmp_path, "git", "clone", "-q", str(root), "clone")
    shutil.copytree(root / ".dvc", clone / ".dvc", dirs_exist_ok=True, ignore=shutil.ignore_patterns("cache", "tmp"))
    dvc(clone, "remote", "modify", "--local", "store", "url", str(tmp_path / "empty"))
    with pytest.raises(DataprepError, match=r"neither from the cache nor from a remote(.|\n)*dvc push"):
        dataprep.load(old, repository=clone)
    assert not (clone / ".cache/versions" / old).exists()
    dvc(clone, "remote", "add", "other", str(root.parent / "store"))
    assert dataprep.load(old, repository=clone, folder=tmp_path / "here", remote="other").version == old


def test_a_record_that_belongs_to_other_files_is_told(repository: Made, tmp_path: Path) -> None:
    root, _, _ = repository
    clone = tmp_path / "clone"
    run(tmp_path, "git", "clone", "-q", str(root), "clone")
    (clone / "reports/dataset.json").write_text('{"version": "0123456789ab", "digest": "0"}\n')
    run(clone, "git", "commit", "-qam", "A record of something else")
    with pytest.raises(DataprepError, match=r"records version 0123456789ab, but its dvc.lock has other files"):
        dataprep.load("0123456789ab", repository=clone)
    (clone / "reports/dataset.json").write_text("[]\n")
    run(clone, "git", "commit", "-qam", "No record")
    assert versions(clone)[0].version == "0123456789ab"
    with pytest.raises(DataprepError, match=r"commit \w+ \('HEAD'\) records no data set"), resolved("HEAD", clone):
        pass


def test_an_interrupted_stage_leaves_the_old_version_in_place(repository: Made, tmp_path: Path) -> None:
    root, _, (_, after) = repository
    clone = tmp_path / "clone"
    run(tmp_path, "git", "clone", "-q", str(root), "clone")
    dvc(clone, "pull", "-q")
    text = MAKE.replace("manifest = write", "import os\nos.kill(os.getpid(), 9)\nmanifest = write")
    (clone / "make.py").write_text(text)
    with pytest.raises(AssertionError):
        dvc(clone, "repro")
    assert tree(clone / "data/dataset") == after
