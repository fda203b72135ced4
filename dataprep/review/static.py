"""The review page in a folder of its own, to be sent to somebody or opened from disk: pictures and one HTML file."""

import shutil
from pathlib import Path

from dataprep import files
from dataprep.errors import DataprepError
from dataprep.review.media import FOLDER
from dataprep.review.page import PAGE_NAME, shown_files


def write_static(session: Path, folder: Path) -> str:
    """Copy the page of the session and the pictures that it shows into `folder`, whole or not at all.

    Returns how to go on, in words. Raises DataprepError when there is no session, or `folder` is something else than a
    page that was written before.
    """
    page = session / PAGE_NAME
    if not page.is_file():
        raise DataprepError("there is no review session", where=str(session), remedy="run `dvc repro` to make it")
    if folder.exists() and not (folder / PAGE_NAME).is_file():
        raise DataprepError("the folder holds no review page", where=str(folder), remedy="name another with --folder")
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
