"""Git and DVC at any commit: what the history has, without checking anything out."""

import os
import subprocess
from pathlib import Path
from typing import Any

from dataprep.errors import DataprepError

SHORT = 8  # digits of a commit


def root_of(repository: Path | str) -> Path:
    """Return the folder of the DVC repository around a folder of it, which may lie below Git's own; else Git's."""
    start = Path(repository)
    top = Path(git(start, "rev-parse", "--show-toplevel").removesuffix("\n"))
    above = [folder for folder in (start.resolve(), *start.resolve().parents) if folder.is_relative_to(top)]
    root = next((folder for folder in above if (folder / ".dvc").is_dir()), top)
    return start if root == start.resolve() else root


def git(root: Path, *words: str, check: bool = True) -> str:
    """Return what git says, as text; "" for a failure that is not to be checked.

    Raises DataprepError when git is not there, and with `check` when it fails.
    """
    return git_bytes(root, *words, check=check).decode("utf-8", "replace")


def git_bytes(root: Path, *words: str, check: bool = True) -> bytes:
    """Return what git writes, byte for byte; otherwise as `git`."""
    command = ["git", "-c", "core.quotepath=off", *words]
    try:
        done = subprocess.run(command, cwd=root, env=os.environ | {"LC_ALL": "C"}, capture_output=True)
    except OSError as error:
        raise DataprepError(
            f"git cannot be run here: {error.strerror}",
            where=str(root),
            remedy="install git, or name a folder that exists",
        ) from error
    if check and done.returncode:
        raise DataprepError(
            f"git says: {done.stderr.decode('utf-8', 'replace').strip()}",
            where=str(root.resolve()),
            remedy="run it in a clone of the repository, or name folders",
        )
    return done.stdout if done.returncode == 0 else b""


def commit_of(root: Path, name: str) -> str:
    """Return the full id of the commit that a revision names; "" where it names none."""
    return git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", check=False).strip()


def tracked(root: Path, commit: str, remote: str | None = None) -> Any:
    """Return the files of a commit, those of Git and those of DVC, as a file system in the manner of fsspec.

    DVC's come from its cache or from a remote, by default the repository's own. Raises what DVC raises, of many kinds.
    """
    from dvc.api import DVCFileSystem  # takes a second to import
    from dvc.repo import Repo

    # The remotes of today: those of an old commit may have moved, and what is set on this machine alone counts too.
    with Repo(str(root)) as present:
        config = {section: present.config[section] for section in ("core", "remote", "cache")}
    return DVCFileSystem(str(root), rev=commit, remote=remote, config=config)
