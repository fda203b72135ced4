"""Small files of every kind of source, made on the fly."""

import gzip
import io
import json
import pickle
import struct
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

CIFAR10_MEMBERS = [f"data_batch_{n}" for n in range(1, 6)] + ["test_batch"]


def image_bytes(level: int = 0, suffix: str = "PNG") -> bytes:
    """A file of 5x3 px, all of one gray level."""
    stream = io.BytesIO()
    Image.new("RGB", (5, 3), (level, level, level)).save(stream, suffix)
    return stream.getvalue()


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def decoded(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


def hugging_face(path: Path, columns: dict[str, Any], class_labels: dict[str, list[str]]) -> Path:
    """Parquet with the metadata that the `datasets` library writes."""
    features = {name: {"names": names, "_type": "ClassLabel"} for name, names in class_labels.items()}
    metadata = {"huggingface": json.dumps({"info": {"features": {"image": {"_type": "Image"}, **features}}})}
    pl.DataFrame(columns).write_parquet(path, metadata=metadata)
    return path


class Python2Pickle:
    """Writes the opcodes that Python 2's cPickle writes at protocol 2: its text is bytes."""

    def __init__(self, multiarray: str = "numpy.core.multiarray") -> None:
        self.multiarray = multiarray

    def dumps(self, value: Any) -> bytes:
        return pickle.PROTO + b"\x02" + self._item(value) + pickle.STOP

    def _item(self, value: Any) -> bytes:
        match value:
            case np.ndarray():
                return self._array(value)
            case dict():
                pairs = b"".join(self._item(k) + self._item(v) for k, v in value.items())
                return pickle.EMPTY_DICT + pickle.MARK + pairs + pickle.SETITEMS
            case list():
                return pickle.EMPTY_LIST + pickle.MARK + b"".join(map(self._item, value)) + pickle.APPENDS
            case bytes():
                return pickle.BINSTRING + struct.pack("<i", len(value)) + value
            case _:
                return pickle.dumps(value, 2)[2:-1]

    def _array(self, array: np.ndarray) -> bytes:
        code = array.dtype.str[1:].encode()
        ndarray = self._global("numpy", "ndarray")
        reconstruct = self._call(self.multiarray, "_reconstruct", ndarray, (0,), b"b")
        dtype = self._call("numpy", "dtype", self._item(code), 0, 1)
        order = (3, b"|", None, None, None, -1, -1, 0)
        dtype += self._tuple(*map(self._item, order)) + pickle.BUILD
        content: Any = array.tolist() if array.dtype == object else array.tobytes("A")
        state = self._tuple(
            self._item(1),
            self._item(array.shape),
            dtype,
            self._item(not array.flags.c_contiguous),
            self._item(content),
        )
        return reconstruct + state + pickle.BUILD

    def _call(self, module: str, name: str, first: bytes, *rest: Any) -> bytes:
        arguments = self._tuple(first, *map(self._item, rest))
        return self._global(module, name) + arguments + pickle.REDUCE

    @staticmethod
    def _global(module: str, name: str) -> bytes:
        return pickle.GLOBAL + f"{module}\n{name}\n".encode()

    @staticmethod
    def _tuple(*items: bytes) -> bytes:
        return pickle.MARK + b"".join(items) + pickle.TUPLE


def cifar_batch(seed: int, labels: list[int], key: bytes = b"labels", **extra: Any) -> dict[bytes, Any]:
    data = np.random.default_rng(seed).integers(0, 256, (len(labels), 3072), np.uint8)
    names = [f"thing_s_{seed:03d}{row:03d}.png".encode() for row in range(len(labels))]
    batch = {b"batch_label": b"a batch", key: labels, b"data": data, b"filenames": names}
    return batch | {name.encode(): value for name, value in extra.items()}


def cifar10_members(**changed: Any) -> dict[str, Any]:
    members: dict[str, Any] = {name: cifar_batch(seed, [seed % 3, 2, 0]) for seed, name in enumerate(CIFAR10_MEMBERS)}
    members["batches.meta"] = {b"num_vis": 3072, b"label_names": [b"cat", b"dog", b"red fox"]}
    return {name: value for name, value in (members | changed).items() if value is not None}


def cifar_archive(path: Path, members: dict[str, Any], multiarray: str = "numpy.core.multiarray") -> Path:
    """A tar.gz of pickles; members that are bytes already go in as they are."""
    dumps = Python2Pickle(multiarray).dumps
    with tarfile.open(path, "w:gz") as tar:
        for name, value in members.items():
            data = value if isinstance(value, bytes) else dumps(value)
            info = tarfile.TarInfo(f"cifar-batches-py/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + b"".join(struct.pack(">I", size) for size in array.shape)
    return header + array.astype(np.uint8).tobytes()


def mnist_files(folder: Path, prefix: str, images: np.ndarray, labels: list[int], packed: bool = True) -> None:
    suffix = ".gz" if packed else ""
    contents = (("images-idx3", idx(images)), ("labels-idx1", idx(np.array(labels, np.uint8))))
    for name, data in contents:
        write(folder / f"{prefix}-{name}-ubyte{suffix}", gzip.compress(data, mtime=0) if packed else data)
