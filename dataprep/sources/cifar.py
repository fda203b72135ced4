"""The published archives of CIFAR-10 and CIFAR-100 (Krizhevsky 2009, cs.toronto.edu/~kriz/cifar.html)."""

import tarfile
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from dataprep.config import Cifar
from dataprep.errors import DataprepError, listing
from dataprep.sources.catalog import Catalog, entries
from dataprep.sources.plain_pickle import read_pickle
from dataprep.sources.png import encode_png

ARCHIVES = ("cifar-10-python.tar.gz", "cifar-100-python.tar.gz")
SIDE = 32  # px


@dataclass(frozen=True)
class Layout:
    """A member of the archive for each batch, and the keys that lead to labels and class names."""

    batches: dict[str, str]  # member -> split
    meta: str
    names: bytes
    labels: bytes


CIFAR10 = Layout(
    {f"data_batch_{n}": "train" for n in range(1, 6)} | {"test_batch": "test"},
    "batches.meta",
    b"label_names",
    b"labels",
)
CIFAR100 = Layout({"train": "train", "test": "test"}, "meta", b"fine_label_names", b"fine_labels")


def open_source(params: Cifar) -> Catalog:
    """List the images of the archive at `params.path`, or of the one in that folder.

    The image_id is split/class/file name; CIFAR-100 gives its 100 fine classes. `read` gives 32x32 RGB PNG.
    Nothing is extracted to disk, and no pickle is run (see `plain_pickle`).

    Raises DataprepError when the archive is missing, broken or incomplete, or its pickles are not
    what was published.
    """
    archive = _archive(Path(params.path))
    members = _members(archive)
    layout = CIFAR100 if CIFAR100.meta in members and CIFAR10.meta not in members else CIFAR10
    absent = [name for name in (*layout.batches, layout.meta) if name not in members]
    if absent:
        raise _broken(f"the archive lacks {listing(absent)}", archive)
    content = {name: read_pickle(members[name], f"{archive}, {name}") for name in members}
    names = _texts(content[layout.meta], layout.names, f"{archive}, {layout.meta}")
    pixels: list[np.ndarray] = []
    ids: list[str] = []
    labels: list[str | None] = []
    splits: list[str] = []
    for batch, split in layout.batches.items():
        data, classes, file_names = _batch(content[batch], layout, names, f"{archive}, {batch}")
        start = splits.count(split)
        files = file_names or [f"{start + row:05d}.png" for row in range(len(data))]
        pixels.append(data)
        labels += classes
        ids += [f"{split}/{label}/{file}" for label, file in zip(classes, files, strict=True)]
        splits += [split] * len(data)
    images = np.concatenate(pixels)
    return Catalog(
        entries(_unique(ids), labels, splits),
        read=lambda row: encode_png(images[row].reshape(3, SIDE, SIDE).transpose(1, 2, 0)),
    )


def _archive(path: Path) -> Path:
    if path.is_file():
        return path
    if not path.exists():
        raise DataprepError(
            "the CIFAR archive is not there",
            where=f"params.yaml, source.path: {path}",
            remedy=f"set source.path to {' or '.join(ARCHIVES)}",
        )
    found = [path / name for name in ARCHIVES if (path / name).is_file()]
    if len(found) != 1:
        raise DataprepError(
            "the folder has both CIFAR archives" if found else f"the folder has no {' or '.join(ARCHIVES)}",
            where=f"params.yaml, source.path: {path}",
            remedy="set source.path to the archive itself",
        )
    return found[0]


def _members(archive: Path) -> dict[str, bytes]:
    wanted = {*CIFAR10.batches, CIFAR10.meta, *CIFAR100.batches, CIFAR100.meta}
    members: dict[str, bytes] = {}
    try:
        with tarfile.open(archive, "r:*") as tar:
            for member in tar:
                name = PurePosixPath(member.name).name
                stream = tar.extractfile(member) if member.isfile() and name in wanted else None
                if stream is not None:
                    members[name] = stream.read()
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise _broken(f"the archive cannot be read: {error}", archive) from error
    return members


def _batch(
    content: Any, layout: Layout, names: list[str], where: str
) -> tuple[np.ndarray, list[str], list[str] | None]:
    """Return the pixels (N, 3072), the N class names, and the N file names if the batch has any."""
    pixels = content.get(b"data") if isinstance(content, dict) else None
    if not isinstance(pixels, np.ndarray) or pixels.ndim != 2 or pixels.shape[1] != 3 * SIDE * SIDE:
        raise _broken(f"'data' is not an array of images, uint8 of shape (N, {3 * SIDE * SIDE})", where)
    numbers = content.get(layout.labels)
    if not isinstance(numbers, list) or len(numbers) != len(pixels):
        raise _broken(f"'{layout.labels.decode()}' is not a list of {len(pixels)} labels", where)
    wrong = [number for number in numbers if type(number) is not int or not 0 <= number < len(names)]
    if wrong:
        raise _broken(f"label {wrong[0]!r} is none of the {len(names)} classes", where)
    files = _texts(content, b"filenames", where) if b"filenames" in content else None
    if files is not None and len(files) != len(pixels):
        raise _broken(f"there are {len(files)} file names for {len(pixels)} images", where)
    return pixels, [names[number] for number in numbers], files


def _texts(content: Any, key: bytes, where: str) -> list[str]:
    values = content.get(key) if isinstance(content, dict) else None
    if not isinstance(values, list) or not all(isinstance(value, bytes | str) for value in values):
        raise _broken(f"'{key.decode()}' is not a list of names", where)
    return [value if isinstance(value, str) else value.decode("utf-8", "replace") for value in values]


def _unique(ids: list[str]) -> list[str]:
    """Tell apart images of one class that share a file name, by their number in the archive."""
    count = Counter(ids)
    numbered = [f"{name.removesuffix('.png')}-{row:05d}.png" for row, name in enumerate(ids)]
    return [other if count[name] > 1 else name for name, other in zip(ids, numbered, strict=True)]


def _broken(what: str, where: str | Path) -> DataprepError:
    return DataprepError(what, where=str(where), remedy="fetch the published archive again")
