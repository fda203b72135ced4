"""Columns of numbers as text in a page: bytes by significance, deflated, base64."""

import base64
import json
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

MANTISSA = 12  # bits that `rounded` keeps
WHOLE = 23  # bits of float32's mantissa
LEVEL = 9


def rounded(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return float32 whose mantissa has only its first MANTISSA bits, which deflates to half.

    The relative error is at most 2^-13, about 0.00012: the third digit that people see stays, and a sorted column stays
    sorted, as nearest rounding is monotone. NaN stays NaN.
    """
    bits = np.asarray(values, np.float32).view(np.uint32)
    dropped = WHOLE - MANTISSA
    kept = (bits + np.uint32(1 << (dropped - 1))) & np.uint32(0xFFFFFFFF << dropped & 0xFFFFFFFF)
    return np.where(np.isnan(values), np.float32(np.nan), kept.view(np.float32))


def planes(values: NDArray[Any]) -> bytes:
    """Return the bytes of an array of numbers of 1 or 4 bytes, little-endian: all lowest bytes first, highest last.

    Bytes of one significance are alike, so that they deflate further than whole numbers would.
    """
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    return little.view(np.uint8).reshape(-1, little.itemsize).T.tobytes()


def pack(header: dict[str, Any], columns: Sequence[NDArray[Any]]) -> str:
    """Return header and columns as base64 of a zlib stream, for the page's `unpack`.

    Within: the header's length in bytes (4, little-endian), the header as ASCII JSON, the `planes` of each column. The
    header must tell the page the number of rows, and types and order of the columns.
    """
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    raw = b"".join([struct.pack("<I", len(text)), text, *(planes(column) for column in columns)])
    return base64.b64encode(zlib.compress(raw, LEVEL)).decode("ascii")
