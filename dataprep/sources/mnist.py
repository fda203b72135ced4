"""MNIST and the sets published in its format (LeCun, Cortes, Burges, yann.lecun.com/exdb/mnist)."""

import gzip
import re
import zlib
from collections import defaultdict
from pathlib import Path

import numpy as np

from dataprep.config import Mnist
from dataprep.errors import DataprepError, listing
from dataprep.sources.catalog import Catalog, entries
from dataprep.sources.png import encode_png

FILE = re.compile(r"(?P<prefix>.+)-(?P<part>images[-.]idx3|labels[-.]idx1)-ubyte(\.gz)?")
SPLITS = {"t10k": "test"}
DIMENSIONS = {"images": 3, "labels": 1}
UNSIGNED_BYTE = 8  # the type code in an idx file's magic number


def open_source(params: Mnist) -> Catalog:
    """List the images of the idx files in the folder `params.path`.

    Files are named `<prefix>-images-idx3-ubyte` and `<prefix>-labels-idx1-ubyte`, with or without .gz
    (with both, the .gz is read). The last word of the prefix is the split; t10k is "test". The image_id
    is split/label/number.png, where number is the 0-based position in the file; `read` gives gray PNG.

    Raises DataprepError when the folder or files are missing, a file has no partner, is no idx file
    or is truncated, or there are more images than labels or the other way round.
    """
    root = Path(params.path)
    pixels: list[np.ndarray] = []
    ids: list[str] = []
    labels: list[str | None] = []
    splits: list[str] = []
    for split, files in _files(root).items():
        images, numbers = _idx(files["images"], "images"), _idx(files["labels"], "labels")
        if len(images) != len(numbers):
            where = f"{files['images']}, {files['labels']}"
            raise _broken(f"there are {len(images)} images and {len(numbers)} labels", where)
        pixels += list(images)
        labels += [str(number) for number in numbers]
        ids += [f"{split}/{number}/{row:05d}.png" for row, number in enumerate(numbers)]
        splits += [split] * len(images)
    if not pixels:
        raise _broken("the files hold no images", root)
    return Catalog(entries(ids, labels, splits), read=lambda row: encode_png(pixels[row]))


def _files(root: Path) -> dict[str, dict[str, Path]]:
    """Return split -> {"images": file, "labels": file}."""
    if not root.is_dir():
        raise DataprepError(
            "the source is not a folder" if root.exists() else "the source folder is not there",
            where=f"params.yaml, source.path: {root}",
            remedy="set source.path to the folder that has the idx files",
        )
    found: dict[str, dict[str, Path]] = defaultdict(dict)
    prefixes: dict[str, str] = {}
    for file in sorted(root.iterdir()):  # NAME before NAME.gz, which therefore wins
        match = FILE.fullmatch(file.name)
        if match is None or not file.is_file():
            continue
        word = match["prefix"].rsplit("-")[-1]
        split = SPLITS.get(word, word)
        if prefixes.setdefault(split, match["prefix"]) != match["prefix"]:
            raise _broken(f"both '{prefixes[split]}' and '{match['prefix']}' are of split '{split}'", root)
        found[split][match["part"][:6]] = file
    if not found:
        raise DataprepError(
            "the folder has no *-images-idx3-ubyte.gz and *-labels-idx1-ubyte.gz",
            where=f"params.yaml, source.path: {root}",
            remedy="set source.path to the folder that has the idx files",
        )
    alone = [file.name for files in found.values() for file in files.values() if len(files) == 1]
    if alone:
        raise _broken(f"without its partner, images or labels: {listing(alone)}", root)
    return {split: found[split] for split in sorted(found, reverse=True)}


def _idx(file: Path, part: str) -> np.ndarray:
    """Return the array of an idx file, uint8: (N, H, W) for images, (N,) for labels."""
    try:
        data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise _broken(f"the file cannot be read: {error}", file) from error
    dimensions = DIMENSIONS[part]
    header = 4 + 4 * dimensions
    magic = bytes([0, 0, UNSIGNED_BYTE, dimensions])
    if data[:4] != magic or len(data) < header:
        raise _broken(f"no idx file of {part}: it starts with {data[:4].hex()}, not {magic.hex()}", file)
    shape = tuple(int(size) for size in np.frombuffer(data, ">u4", dimensions, 4))
    wanted = header + int(np.prod(shape, dtype=object))
    if len(data) != wanted:
        raise _broken(f"an idx file of shape {shape} has {wanted} bytes; this one has {len(data)}", file)
    if 0 in shape[1:]:
        raise _broken(f"the images have no pixels: shape {shape}", file)
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


def _broken(what: str, where: str | Path) -> DataprepError:
    return DataprepError(what, where=str(where), remedy="fetch the published files again")
