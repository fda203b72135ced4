"""The manifest: what a data set consists of, with a checksum per file, and whether that is what lies there."""

import hashlib
import json
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
from polars.exceptions import PanicException, PolarsError

from dataprep import files
from dataprep.datasets.content import FORMAT, version_of
from dataprep.errors import DataprepError

MANIFEST = "manifest.json"
INDEX_FILE = "index.parquet"
REMOVED_FILE = "removed.parquet"
TENSORS_FILE = "tensors.parquet"
TABLES = (INDEX_FILE, REMOVED_FILE, TENSORS_FILE)
NORMALIZATION = "normalization"
MEND = "bring it back with `dvc checkout` or `dvc pull`, or write it anew: `dvc repro --force write`"
THREADS = 2  # that read and hash files


class Digests:
    """SHA-256 of the files below a folder, worked out beside whatever else is done."""

    def __init__(self, folder: Path, pool: Executor) -> None:
        self._folder = folder
        self._pool = pool
        self._found: dict[str, Future[str]] = {}

    def begin(self) -> None:
        """Begin with the files that are new; they must be whole."""
        for path in self._folder.rglob("*"):
            name = path.relative_to(self._folder).as_posix()
            if name not in self._found and path.is_file() and name != MANIFEST:
                self._found[name] = self._pool.submit(files.file_sha256, path)

    def entries(self, rows: dict[str, int]) -> list[dict[str, Any]]:
        """Return file (relative POSIX path), sha256, bytes and, where `rows` knows them, rows of each file, sorted."""
        self.begin()
        return [
            {"file": name, "sha256": digest.result(), "bytes": (self._folder / name).stat().st_size}
            | ({"rows": rows[name]} if name in rows else {})
            for name, digest in sorted(self._found.items())
        ]


def sealed(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest with `digest`, the SHA-256 of all the rest of it as JSON with sorted keys."""
    rest = {key: value for key, value in manifest.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return rest | {"digest": hashlib.sha256(text.encode()).hexdigest()}


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of the data set in `folder`.

    Raises DataprepError when there is none, it is damaged, or of a format that this version does not read.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
        fits = isinstance(manifest, dict) and sealed(manifest) == manifest
    except OSError as error:
        raise DataprepError(
            f"there is no data set here, {MANIFEST} cannot be read: {error.strerror}",
            where=str(path),
            remedy="name the folder that `dvc repro` wrote, or run `dvc pull` first",
        ) from error
    except ValueError as error:
        raise DataprepError(f"the manifest is damaged: {error}", where=str(path), remedy=MEND) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else None
        raise DataprepError(
            f"the data set has format {found}; this version of dataprep reads format {FORMAT}",
            where=str(path),
            remedy="write it anew with `dvc repro`, or use the version of dataprep that wrote it",
        )
    if not fits:
        raise DataprepError("the manifest is damaged: its digest does not fit", where=str(path), remedy=MEND)
    return manifest


def check_opened(folder: Path, manifest: dict[str, Any]) -> None:
    """Compare the tables, which all the rest hangs on, with their checksums, and the size of every file.

    Raises DataprepError that names the file which is missing, truncated or changed, or tells that the manifest
    belongs to another version.
    """
    for entry in manifest["files"]:
        path = folder / entry["file"]
        if entry["file"] in TABLES and path.is_file() and files.file_sha256(path) != entry["sha256"]:
            _refuse_other_version(folder, manifest, entry["file"])
            raise _changed(folder, entry)
    for entry in manifest["files"]:
        path = folder / entry["file"]
        try:
            size = path.stat().st_size
        except OSError:
            raise _broken(path, entry["file"], "is missing") from None
        if size != entry["bytes"]:
            short = " (truncated)" if size < entry["bytes"] else ""
            raise _broken(path, entry["file"], f"has {size:,} bytes, not {entry['bytes']:,}{short}")


def check_files(folder: Path, manifest: dict[str, Any]) -> None:
    """Compare every file with its checksum; raise DataprepError that names the first that differs, or is not listed."""
    check_opened(folder, manifest)
    entries = manifest["files"]
    check_digests(folder, entries)
    known = {MANIFEST, *(entry["file"] for entry in entries)}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in known:
            raise _broken(path, name, f"is no part of version {manifest['version']}")


def check_digests(folder: Path, entries: list[dict[str, Any]]) -> None:
    """Compare these files with their checksums; raise DataprepError that names the first that differs."""
    with ThreadPoolExecutor(THREADS) as pool:
        digests = pool.map(files.file_sha256, [folder / entry["file"] for entry in entries])
        for entry, digest in zip(entries, digests, strict=True):
            if digest != entry["sha256"]:
                raise _changed(folder, entry)


def _refuse_other_version(folder: Path, manifest: dict[str, Any], file: str) -> None:
    """Raise DataprepError when the rows that lie there are whole and of another version."""
    try:
        kept, removed = (pl.read_parquet(folder / name) for name in (INDEX_FILE, REMOVED_FILE))
        there = version_of(kept, removed, manifest["parameters"])
    except (PolarsError, PanicException, OSError):  # damage makes polars panic as well, which is no Exception
        return
    if there != manifest["version"]:
        raise DataprepError(
            f"the manifest is of version {manifest['version']}, but {file} is of another one",
            where=str(folder / MANIFEST),
            remedy=MEND,
        )


def _changed(folder: Path, entry: dict[str, Any]) -> DataprepError:
    what = "has other bytes than the manifest says: it is damaged or of another version"
    return _broken(folder / entry["file"], entry["file"], what)


def _broken(path: Path, file: str, what: str) -> DataprepError:
    return DataprepError(f"{file} {what}", where=str(path), remedy=MEND)
