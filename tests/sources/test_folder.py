import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.config import Folder
from dataprep.errors import DataprepError
from dataprep.sources import Catalog
from dataprep.sources.folder import open_source
from tests.sources.builders import decoded, image_bytes, write


def catalog(path: Path, **settings_: Any) -> Catalog:
    return open_source(Folder(kind="folder", path=str(path), **settings_))


def fill(root: Path, *names: str) -> Path:
    for level, name in enumerate(names):
        write(root / name, image_bytes(level))
    return root


def skipped(found: Catalog) -> dict[str, str]:
    return dict(found.skipped.iter_rows())


def test_class_folders(tmp_path: Path) -> None:
    found = catalog(fill(tmp_path, "dog/b.png", "cat/a.png", "cat/c.PNG"))
    assert found.entries.rows() == [
        ("cat/a.png", "cat", "train"),
        ("cat/c.PNG", "cat", "train"),
        ("dog/b.png", "dog", "train"),
    ]
    assert decoded(found.read(2)).max() == 0
    assert decoded(found.read(0)).max() == 1


def test_split_and_class_folders(tmp_path: Path) -> None:
    found = catalog(fill(tmp_path, "test/cat/a.png", "train/dog/a.png"))
    assert found.entries.rows() == [("test/cat/a.png", "cat", "test"), ("train/dog/a.png", "dog", "train")]


def test_odd_names_are_kept(tmp_path: Path) -> None:
    names = ["a(1).png", 'it\'s "a".png', "ゾウ.png", "e\u0301 \u00a0\u200b.png", "two\nlines.png", "a,.png"]
    found = catalog(fill(tmp_path, *(f"big cat/{name}" for name in names)))
    assert sorted(found.entries["image_id"]) == sorted(f"big cat/{name}" for name in names)
    assert all(found.read(row) for row in range(len(names)))


@settings(max_examples=40, deadline=None)
@given(st.sets(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20)))
def test_any_text_is_a_name(tmp_path_factory: pytest.TempPathFactory, stems: set[str]) -> None:
    root = tmp_path_factory.mktemp("names")
    names = {f"{stem}/x{stem}.png" for stem in stems if not stem.startswith(".")}
    fill(root, "a class/a.png", *names)
    assert set(catalog(root).entries["image_id"]) == {"a class/a.png", *names}


def test_a_name_that_is_not_utf8_is_skipped_with_a_reason(tmp_path: Path) -> None:
    fill(tmp_path, "cat/a.png")
    try:
        write(Path(os.fsdecode(os.fsencode(tmp_path / "cat") + b"/\xe9.png")), image_bytes())
    except OSError:
        pytest.skip("this file system has UTF-8 names only")
    found = catalog(tmp_path)
    assert found.entries["image_id"].to_list() == ["cat/a.png"]
    assert skipped(found) == {"cat/\\udce9.png": "the name is not valid UTF-8"}


def test_webp_named_jpg_and_files_without_extension(tmp_path: Path) -> None:
    write(tmp_path / "cat/a.jpg", image_bytes(7, "WEBP"))
    write(tmp_path / "cat/b", image_bytes(8))
    write(tmp_path / "cat/README", b"about these images")
    found = catalog(tmp_path)
    assert found.entries["image_id"].to_list() == ["cat/a.jpg", "cat/b"]
    assert skipped(found) == {"cat/README": "no image format has the extension ''"}


def test_broken_images_are_listed_and_not_skipped(tmp_path: Path) -> None:
    write(tmp_path / "cat/empty.png", b"")
    write(tmp_path / "cat/text.jpg", b"404 not found")
    assert catalog(tmp_path).entries["image_id"].to_list() == ["cat/empty.png", "cat/text.jpg"]


def test_whatever_is_no_image_is_skipped_with_its_reason(tmp_path: Path) -> None:
    fill(tmp_path, "cat/a.png", "cat/.b.png", ".git/cat/a.png")
    write(tmp_path / "labels.csv", b"a,b")
    write(tmp_path / "cat/features.h5", b"HDF")
    write(tmp_path / "cat/paper.pdf", b"%PDF")
    (tmp_path / "cat/gone.png").symlink_to(tmp_path / "nowhere.png")
    found = catalog(tmp_path)
    assert found.entries["image_id"].to_list() == ["cat/a.png"]
    assert skipped(found) == {
        ".git": "hidden",
        "cat/.b.png": "hidden",
        "cat/features.h5": "no image format has the extension '.h5'",
        "cat/gone.png": "a link that leads nowhere, or no plain file",
        "cat/paper.pdf": "no image format has the extension '.pdf'",
        "labels.csv": "no image format has the extension '.csv'",
    }


def test_links_to_folders_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    root = fill(tmp_path / "data", "cat/a.png")
    (root / "dog").symlink_to(fill(tmp_path / "elsewhere", "b.png"), target_is_directory=True)
    (root / "cat/back").symlink_to(root, target_is_directory=True)
    found = catalog(root)
    assert found.entries["image_id"].to_list() == ["cat/a.png", "dog/b.png"]
    assert skipped(found) == {"cat/back": "a link to a folder above it"}


def test_a_folder_that_cannot_be_opened_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = fill(tmp_path, "cat/a.png", "dog/a.png")
    scandir = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("dog"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert skipped(catalog(root)) == {"dog": "the folder cannot be opened: Permission denied"}


@pytest.mark.parametrize(
    ("names", "layout", "message"),
    [
        ([], "auto", r"there are no images in the source folder\n"),
        (["a.png"], "auto", "1 images are not where layout 'auto' has them: a.png"),
        (["cat/a.png", "train/cat/a.png"], "auto", "layout 'auto' has them: cat/a.png"),
        (["a/b/c/d.png", "a/b/c/e.png"], "auto", "2 images .* a/b/c/d.png, a/b/c/e.png"),
        (["cat/a.png"], "split/class", "layout 'split/class' has them: cat/a.png"),
        (["train/cat/a.png"], "class", "layout 'class' has them: train/cat/a.png"),
    ],
)
def test_bad_layouts(names: list[str], layout: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match=message):
        catalog(fill(tmp_path, *names), layout=layout)


def test_no_images_but_other_files(tmp_path: Path) -> None:
    write(tmp_path / "cat/notes.txt", b"x")
    with pytest.raises(DataprepError, match=r"no images in the source folder; skipped cat/notes\.txt"):
        catalog(tmp_path)


def test_missing_folder_and_a_file_instead(tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match=r"is not there\n  where: params\.yaml, source\.path: .*none"):
        catalog(tmp_path / "none")
    with pytest.raises(DataprepError, match="the source is not a folder"):
        catalog(write(tmp_path / "a.png", b""))


def test_an_image_that_is_gone_raises_oserror_when_read(tmp_path: Path) -> None:
    found = catalog(fill(tmp_path, "cat/a.png"))
    (tmp_path / "cat/a.png").unlink()
    with pytest.raises(FileNotFoundError):
        found.read(0)
