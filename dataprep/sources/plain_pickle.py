"""Read a pickle that holds nothing but containers, text, numbers and uint8 arrays.

Unpickling runs whatever code the file names. Here nothing of the file is run or imported: the few names
that NumPy arrays and Python 2 text need stand for the inert classes below, every other name is refused,
and the arrays are made afterwards from checked shapes, dtypes and lengths.
"""

import math
import pickle
from io import BytesIO
from typing import Any

import numpy as np

from dataprep.errors import DataprepError


def read_pickle(data: bytes, where: str) -> Any:
    """Return the object in the pickle `data`; Python 2 text comes as bytes, arrays as uint8 ndarrays.

    Raises DataprepError, naming `where`, for any other class or function, an array of another dtype,
    and bytes that are no whole pickle.
    """
    try:
        return _arrays(_Reader(BytesIO(data), encoding="bytes").load())
    except DataprepError as error:
        raise DataprepError(error.what, where=where, remedy=error.remedy) from None
    except Exception as error:  # a broken pickle raises almost anything
        raise _refused(f"the pickle is broken: {type(error).__name__}: {error}", where) from error


class _Dtype:
    def __init__(self, code: Any, *_: Any) -> None:
        self.code = code.decode("ascii") if isinstance(code, bytes) else str(code)

    def __setstate__(self, state: Any) -> None:
        """Byte order and flags: without meaning for single bytes."""


class _Array:
    state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state


class _Ndarray:
    """What the name numpy.ndarray stands for: only ever an argument of _reconstruct."""


def _reconstruct(*_: Any) -> _Array:
    return _Array()


def _encode(text: str, encoding: str | bytes = "latin1") -> bytes:
    if encoding not in ("latin1", b"latin1"):
        raise ValueError(f"text in the encoding {encoding!r}")
    return text.encode("latin1")


KNOWN = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): _Ndarray,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _encode,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in KNOWN:
            raise _refused(f"the pickle wants to run {module}.{name}", "")
        return KNOWN[module, name]


def _arrays(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _arrays(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_arrays(item) for item in value)
    return _array(value.state) if isinstance(value, _Array) else value


def _array(state: tuple[Any, ...]) -> np.ndarray:
    _, shape, dtype, fortran, raw = state
    if not isinstance(dtype, _Dtype) or dtype.code not in ("u1", "uint8"):
        raise _refused(f"the pickle holds an array of dtype {getattr(dtype, 'code', dtype)}, not uint8", "")
    if not isinstance(raw, bytes) or len(raw) != math.prod(shape):
        raise ValueError(f"an array of shape {shape} whose bytes do not fill it")
    return np.frombuffer(raw, np.uint8).reshape(shape, order="F" if fortran else "C")


def _refused(what: str, where: str) -> DataprepError:
    return DataprepError(what, where=where, remedy="fetch the published archive again; do not trust this one")
