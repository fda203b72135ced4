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
META = ("image_id", "label", "given_label", "sha256", "reason", "decided_by")


def write_tar(shard: pl.DataFrame, classes: list[str], start: int, path: Path) -> NDArray[np.int64]:
    """Write one shard and return where each image's bytes begin in it.

    Each sample has the members <key>.cls (place of the label among `classes`), <key>.<jpg, png, ...> (the original
    bytes) and <key>.json (image_id, labels, sha256, reason). Keys count from `start`, so that they are unique in a
    split. Times are 0 and owners root: equal rows give equal bytes.
    shard: rows of INDEX with `data`, their bytes.
    """
    keys = [f"{start + number:0{KEY_DIGITS}d}" for number in range(shard.height)]
    suffixes = [EXTENSIONS.get(name or "", (name or "bin").lower()) for name in shard["format"]]
    numbers = {name: str(number).encode() for number, name in enumerate(classes)}
    images = shard["data"].to_list()
    metas = shard.select(pl.struct(META).struct.json_encode())[META[0]]
    contents = [
        ([f"{key}.cls" for key in keys], [numbers[label] for label in shard["label"]]),
        ([f"{key}.{suffix}" for key, suffix in zip(keys, suffixes, strict=True)], images),
        ([f"{key}.json" for key in keys], [text.encode() for text in metas]),
    ]
    members = [_members(names, data) for names, data in contents]
    pieces: list[bytes] = [b""] * (shard.height * 3 * len(contents))
    lengths = np.zeros((shard.height, len(contents)), np.int64)
    for number, ((_, data), (headers, pads)) in enumerate(zip(contents, members, strict=True)):
        for place, column in enumerate((headers, data, pads)):
            pieces[3 * number + place :: 3 * len(contents)] = column
        lengths[:, number] = [BLOCK + len(content) + len(pad) for content, pad in zip(data, pads, strict=True)]
    total = int(lengths.sum())
    with path.open("wb") as stream:
        stream.write(b"".join(pieces))
        stream.write(bytes(-(total + 2 * BLOCK) % RECORD + 2 * BLOCK))
    begins = np.cumsum(lengths.sum(1)) - lengths.sum(1)
    return np.asarray(begins + lengths[:, 0] + BLOCK)


def _members(names: list[str], contents: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return each member's header and the zeros behind its content."""
    sizes = np.fromiter((len(content) for content in contents), np.int64, len(contents))
    flat = headers(names, sizes).tobytes()
    zeros = [bytes(count) for count in range(BLOCK)]
    return (
        [flat[at : at + BLOCK] for at in range(0, len(flat), BLOCK)],
        [zeros[count] for count in (-sizes % BLOCK).tolist()],
    )


def headers(names: list[str], sizes: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return (n, 512) uint8, the header of each regular file; names are ASCII of at most 100 characters.

    Sizes and checksums are octal digits; a checksum is the sum of the header's bytes with blanks in its own place.
    """
    blocks = np.tile(np.frombuffer(_TEMPLATE, np.uint8), (len(names), 1))
    blocks[:, NAME] = np.array(names, "S100").view(np.uint8).reshape(-1, 100)
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
