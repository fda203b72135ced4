"""The two sides of a comparison: a commit of the history, and what lies in the working tree."""

from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from dataprep.changes.compared import Base
from dataprep.changes.lock import inputs, tables_of_findings
from dataprep.changes.state import CODE, DECIDED, FINDINGS, METRICS, PARAMS, PIXELS, State, read_state
from dataprep.errors import DataprepError, listing, nearest
from dataprep.history import SHORT, commit_of, git, git_bytes, tracked


def base_of(root: Path, revision: str) -> Base:
    """Return the commit at which HEAD left `revision`: what a pull request is compared with.

    Raises DataprepError for a revision that is not there, and when the two have no commit in common.
    """
    if not commit_of(root, revision):
        known = git(
            root, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags"
        ).split()
        raise DataprepError(
            f"there is no revision '{revision}'",
            where=str(root.resolve()),
            remedy=f"{nearest(revision, known)}`git fetch` brings those of others; here there are {listing(known)}",
        )
    if not commit_of(root, "HEAD"):
        raise DataprepError("there is no commit yet", where=str(root.resolve()), remedy="run `git commit` first")
    commit = git(root, "merge-base", "--end-of-options", revision, "HEAD", check=False).strip().split("\n")[0]
    if not commit:
        raise DataprepError(
            f"'{revision}' and HEAD have no commit in common here",
            where=str(root.resolve()),
            remedy="the clone may be shallow: run `git fetch --unshallow` (actions/checkout: fetch-depth: 0)",
        )
    return Base(revision, commit, git(root, "show", "--no-patch", "--format=%cI", commit).strip())


def results_of(root: Path, base: Base, revision: str | None) -> str:
    """Return the commit whose results are compared with: `revision`, on top of the base commit, by default the latter.

    Only the base commit is in other people's clones; so that one is named in what they read.
    Raises DataprepError for a revision that is not there or that does not follow from the base commit.
    """
    if revision is None:
        return base.commit
    commit = commit_of(root, revision)
    if not commit or git(root, "merge-base", base.commit, commit, check=False).strip() != base.commit:
        raise DataprepError(
            f"'{revision}' is no commit on top of {base.commit[:SHORT]}, whose results it should have",
            where="--results",
            remedy="check that commit out, run `dvc repro`, commit dvc.lock and reports/, and name this commit",
        )
    return commit


def past(root: Path, commit: str) -> State:
    """Return the state of a commit: records from Git, tables and single pictures from DVC's cache or remote."""
    opened: list[Any] = []

    def open_(path: str) -> BinaryIO:
        try:
            if not opened:
                opened.append(tracked(root, commit))
            stream: BinaryIO = opened[0].open(path, "rb")
        except Exception as error:  # each kind of storage has its own
            raise OSError(f"neither in the cache nor in a remote ({error or type(error).__name__})") from error
        return stream

    def table(path: str) -> bytes:
        with open_(path) as stream:
            return stream.read()

    def record(path: str) -> bytes:
        found = git_bytes(root, "show", f"{commit}:./{path}", check=False)
        if not found:
            raise FileNotFoundError(path)
        return found

    state = read_state(record, table, tables_of_findings(record), lambda: open_(PIXELS))
    return replace(state, inputs=inputs(record))


def present(root: Path) -> State:
    """Return the state of the working tree. Raises DataprepError when there is no report, or one that is damaged."""

    def read(path: str) -> bytes:
        return (root / path).read_bytes()

    found = sorted(path.relative_to(root).as_posix() for path in (root / FINDINGS).glob("*.parquet"))
    state = read_state(read, read, tables_of_findings(read) or found, lambda: (root / PIXELS).open("rb"))
    faults = dict(state.lacking)
    if METRICS in faults:
        raise DataprepError(
            f"there are no results to compare: {faults[METRICS]}",
            where=str(root.resolve() / METRICS),
            remedy="run `make repro` (or `dvc repro`), or `git checkout` and `dvc pull` what was run elsewhere",
        )
    for path in (PARAMS, DECIDED):
        if path in faults:
            raise DataprepError(
                f"cannot be read: {faults[path]}", where=str(root.resolve() / path), remedy="mend the file"
            )
    return replace(state, inputs=inputs(read))


def code_changes(root: Path, commit: str) -> list[tuple[str, int | None, int | None]]:
    """Return path, lines added and removed of each file of code that differs from the commit; None: no text."""
    listed = git(root, "diff", "--numstat", "--no-renames", "-z", commit, "--", *CODE, check=False)
    found = []
    for line in filter(None, listed.split("\0")):
        came, gone, path = line.split("\t", 2)
        found.append((path, int(came) if came.isdigit() else None, int(gone) if gone.isdigit() else None))
    # A file that Git does not know yet runs all the same.
    fresh = git(root, "ls-files", "--others", "--exclude-standard", "--full-name", "-z", "--", *CODE, check=False)
    top = Path(git(root, "rev-parse", "--show-toplevel").removesuffix("\n"))
    found += [(path, _lines(top / path), 0) for path in filter(None, fresh.split("\0"))]
    return sorted(found, key=lambda one: one[0])


def _lines(path: Path) -> int | None:
    try:
        return len(path.read_bytes().decode().splitlines())
    except (OSError, ValueError):
        return None
