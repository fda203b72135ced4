"""WebDataset shards: tar files whose members are built by the array, for many small images at once.

Format: POSIX.1-1988 (ustar); members of one sample share a key, as WebDataset defines it.
"""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

BLOCK = 512
RECORD = 20 * BLOCK  # a tar file's length is a multiple of it
NAME = slice(0, 100)
SIZE = slice(124, 135)
CHECKSUM = slice(148, 156)
EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "BMP": "bmp", "TIFF": "tif"}
KEY_DIGITS = 9
ZEROS = [bytes(count) for count in range(BLOCK)]
META = ("image_id", "label", "given_label", "sha256", "reason", "decided_by")


def write_tar(shard: pl.DataFrame, classes: list[str], start: int, path: Path) -> NDArray[np.int64]:
    """Write one shard and return where each image's bytes begin in it.

    Each sample has the members <key>.cls (place of the label among `classes`), <key>.<jpg, png, ...> (the original
    bytes) and <key>.json (image_id, labels, sha256, reason). Keys count from `start`, so that they are unique in a
    split. Times are 0 and owners root: equal rows give equal bytes.
    shard: rows of INDEX with `data`, their bytes.
    """
    suffixes = [EXTENSIONS.get(name or "", (name or "bin").lower()) for name in shard["format"].to_list()]
    numbers = {name: str(number).encode() for number, name in enumerate(classes)}
    metas = shard.select(pl.struct(META).struct.json_encode())[META[0]]
    labels = [numbers[label] for label in shard["label"].to_list()]
    contents = {"cls": labels, "": shard["data"].to_list(), "json": [text.encode() for text in metas.to_list()]}
    pieces: list[bytes] = [b""] * (shard.height * 3 * len(contents))
    lengths = np.zeros((shard.height, len(contents)), np.int64)
    for place, (suffix, data) in enumerate(contents.items()):
        sizes = np.fromiter(map(len, data), np.int64, shard.height)
        names = member_names(start, [suffix] * shard.height if suffix else suffixes)
        flat = headers(names, sizes).tobytes()
        pads = -sizes % BLOCK
        pieces[3 * place :: 3 * len(contents)] = [flat[at : at + BLOCK] for at in range(0, len(flat), BLOCK)]
        pieces[3 * place + 1 :: 3 * len(contents)] = data
        pieces[3 * place + 2 :: 3 * len(contents)] = [ZEROS[count] for count in pads.tolist()]
        lengths[:, place] = BLOCK + sizes + pads
    total = int(lengths.sum())
    with path.open("wb") as stream:
        stream.write(b"".join(pieces))
        stream.write(bytes(-(total + 2 * BLOCK) % RECORD + 2 * BLOCK))
    begins = np.cumsum(lengths.sum(1)) - lengths.sum(1)
    return np.asarray(begins + lengths[:, 0] + BLOCK)


def member_names(start: int, suffixes: list[str]) -> NDArray[np.uint8]:
    """Return (n, 100) uint8: <key>.<suffix>, the key counted from `start`, filled up with zeros."""
    names = np.zeros((len(suffixes), NAME.stop), np.uint8)
    keys = start + np.arange(len(suffixes), dtype=np.int64)
    names[:, :KEY_DIGITS] = keys[:, None] // 10 ** np.arange(KEY_DIGITS - 1, -1, -1) % 10 + ord("0")
    ends = np.array(suffixes)
    for suffix in set(suffixes):
        text = f".{suffix}".encode()
        names[ends == suffix, KEY_DIGITS : KEY_DIGITS + len(text)] = np.frombuffer(text, np.uint8)
    return names


def headers(names: NDArray[np.uint8], sizes: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return (n, 512) uint8, the header of each regular file. names: (n, 100) uint8, ASCII filled up with zeros.

    Sizes and checksums are octal digits; a checksum is the sum of the header's bytes with blanks in its own place.
    """
    blocks = np.tile(np.frombuffer(_TEMPLATE, np.uint8), (len(names), 1))
    blocks[:, NAME] = names
    blocks[:, SIZE] = _octal(sizes, 11)
    varying = blocks[:, NAME].sum(1, dtype=np.int64) + blocks[:, SIZE].sum(1, dtype=np.int64)
    blocks[:, CHECKSUM.start : CHECKSUM.start + 6] = _octal(varying + sum(_TEMPLATE), 6)
    blocks[:, CHECKSUM.start + 6] = 0
    return blocks


def _octal(values: NDArray[np.int64], digits: int) -> NDArray[np.uint8]:
    shifts = 3 * np.arange(digits - 1, -1, -1)
    return ((values[:, None] >> shifts & 7) + ord("0")).astype(np.uint8)


def _template() -> bytes:
    block = bytearray(BLOCK)
    block[100:108] = b"0000644\0"
    block[108:116] = block[116:124] = b"0000000\0"  # user and group
    block[136:148] = b"00000000000\0"  # time of last change
    block[CHECKSUM] = b" " * 8
    block[156:157] = b"0"  # a regular file
    block[257:265] = b"ustar\x0000"
    block[265:269] = block[297:301] = b"root"
    return bytes(block)


_TEMPLATE = _template()
