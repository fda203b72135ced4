"""The two sides of a comparison: a commit of the history, and what lies in the working tree."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from yaml import YAMLError

from dataprep.changes.compared import Base
from dataprep.changes.state import CODE, DECIDED, FINDINGS, METRICS, PARAMS, PIXELS, TABLES, State, read_state
from dataprep.config import from_yaml
from dataprep.errors import DataprepError, listing, nearest
from dataprep.history import commit_of, git, git_bytes, tracked
from dataprep.markdown import code

LOCK = "dvc.lock"


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

    return read_state(record, table, _tables_of_findings(record), lambda: open_(PIXELS))


def present(root: Path) -> State:
    """Return the state of the working tree. Raises DataprepError when there is no report, or one that is damaged."""

    def read(path: str) -> bytes:
        return (root / path).read_bytes()

    found = sorted(path.relative_to(root).as_posix() for path in (root / FINDINGS).glob("*.parquet"))
    state = read_state(read, read, _tables_of_findings(read) or found, lambda: (root / PIXELS).open("rb"))
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
    return state


def _tables_of_findings(read: Any) -> list[str]:
    """Return the tables of findings that dvc.lock lists."""
    return sorted(path for path in _outputs(_lock(read)) if path.startswith(f"{FINDINGS}/"))


def _lock(read: Any) -> dict[str, Any]:
    try:
        found = from_yaml(read(LOCK).decode())["stages"]
    except (OSError, ValueError, KeyError, TypeError, YAMLError):
        return {}
    return found if isinstance(found, dict) else {}


def _outputs(stages: dict[str, Any]) -> dict[str, str]:
    """Return the MD5 of each output by path; "" where the lock has none."""
    outs = (out for stage in stages.values() if isinstance(stage, dict) for out in stage.get("outs") or ())
    return {str(out["path"]): str(out.get("md5") or "") for out in outs if isinstance(out, dict) and "path" in out}


def code_changes(root: Path, commit: str) -> list[tuple[str, int | None, int | None]]:
    """Return path, lines added and removed of each file of code that differs from the commit; None: no text."""
    listed = git(root, "diff", "--numstat", "--no-renames", "-z", commit, "--", *CODE, check=False)
    found = []
    for line in filter(None, listed.split("\0")):
        came, gone, path = line.split("\t", 2)
        found.append((path, int(came) if came.isdigit() else None, int(gone) if gone.isdigit() else None))
    return found


def stale(root: Path) -> Iterator[str]:
    """Yield a line (Markdown) for what on disk does not belong together by dvc.lock."""
    stages = _lock(lambda path: (root / path).read_bytes())
    changed = _changed_params(root, stages)
    if changed:
        yield f"{PARAMS} was changed after these results were made ({listing(map(code, changed))}): run `dvc repro`"
    deps = (dep for stage in stages.values() if isinstance(stage, dict) for dep in stage.get("deps") or ())
    decided = {str(dep.get("md5")) for dep in deps if isinstance(dep, dict) and dep.get("path") == DECIDED}
    if decided and _md5(root / DECIDED) not in {*decided, None}:
        yield f"{DECIDED} was changed after these results were made: run `dvc repro`"
    outs = _outputs(stages)
    wanted = [path for path in outs if path in (*TABLES.values(), METRICS) or path.startswith(f"{FINDINGS}/")]
    other = [path for path in wanted if outs[path] and _md5(root / path) not in (outs[path], None)]
    if other:
        yield f"{listing(map(code, other))} are not those of dvc.lock: run `dvc repro`, or `dvc checkout`"


def _changed_params(root: Path, stages: dict[str, Any]) -> list[str]:
    try:
        now = from_yaml((root / PARAMS).read_bytes().decode())
    except (OSError, ValueError, YAMLError):
        return []
    found = set()
    for stage in stages.values():
        known = (stage.get("params") or {}).get(PARAMS) if isinstance(stage, dict) else None
        for name, value in known.items() if isinstance(known, dict) else ():
            if _at(now, str(name)) != value:
                found.add(str(name))
    return sorted(found)


def _at(values: Any, name: str) -> Any:
    for part in name.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    return values


def _md5(path: Path) -> str | None:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() if path.is_file() else None
