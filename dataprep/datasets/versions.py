"""Versions in the history: Git knows which there are, DVC's cache and remotes have their files."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dataprep import files, tables
from dataprep.datasets.manifest import INDEX_FILE, MANIFEST, REMOVED_FILE, check_files, read_manifest
from dataprep.datasets.reader import DataSet, open_dataset
from dataprep.errors import DataprepError, listing, nearest
from dataprep.history import SHORT, commit_of, git, root_of, tracked
from dataprep.schema import INDEX

RECORD = "reports/dataset.json"  # as dvc.yaml names them
DATASET = "data/dataset"
KEPT_IN = ".cache/versions"


@dataclass(frozen=True)
class Recorded:
    """A version that a commit records. digest: of its manifest. date: ISO 8601, of the commit."""

    version: str
    digest: str
    commit: str
    date: str

    def __str__(self) -> str:
        return f"{self.version} ({self.date[:10]}, commit {self.commit[:SHORT]})"


def versions(repository: Path | str = ".") -> list[Recorded]:
    """Return the versions that any commit records, newest first, each with its newest commit.

    Raises DataprepError outside of a Git repository.
    """
    root = root_of(repository)
    # In full: else Git leaves out a branch whose end is as its beginning, and with it the versions between.
    listed = git(root, "log", "--all", "--full-history", "--date-order", "--format=%H %cI", "--", RECORD).split("\n")
    found: dict[str, Recorded] = {}
    for line in filter(None, listed):
        commit, _, date = line.partition(" ")
        record = _recorded(root, commit, date)
        if record is not None:
            found.setdefault(record.version, record)
    return list(found.values())


def load(
    version: str, *, repository: Path | str = ".", folder: Path | str | None = None, remote: str | None = None
) -> DataSet:
    """Return a version by its id, or the start of it, bit for bit as it was written, beside the present one.

    Its files come from DVC's cache or a remote (by default the repository's own, else `remote`) into `folder`, by
    default .cache/versions/<version>, and stay there: asked for again, they are compared with their checksums and used.
    Raises DataprepError for an id that no commit records (it lists those there are), for files that are nowhere or not
    those that were recorded, and for a `folder` that holds anything but a data set.
    """
    root = root_of(repository)
    record = find(version, versions(root))
    if record is None:
        raise unknown(version, root)
    if folder:
        files.check_replaceable(Path(folder), _is_dataset)
    return fetch(record, root, Path(folder) if folder else root / KEPT_IN / record.version, remote)


def find(version: str, known: list[Recorded]) -> Recorded | None:
    """Return the version of that id, or the only one whose id begins so; None when there is none."""
    found = [record for record in known if version and record.version.startswith(version)]
    return next((record for record in found if record.version == version), found[0] if len(found) == 1 else None)


def unknown(version: str, root: Path) -> DataprepError:
    """Return the error for an id that no commit records, or that several begin with; it lists what there is."""
    known = versions(root)
    several = [record for record in known if version and record.version.startswith(version)]
    if len(several) > 1:
        return DataprepError(
            f"'{version}' begins several versions",
            where=str(root.resolve()),
            remedy=f"give more digits: {listing(map(str, several), 10)}",
        )
    hint = nearest(version, [record.version for record in known])
    return DataprepError(
        f"there is no version '{version}' in the history",
        where=str(root.resolve()),
        remedy=f"{hint}the versions are {listing(map(str, known), 10)}"
        if known
        else "commit one: `dvc repro`, then `git add` and "
        "`git commit` dvc.lock and reports; `git fetch` brings those of others",
    )


def fetch(record: Recorded, root: Path, folder: Path, remote: str | None = None) -> DataSet:
    """Bring a recorded version into `folder`, unless it is there, and return it; see `load`."""
    if (folder / MANIFEST).is_file() and _whole(folder, record):
        return open_dataset(folder)
    with files.replacing_folder(folder) as part:
        _bring(root, record, remote, (), part / "dataset")
        manifest = read_manifest(part / "dataset")
        if manifest["digest"] != record.digest:
            raise DataprepError(
                f"commit {record.commit[:SHORT]} records version {record.version}, but its dvc.lock has other files",
                where=str(root.resolve()),
                remedy="commit dvc.lock and reports together, as `dvc repro` leaves them",
            )
        check_files(part / "dataset", manifest)
        for path in (part / "dataset").iterdir():
            path.rename(part / path.name)
        (part / "dataset").rmdir()
    return open_dataset(folder)


def _is_dataset(folder: Path) -> bool:
    try:
        return bool(read_manifest(folder))
    except DataprepError:
        return False


def _whole(folder: Path, record: Recorded) -> bool:
    try:
        manifest = read_manifest(folder)
        check_files(folder, manifest)
    except DataprepError:
        return False
    return bool(manifest["digest"] == record.digest)


@contextmanager
def resolved(name: str, repository: Path | str = ".", *, shards: bool = False) -> Iterator[DataSet]:
    """Yield the data set that `name` means: a folder, a version id, or a Git revision.

    Of a version in the history only the tables are fetched, unless `shards` are wanted as well.
    Raises DataprepError when it means none of them.
    """
    for folder in (Path(name), Path(name) / DATASET):
        if (folder / MANIFEST).exists():
            yield open_dataset(folder)
            return
    root, record = _sought(name, repository)
    if shards:
        yield fetch(record, root, root / KEPT_IN / record.version)
        return
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "dataset"
        _bring(root, record, None, (MANIFEST, INDEX_FILE, REMOVED_FILE), place)
        yield DataSet(place, read_manifest(place), tables.read(place / INDEX_FILE, INDEX))


def _sought(name: str, repository: Path | str) -> tuple[Path, Recorded]:
    """Return the repository's root and the version by id or revision; a folder of that name only has no data set."""
    try:
        root = root_of(repository)
    except DataprepError as error:
        if Path(name).is_dir():
            open_dataset(Path(name))
        raise DataprepError(
            f"there is no folder '{name}', and no history that could have such a version: {error.what}",
            where=error.where,
            remedy="name a folder with a data set, or run it in a clone of the repository",
        ) from error
    record = find(name, versions(root)) or _of_revision(name, root)
    if record is not None:
        return root, record
    if Path(name).is_dir():
        open_dataset(Path(name))
    raise unknown(name, root)


def _of_revision(name: str, root: Path) -> Recorded | None:
    commit = commit_of(root, name)
    if not commit:
        return None
    record = _recorded(root, commit, git(root, "show", "--no-patch", "--format=%cI", commit).strip())
    if record is None:
        raise DataprepError(
            f"commit {commit[:SHORT]} ('{name}') records no data set",
            where=str(root.resolve()),
            remedy="choose one of those that `dataprep versions` lists",
        )
    return record


def _recorded(root: Path, commit: str, date: str) -> Recorded | None:
    text = git(root, "show", f"{commit}:./{RECORD}", check=False)
    try:
        values = json.loads(text)
        return Recorded(str(values["version"]), str(values["digest"]), commit, date)
    except (ValueError, KeyError, TypeError):  # a commit that removed it, or another program's file of that name
        return None


def _bring(root: Path, record: Recorded, remote: str | None, names: tuple[str, ...], folder: Path) -> None:
    """Copy files of a recorded data set, or with no names all of it, into a new folder."""
    try:
        history = tracked(root, record.commit, remote)
        if not names:
            history.get(DATASET, str(folder), recursive=True)
            return
        folder.mkdir()
        for name in names:
            history.get_file(f"{DATASET}/{name}", str(folder / name))
    except Exception as error:  # each kind of storage has its own
        raise DataprepError(
            f"version {record.version} cannot be fetched, neither from the cache nor from a remote: {error}",
            where=f"{root.resolve()}, commit {record.commit[:SHORT]}",
            remedy="`dvc push` where the version was written, or name a remote that has it (`dvc remote list`)",
        ) from error
