"""Which image files are so plain that any correct decoder gives their pixels: no metadata changes what is seen."""

from functools import lru_cache

JPEG = b"\xff\xd8\xff"
PNG = b"\x89PNG\r\n\x1a\n"
PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"

START_OF_SCAN = 0xDA
SCAN = b"\xff\xda"
SCAN_BYTES = 8  # the least that follows
HEAD_BYTES = 4096  # longer heads are not kept
FRAMES = {0xC0, 0xC2}  # baseline and progressive, Huffman-coded
TABLES = {0xC4, 0xDB, 0xDD, 0xFE}  # Huffman and quantization tables, restart intervals, comments
CHUNKS = {b"IDAT", b"pHYs", b"sRGB"}
COLOR_TYPES = {0, 2, 6}  # gray, RGB, RGBA


def plain_jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height), px, of a JPEG file of 8-bit gray or color with nothing but tables, JFIF and a profile.

    Exif (which may turn the picture), Adobe's marker (which may mean CMYK), several pictures in one file and what
    is unknown give None, and so does a file that is no JPEG. Source: ITU-T T.81, annex B.
    """
    if data[:3] != JPEG:
        return None
    # The first such bytes may stand in a table or profile; then what is before them has no end, and no size is found.
    end = data.find(SCAN) + SCAN_BYTES
    return _frame_size(data[:end]) if end <= HEAD_BYTES else _frame_size.__wrapped__(data[:end])


@lru_cache(maxsize=256)  # the files of a data set often have one head
def _frame_size(data: bytes) -> tuple[int, int] | None:
    size = None
    at = 2
    while at + SCAN_BYTES <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], data[at + 2] << 8 | data[at + 3]
        if marker == START_OF_SCAN:
            return size
        if marker in FRAMES:
            height, width = data[at + 5] << 8 | data[at + 6], data[at + 7] << 8 | data[at + 8]
            if size is not None or data[at + 4] != 8 or data[at + 9] not in (1, 3) or not height * width:
                return None
            size = width, height
        elif marker not in TABLES and not _harmless(data, at, marker, length):
            return None
        at += 2 + length
    return None


def _harmless(data: bytes, at: int, marker: int, length: int) -> bool:
    if marker == 0xE0:
        return length >= 16 and data[at + 4 : at + 9] == b"JFIF\0"
    return marker == 0xE2 and length >= 18 and data[at + 4 : at + 16] == b"ICC_PROFILE\0"


def plain_png_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height), px, of a whole PNG file of 8-bit gray, RGB or RGBA, not interlaced, without metadata.

    Anything more (palettes, transparent colors, gamma, profiles, text, Exif, animation) gives None, and so does a file
    that is no PNG or lacks its end. Source: W3C, PNG specification, third edition.
    """
    if data[:8] != PNG or data[-12:] != PNG_END or data[8:16] != b"\x00\x00\x00\x0dIHDR":
        return None
    depth, color, *methods = data[24:29]
    if depth != 8 or color not in COLOR_TYPES or any(methods):
        return None
    at = 33
    while at < len(data) - 12:
        if data[at + 4 : at + 8] not in CHUNKS:
            return None
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    if at != len(data) - 12:
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
