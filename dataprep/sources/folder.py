"""Image files in folders: class/file or split/class/file."""

from pathlib import Path

import polars as pl
from PIL import Image

from dataprep.config import Digits, Folder
from dataprep.errors import DataprepError, listing
from dataprep.schema import SKIPPED
from dataprep.sources.catalog import DEFAULT_SPLIT, Catalog, entries

DEPTH = {"class": 2, "split/class": 3}


def open_source(params: Folder | Digits) -> Catalog:
    """List the images below `params.path`.

    The class is the name of the folder that holds the file; with layout split/class the folder
    above it is the split. `auto` takes class when all images lie two levels deep, split/class
    when all lie three levels deep. Files whose extension no image format uses, and hidden
    files, are skipped with a reason; an image that cannot be decoded is not: `measure` says why.

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
    known = Image.registered_extensions()
    images: list[str] = []
    skipped: list[tuple[str, str]] = []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_dir():
            continue
        if not name.isprintable() or not _is_utf8(name):
            skipped.append((name.encode("utf-8", "backslashreplace").decode(), "the name is not printable text"))
        elif any(part.startswith(".") for part in Path(name).parts):
            skipped.append((name, "a hidden file"))
        elif not path.is_file():
            skipped.append((name, "a link that leads nowhere, or no plain file"))
        elif path.suffix.lower() not in known and not (path.suffix == "" and _looks_like_image(path)):
            skipped.append((name, f"no image format has the extension '{path.suffix}'"))
        else:
            images.append(name)
    return images, skipped


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
