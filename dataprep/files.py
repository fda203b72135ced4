"""Write outputs whole or not at all."""

import ctypes
import errno
import fcntl
import glob
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from polars.exceptions import ComputeError

from dataprep.errors import DataprepError

AT_FDCWD = -100  # linux/fcntl.h: paths are as the process sees them
RENAME_EXCHANGE = 2  # linux/fs.h
REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)  # a write, by the system


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary file beside `path` that takes its place when the block ends well.

    When the block fails, `path` is as it was and the temporary file is gone.
    Raises DataprepError when the folder or file cannot be written or the disk is full, or the block cannot read a file.
    """
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
        part = Path(name)
        try:
            yield part
            part.chmod(0o644)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path` that takes its place when the block ends well.

    The exchange is one step where the file system can (Linux's renameat2), so that a process killed at any moment
    leaves the old folder or the new one, whole. What killed writers left behind is removed.
    Raises DataprepError when the folder cannot be written or the disk is full, or the block cannot read a file.
    """
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        part = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
        try:
            with _locked(part):
                yield part
                part.chmod(0o755)
                _take_place(part, path)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def check_replaceable(path: Path, ours: Callable[[Path], bool]) -> None:
    """Refuse a folder that holds what its user may want to keep, before `replacing_folder` takes its place.

    Good are a path where nothing is, an empty folder, and a folder that is `ours`. Raises DataprepError otherwise.
    """
    if not os.path.lexists(path) or (path.is_dir() and (not any(path.iterdir()) or ours(path))):
        return
    raise DataprepError(
        "the folder holds other things, which would be lost" if path.is_dir() else "this is no folder",
        where=str(path),
        remedy="name a new or an empty folder",
    )


def _take_place(part: Path, path: Path) -> None:
    if not path.exists():
        os.replace(part, path)
    elif not _exchanged(part, path):
        old = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
        os.replace(path, old)
        os.replace(part, path)
        shutil.rmtree(old, ignore_errors=True)


def _exchanged(one: Path, other: Path) -> bool:
    """Swap two paths in one step; return False where the system or the file system cannot."""
    try:
        exchange = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    return bool(exchange(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which ends with the process: so others see whether its writer lives."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _remove_abandoned(path: Path) -> None:
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        if left.is_dir():
            with suppress(OSError), _locked(left):  # a living writer holds the lock
                shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ComputeError) as error:  # polars tells of a full disk by ComputeError
        name = getattr(error, "filename", None)
        file = Path(os.fsdecode(name)) if isinstance(name, (str, bytes)) and name else None
        said = getattr(error, "strerror", None) or error
        if isinstance(error, ComputeError) or error.errno in REFUSED or (file and _concerns(file, path)):
            raise DataprepError(
                f"cannot write the output: {said}",
                where=str(path),
                remedy="free space, or make the folder writable (chmod u+w), then run `dvc repro` again",
            ) from error
        raise DataprepError(
            f"cannot read {file or 'an input'}: {said}",
            where=str(file or f"while writing {path}"),
            remedy="bring the file back (`dvc pull` or `dvc checkout`, or from its source), then run it again",
        ) from error


def _concerns(file: Path, output: Path) -> bool:
    """Whether `file` is the output, a folder above it, or lies in one of its temporary files."""
    file, output = file.absolute(), output.absolute()
    if file == output or output.is_relative_to(file):
        return True
    first = file.relative_to(output.parent).parts[0] if file.is_relative_to(output.parent) else ""
    return first.startswith(f".{output.name}.") and first.endswith(".part")


def new_array(path: Path, dtype: DTypeLike, shape: tuple[int, ...]) -> np.memmap:
    """Return a writable .npy array of zeros, mapped from a new file whose space is set aside at once.

    Raises OSError when the disk is too full: found out later, while pages are written, it would kill the process.
    """
    array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    with path.open("r+b") as stream:
        os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)
    return array


def write_array(path: Path, array: np.ndarray) -> None:
    """Write a .npy file whole or not at all."""
    with replacing(path) as part, part.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text whole or not at all."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write JSON with sorted keys and a final newline, so that equal values give equal bytes."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def sha256(data: bytes) -> str:
    """Return the SHA-256 of `data` as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
