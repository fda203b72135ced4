"""Image files in folders: class/file or split/class/file."""

import os
from collections.abc import Iterator
from pathlib import Path

import polars as pl
from PIL import Image

from dataprep.config import Digits, Folder
from dataprep.errors import DataprepError, listing
from dataprep.schema import SKIPPED
from dataprep.sources.catalog import DEFAULT_SPLIT, Catalog, entries

UNDECODABLE = {"BUFR", "GRIB", "HDF5", "MPEG"}  # Pillow knows their names but cannot decode them
DEPTH = {"class": 2, "split/class": 3}


def open_source(params: Folder | Digits) -> Catalog:
    """List the images below `params.path`.

    The class is the name of the folder that holds the file; with layout split/class the folder
    above it is the split. `auto` takes class when all images lie two levels deep, split/class
    when all lie three levels deep. Links to folders are followed. Files whose extension no image
    format uses, names that are not UTF-8, and hidden files and folders are skipped with a reason;
    an image that cannot be decoded is not: `measure` says why.

    Raises DataprepError when the folder is missing, holds no image, or mixes depths.
    """
    root = Path(params.path)
    if not root.is_dir():
        raise DataprepError(
            "the source folder is not there" if not root.exists() else "the source is not a folder",
            where=f"params.yaml, source.path: {params.path}",
            remedy="set source.path to the folder that holds the class folders",
        )
    images, skipped = _scan(root)
    if not images:
        seen = f"; skipped {listing(path for path, _ in skipped)}" if skipped else ""
        raise DataprepError(
            f"there are no images in the source folder{seen}",
            where=f"params.yaml, source.path: {params.path}",
            remedy="put images into one folder per class, or set source.path to the folder that has them",
        )
    layout = "auto" if isinstance(params, Digits) else params.layout
    depth = _depth(images, layout, params.path)
    parts = [Path(name).parts for name in images]
    return Catalog(
        entries(
            images,
            [part[-2] for part in parts],
            [part[0] if depth == DEPTH["split/class"] else DEFAULT_SPLIT for part in parts],
        ),
        read=lambda row: (root / images[row]).read_bytes(),
        skipped=pl.DataFrame(skipped, schema=SKIPPED.columns, orient="row"),
    )


def _scan(root: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the images, and what is no image with the reason; both relative to `root`, sorted."""
    formats = Image.registered_extensions()
    known = {suffix for suffix, name in formats.items() if name in Image.OPEN and name not in UNDECODABLE}
    images: list[str] = []
    skipped: list[tuple[str, str]] = []
    for path, reason in _walk(root, skipped):
        name = path.relative_to(root).as_posix()
        if not reason and path.suffix.lower() not in known and (path.suffix or not _looks_like_image(path)):
            reason = f"no image format has the extension '{path.suffix}'"
        if reason:
            skipped.append((name.encode("utf-8", "backslashreplace").decode(), reason))
        else:
            images.append(name)
    return sorted(images), sorted(skipped)


def _walk(root: Path, skipped: list[tuple[str, str]]) -> Iterator[tuple[Path, str]]:
    """Yield each file below `root`, and each folder not entered, with a reason to skip it or ""."""

    def closed(error: OSError) -> None:
        name = os.path.relpath(error.filename, root)
        skipped.append((name, f"the folder cannot be opened: {error.strerror}"))

    for parent, folders, names in os.walk(root, onerror=closed, followlinks=True):
        reasons = {name: _reason(Path(parent, name), os.path.realpath(parent)) for name in folders}
        folders[:] = [name for name in folders if not reasons[name]]
        yield from ((Path(parent, name), reason) for name, reason in reasons.items() if reason)
        yield from ((path, _reason(path, parent)) for path in (Path(parent, name) for name in names))


def _reason(path: Path, above: str) -> str:
    if not _is_utf8(path.name):
        return "the name is not valid UTF-8"
    if path.name.startswith("."):
        return "hidden"
    if path.is_dir():
        loops = path.is_symlink() and Path(above).is_relative_to(os.path.realpath(path))
        return "a link to a folder above it" if loops else ""
    return "" if path.is_file() else "a link that leads nowhere, or no plain file"


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _looks_like_image(path: Path) -> bool:
    try:
        with Image.open(path):
            return True
    except Exception:  # Pillow's plugins raise almost anything on foreign bytes
        return False


def _depth(images: list[str], layout: str, path: str) -> int:
    depths = {name: len(Path(name).parts) for name in images}
    wanted = {DEPTH[layout]} if layout in DEPTH else set(DEPTH.values())
    astray = [name for name, depth in depths.items() if depth not in wanted]
    found = set(depths.values())
    if astray or len(found) > 1:
        astray = astray or [name for name, depth in depths.items() if depth == min(found)]
        raise DataprepError(
            f"{len(astray)} images are not where layout '{layout}' has them: {listing(astray, 3)}",
            where=f"params.yaml, source.path: {path}",
            remedy="images go into class/file or split/class/file, all of them at one depth; move these, "
            "or point source.path at the folder above the class (or split) folders",
        )
    return found.pop()
