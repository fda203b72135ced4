"""The review page in a folder of its own, to be sent to somebody or opened from disk: pictures and one HTML file."""

import shutil
from pathlib import Path

from dataprep import files
from dataprep.errors import DataprepError
from dataprep.review.media import FOLDER
from dataprep.review.page import DATA, PAGE_NAME, shown_files


def write_static(session: Path, folder: Path) -> str:
    """Copy the page of the session and the pictures that it shows into `folder`, whole or not at all.

    Returns how to go on, in words. Raises DataprepError when there is no session, or when `folder` is the session or
    holds anything but a page that was written before and its pictures.
    """
    page = session / PAGE_NAME
    if not page.is_file():
        raise DataprepError("there is no review session", where=str(session), remedy="run `dvc repro` to make it")
    _check_free(folder, session)
    shown = shown_files(page.read_text(encoding="utf-8"))
    with files.replacing_folder(folder) as part:
        (part / FOLDER).mkdir()
        for name in shown:
            shutil.copyfile(session / name, part / name)
        shutil.copyfile(page, part / PAGE_NAME)
    return (
        f"The page and {len(shown):,} pictures are in {folder}. Open in any browser:\n"
        f"  {(folder / PAGE_NAME).resolve().as_uri()}\n"
        "Bring in what it downloads with `dataprep decisions import FILE`, then run `dvc repro`."
    )


def _check_free(folder: Path, session: Path) -> None:
    if folder.resolve() == session.resolve():
        fault = "the folder is the review session itself"
    elif folder.exists() and not folder.is_dir():
        fault = "it is no folder"
    elif folder.is_dir() and any(folder.iterdir()) and not _is_written_page(folder):
        fault = "the folder holds something else than a review page and its pictures"
    else:
        return
    raise DataprepError(fault, where=str(folder), remedy="name a new or an empty folder with --folder")


def _is_written_page(folder: Path) -> bool:
    """Return whether the folder holds a page that `write_static` wrote, with no file but the pictures that it shows."""
    page = folder / PAGE_NAME
    if not page.is_file():
        return False
    text = page.read_text(encoding="utf-8", errors="replace")
    try:
        shown = {PAGE_NAME, *shown_files(text)}
    except (ValueError, KeyError, TypeError):
        return False
    present = {str(path.relative_to(folder)) for path in folder.rglob("*") if path != folder / FOLDER}
    return DATA.search(text) is not None and present <= shown
