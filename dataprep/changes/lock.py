"""dvc.lock: which files results were made from and are, and what on disk has changed since."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from yaml import YAMLError

from dataprep.changes.state import FINDINGS, METRICS, PARAMS, TABLES
from dataprep.config import from_yaml
from dataprep.errors import listing
from dataprep.markdown import code

LOCK = "dvc.lock"
Entry = dict[str, Any]  # of a file or folder: path, md5, size, and nfiles of a folder


def tables_of_findings(read: Callable[[str], bytes]) -> list[str]:
    """Return the tables of findings that dvc.lock lists; `read` returns a file's bytes or raises OSError."""
    return sorted(path for path in _entries(_stages(read), "outs") if path.startswith(f"{FINDINGS}/"))


def inputs(read: Callable[[str], bytes]) -> dict[str, str]:
    """Return the MD5 of what no stage writes, by path: the source, code, decisions, predictions of one's own."""
    stages = _stages(read)
    return {path: str(entry.get("md5") or "") for path, entry in _read_only(stages).items()}


def stale(root: Path) -> Iterator[str]:
    """Yield a line (Markdown) for what on disk does not belong together by dvc.lock.

    Files are compared by MD5, folders that no stage writes (the source) by number and size of their files.
    """
    stages = _stages(lambda path: (root / path).read_bytes())
    changed = _changed_params(root, stages)
    if changed:
        yield f"{PARAMS} was changed after these results were made ({listing(map(code, changed))}): run `dvc repro`"
    outs = _entries(stages, "outs")
    other = [path for path, entry in _read_only(stages).items() if _differs(root, entry)]
    if other:
        yield f"changed after these results were made: {listing(map(code, sorted(other)))}; run `dvc repro`"
    wanted = [path for path in outs if path in (*TABLES.values(), METRICS) or path.startswith(f"{FINDINGS}/")]
    other = [path for path in wanted if _differs(root, outs[path])]
    if other:
        yield f"{listing(map(code, other))} are not those of dvc.lock: run `dvc repro`, or `dvc checkout`"


def _stages(read: Callable[[str], bytes]) -> dict[str, Any]:
    try:
        found = from_yaml(read(LOCK).decode())["stages"]
    except (OSError, ValueError, KeyError, TypeError, YAMLError):
        return {}
    return found if isinstance(found, dict) else {}


def _entries(stages: dict[str, Any], side: str) -> dict[str, Entry]:
    """Return the deps or outs of all stages by path."""
    listed = (entry for stage in stages.values() if isinstance(stage, dict) for entry in stage.get(side) or ())
    return {str(entry["path"]): entry for entry in listed if isinstance(entry, dict) and "path" in entry}


def _read_only(stages: dict[str, Any]) -> dict[str, Entry]:
    outs = _entries(stages, "outs")
    return {path: entry for path, entry in _entries(stages, "deps").items() if path not in outs}


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


def _differs(root: Path, entry: Entry) -> bool:
    """Whether what is there is not what the entry records; what is not there, or cannot be told, does not differ."""
    path, md5 = root / entry["path"], str(entry.get("md5") or "")
    if path.is_file():
        return bool(md5) and not md5.endswith(".dir") and _md5(path) != md5
    if path.is_dir() and "nfiles" in entry:
        sizes = _sizes(root, path)
        return (len(sizes), sum(sizes)) != (entry["nfiles"], entry.get("size"))
    return False


def _md5(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _sizes(root: Path, folder: Path) -> list[int]:
    """Return the bytes of each file that DVC sees in a folder."""
    from dvc.fs import LocalFileSystem  # takes a second to import
    from dvc.repo import Repo

    with Repo(str(root)) as repository:
        names = list(repository.dvcignore.find(LocalFileSystem(), str(folder.resolve())))
    return [Path(name).stat().st_size for name in names]
