"""`dataprep report --against` in small repositories whose tables are made by hand."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from dataprep.cli import main
from tests.changes.builders import SIDE, commit, decisions, finding, git, image, lay, pixels_of, repository, state

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of DVC's own dependencies
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
OUT = Path("reports/pull-request")
OLD = [image(f"cat/{n}.png") for n in range(6)] + [image(f"dog/{n}.png", "dog", "test") for n in range(4)]
NEW = [row for row in OLD if row["image_id"] != "dog/3.png"] + [image(f"new/{n}.png", "dog") for n in range(2)]


@pytest.fixture
def branch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A branch that changes a parameter, drops an image by decision, adds two and loses one; main has moved on."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    root = repository(tmp_path)
    lay(root, state(OLD, params={"clean": {"confidence": 0.9}, "seed": 0}))
    commit(root, "Start")
    git(root, "switch", "-qc", "branch")
    decided = decisions(("cat/1.png", "drop", None, "Ada"))
    done = state(
        NEW,
        params={"clean": {"confidence": 0.8}, "seed": 0},
        decided=decided,
        dropped={"cat/1.png": ("decision drop", "Ada")},
        findings=[finding("new/1.png", "dark", 0.1)],
    )
    git(root, "switch", "-q", "main")
    (root / "other").write_text("")
    commit(root, "Something else")
    git(root, "switch", "-q", "branch")
    lay(root, done)
    commit(root, "Change")
    monkeypatch.chdir(root)
    return root


def report(*words: str) -> tuple[str, str]:
    main(["report", "--against", "main", *words])
    return (OUT / "comment.md").read_text(), (OUT / "text.md").read_text()


def test_the_comment_says_what_changed_since_the_branch_began(branch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    comment, text = report()
    base = git(branch, "merge-base", "main", "HEAD").strip()
    assert f"compared with commit {base[:8]}: reports/pull-request/comment.md" in capsys.readouterr().out
    assert comment.startswith("<!-- dataprep report -->\n")
    assert "**changes 1 parameter, adds 2 images, removes 1 image, carries 1 decision (1 drop)**" in comment
    assert f"`{base[:8]}`" in comment
    assert "images 10 → 10" in comment
    assert "Note" not in comment, "everything was there to be compared"
    linked = set(re.findall(r"\]\(pictures/([^)]+)\)", comment))
    assert linked == {path.name for path in (OUT / "pictures").iterdir()}
    assert {"source-added.png", "source-removed.png", "written-removed.png", "new-1.png", "classes.png"} == linked
    assert "](" not in text
    assert "text-only" in text


def test_removed_images_are_shown_from_the_old_pixels(branch: Path) -> None:
    report()
    old = [row["image_id"] for row in sorted(OLD, key=lambda row: row["image_id"])].index("dog/3.png")
    with Image.open(OUT / "pictures/source-removed.png") as picture:
        found = np.asarray(picture.convert("RGB"))
    assert (found[40:60, 40:60] == old).all(), "each picture is of one gray, its row"
    assert SIDE < 40


def test_predictions_of_ones_own_that_changed_are_named(branch: Path) -> None:
    params = {"predictions": {"kind": "file", "path": "mine"}}
    for content, name in ((b"one", "before"), (b"other", "now")):
        lay(branch, state(OLD, params=params))
        (branch / "mine").write_bytes(content)
        lock = yaml.safe_load((branch / "dvc.lock").read_text())
        lock["stages"]["make"]["deps"] = [{"path": "mine", "md5": hashlib.md5(content).hexdigest()}]
        (branch / "dvc.lock").write_text(yaml.safe_dump(lock))
        commit(branch, name)
    main(["report", "--against", "HEAD~1"])
    comment = (OUT / "comment.md").read_text()
    assert "This branch **changes no parameter, no image and no decision**, but <code>mine</code>." in comment
    assert "The predictions of one's own model changed: <code>mine</code>." in comment


def test_pixels_of_other_images_are_not_shown(branch: Path) -> None:
    (branch / "data/pixels.npy").write_bytes(pixels_of(len(NEW) + 1))
    comment, _ = report()
    assert f"<code>data/pixels.npy</code>: {len(NEW) + 1} pictures of {len(NEW)} images" in comment
    assert "source-added.png" not in comment


def test_a_second_run_gives_the_same_bytes_and_replaces_the_first(branch: Path) -> None:
    first = report()
    pictures = {path.name: path.read_bytes() for path in (OUT / "pictures").iterdir()}
    assert report() == first
    assert {path.name: path.read_bytes() for path in (OUT / "pictures").iterdir()} == pictures


def test_without_the_old_tables_the_records_are_compared_and_the_rest_is_named(branch: Path) -> None:
    shutil.rmtree(branch / ".dvc/cache")
    comment, _ = report()
    assert "**changes 1 parameter, carries 1 decision (1 drop)**; images were not compared." in comment
    assert (
        "4 tables of before cannot be read (<code>data/images.parquet</code>: neither in the cache nor in a remote"
        in comment
    )
    assert "`dvc push`" in comment
    assert "10 → 11 (+1); which ones cannot be told" in comment
    assert re.search(r"\| Dark images \| — \| 1 \|", comment)


def test_old_tables_and_pictures_come_from_a_remote(branch: Path) -> None:
    expected = report()
    pictures = {path.name: path.read_bytes() for path in (OUT / "pictures").iterdir()}
    shutil.move(branch / ".dvc/cache", branch.parent / "store")
    with (branch / ".dvc/config").open("a") as config:
        config.write(f"    remote = store\n['remote \"store\"']\n    url = {branch.parent}/store\n")
    assert report() == expected
    assert {path.name: path.read_bytes() for path in (OUT / "pictures").iterdir()} == pictures


def test_pictures_that_are_nowhere_are_named(branch: Path) -> None:
    digest = hashlib.md5(pixels_of(len(OLD))).hexdigest()
    (branch / ".dvc/cache/files/md5" / digest[:2] / digest[2:]).unlink()
    (branch / "data/pixels.npy").write_bytes(b"damaged")
    comment, _ = report()
    assert "pictures of before cannot be shown (<code>data/pixels.npy</code>: neither in the cache nor" in comment
    assert "pictures of now cannot be shown (<code>data/pixels.npy</code>: " in comment
    assert [path.name for path in (OUT / "pictures").iterdir()] == ["classes.png"]
    assert "| <code>dog/3.png</code> | dog | test |" in comment


def test_without_todays_tables_it_says_how_to_get_them(branch: Path) -> None:
    shutil.rmtree(branch / "data")
    comment, _ = report()
    assert "tables of now cannot be read (<code>data/images.parquet</code>: not there)" in comment
    assert "`dvc pull`" in comment


def test_results_older_than_what_they_are_made_from_are_named(branch: Path) -> None:
    (branch / "params.yaml").write_text("clean: {confidence: 0.7}\nseed: 0\n")
    (branch / "data/kept.parquet").write_bytes((branch / "data/images.parquet").read_bytes())
    comment, _ = report()
    assert "params.yaml was changed after these results were made (<code>clean</code>): run `dvc repro`" in comment
    assert "<code>data/kept.parquet</code> are not those of dvc.lock" in comment


def test_images_and_code_newer_than_the_results_are_named(branch: Path) -> None:
    for name in ("photos/a.png", "photos/b.png", "dataprep/rule.py", "dataprep/other.py"):
        (branch / name).parent.mkdir(exist_ok=True)
        (branch / name).write_bytes(b"1234")
    digest = hashlib.md5(b"1234").hexdigest()
    deps = [
        {"path": path, "hash": "md5", "md5": digest, "size": 4} for path in ("dataprep/rule.py", "dataprep/other.py")
    ]
    deps += [{"path": "photos", "hash": "md5", "md5": f"{digest}.dir", "size": 8, "nfiles": 2}]
    lock = yaml.safe_load((branch / "dvc.lock").read_text())
    lock["stages"]["make"]["deps"] = deps
    (branch / "dvc.lock").write_text(yaml.safe_dump(lock))
    (branch / ".dvcignore").write_text("*.tmp\n")
    (branch / "photos/not seen.tmp").write_bytes(b"1")
    comment, _ = report()
    assert "This branch **changes 1 parameter, adds 2 images" in comment and "Note" not in comment
    (branch / "photos/c.png").write_bytes(b"1234")
    (branch / "dataprep/rule.py").write_bytes(b"4321")
    comment, _ = report()
    assert "By results that are not up to date (see the note), this branch **changes 1 parameter" in comment
    assert "results were made: <code>dataprep/rule.py</code>, <code>photos</code>; run `dvc repro`" in comment


def test_results_computed_anew_are_compared_with_and_the_known_commit_is_named(branch: Path) -> None:
    base = git(branch, "merge-base", "main", "HEAD").strip()
    git(branch, "worktree", "add", "-q", "--detach", "../base", base)
    lay(branch.parent / "base", state(OLD[1:], params={"clean": {"confidence": 0.9}, "seed": 0}), cached=False)
    tables = (branch.parent / "base/data").rglob("*.*")
    for path in tables:
        digest = hashlib.md5(path.read_bytes()).hexdigest()
        cached = branch / ".dvc/cache/files/md5" / digest[:2] / digest[2:]
        cached.parent.mkdir(parents=True, exist_ok=True)
        cached.write_bytes(path.read_bytes())
    computed = commit(branch.parent / "base", "Results, computed here")
    comment, _ = report("--results", computed)
    assert "**changes 1 parameter, adds 3 images, removes 1 image, carries 1 decision (1 drop)**." in comment
    assert f"`{base[:8]}`" in comment and f"`dvc metrics diff {base[:8]}`" in comment
    assert computed[:8] not in comment
    with pytest.raises(SystemExit, match=rf"'main' is no commit on top of {computed[:8]}"):
        git(branch, "switch", "-q", "--detach", computed)
        main(["report", "--against", "HEAD", "--results", "main"])


def test_a_damaged_old_report_is_not_called_missing(branch: Path) -> None:
    git(branch, "switch", "-q", "main")
    (branch / "reports/metrics.json").write_text("{")
    commit(branch, "Damaged")
    git(branch, "switch", "-qc", "later")
    lay(branch, state(NEW))
    commit(branch, "Change")
    comment, _ = report()
    assert "the newest commit of <code>main</code> in this branch, has one that cannot be read." in comment
    assert "<code>reports/metrics.json</code> of before is not compared" in comment


def test_a_commit_without_a_report_makes_it_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = repository(tmp_path)
    commit(root, "Empty")
    git(root, "switch", "-qc", "branch")
    lay(
        root,
        state(
            OLD, findings=[finding("cat/1.png", "dark")], metrics={"classes": 2, "kept": 10, "trainable": "with care"}
        ),
    )
    commit(root, "Start")
    monkeypatch.chdir(root)
    comment, _ = report()
    assert "**First report**" in comment
    assert "| Dark images | 1 |" in comment
    assert "**Dark images**, found, the worst first:" in comment
    assert "| <code>cat</code> | 6 | 6 |" in comment
    assert "10 images of 2 classes came in, 10 kept, 0 removed. Can I train on it? **with care**." in comment


@pytest.mark.parametrize("damage", ["[]", "{", '{"issues": 3, "health": [], "images": "many", "version": {"a": 1}}'])
def test_records_of_another_kind_are_no_fault(branch: Path, damage: str) -> None:
    git(branch, "switch", "-q", "main")
    base = git(branch, "merge-base", "main", "branch").strip()
    git(branch, "reset", "-q", "--hard", base)
    for path in ("reports/metrics.json", "reports/dataset.json"):
        (branch / path).write_text(damage)
    (branch / "params.yaml").write_text("- a list\n")
    (branch / "reviews/decisions.csv").write_text("who,what\n1,2\n")
    commit(branch, "Odd records")
    odd = git(branch, "rev-parse", "HEAD").strip()
    git(branch, "switch", "-qc", "later")
    lay(branch, state(NEW))
    commit(branch, "Change")
    comment, _ = report()
    assert odd[:8] in comment


def test_a_revision_that_is_not_there_is_told(branch: Path) -> None:
    with pytest.raises(SystemExit, match=r"there is no revision 'mian'\n.*a repository\n.*did you mean 'main'\?"):
        main(["report", "--against", "mian"])
    with pytest.raises(SystemExit, match=r"there is no revision '--all'"):
        main(["report", "--against=--all"])


def test_a_history_of_its_own_has_nothing_in_common(branch: Path) -> None:
    git(branch, "switch", "-q", "--orphan", "alone")
    lay(branch, state(NEW))
    commit(branch, "Alone")
    with pytest.raises(SystemExit, match=r"'main' and HEAD have no commit in common here\n.*\n.*fetch --unshallow"):
        main(["report", "--against", "main"])


def test_without_results_it_says_how_to_get_them(branch: Path) -> None:
    (branch / "reports/metrics.json").unlink()
    with pytest.raises(SystemExit, match=r"there are no results to compare: not there\n.*metrics.json\n.*make repro"):
        main(["report", "--against", "main"])


def test_outside_of_a_repository_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"git says: .*not a git repository.*\n.*\n.*run it in a clone"):
        main(["report", "--against", "main"])


def test_a_folder_of_other_things_is_left_alone(branch: Path) -> None:
    (branch / "mine").mkdir()
    (branch / "mine/letter.txt").write_text("dear")
    with pytest.raises(SystemExit, match=r"holds other things"):
        main(["report", "--against", "main", "--out", "mine"])
    assert (branch / "mine/letter.txt").read_text() == "dear"


def test_code_that_moves_results_is_counted(branch: Path) -> None:
    (branch / "dataprep").mkdir()
    (branch / "dataprep/rule.py").write_text("one\ntwo\n")
    comment, _ = report()
    assert "changes 1 file of the pipeline's code" in comment and "(+2 −0 lines)" in comment
    git(branch, "add", ".")
    assert report()[0] == comment, "whether Git knows the file changes nothing"
    assert json.dumps("dataprep/rule.py")[1:-1] in comment
