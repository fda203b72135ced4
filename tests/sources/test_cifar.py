import os
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.config import Cifar
from dataprep.errors import DataprepError
from dataprep.sources import Catalog
from dataprep.sources.cifar import open_source
from dataprep.sources.plain_pickle import read_pickle
from tests.sources.builders import (
    CIFAR10_MEMBERS,
    Python2Pickle,
    cifar10_members,
    cifar_archive,
    cifar_batch,
    decoded,
    write,
)


def catalog(path: Path) -> Catalog:
    return open_source(Cifar(kind="cifar", path=str(path)))


def broken(folder: Path, **changed: Any) -> Catalog:
    return catalog(cifar_archive(folder / "c.tar.gz", cifar10_members(**changed)))


@pytest.mark.parametrize("multiarray", ["numpy.core.multiarray", "numpy._core.multiarray"])
def test_cifar10(multiarray: str, tmp_path: Path) -> None:
    members = cifar10_members()
    cifar_archive(tmp_path / "cifar-10-python.tar.gz", members, multiarray)
    found = catalog(tmp_path)
    assert found.entries.height == 18
    assert found.entries.row(0) == ("train/cat/thing_s_000000.png", "cat", "train")
    assert found.entries.row(4) == ("train/red fox/thing_s_001001.png", "red fox", "train")
    assert found.entries["split"].to_list() == ["train"] * 15 + ["test"] * 3
    for row in (0, 4, 17):
        flat = members[CIFAR10_MEMBERS[row // 3]][b"data"][row % 3]
        shown = decoded(found.read(row))
        assert (shown[:, :, 0] == flat[:1024].reshape(32, 32)).all()
        assert (shown[:, :, 2] == flat[2048:].reshape(32, 32)).all()


def test_cifar100_gives_its_fine_classes(tmp_path: Path) -> None:
    members = {
        "train": cifar_batch(1, [1, 0], b"fine_labels", coarse_labels=[0, 0]),
        "test": cifar_batch(2, [1], b"fine_labels", coarse_labels=[0]),
        "meta": {b"fine_label_names": [b"apple", b"bear"], b"coarse_label_names": [b"fruit"]},
    }
    found = catalog(cifar_archive(tmp_path / "any name.tgz", members))
    assert found.entries.rows() == [
        ("train/bear/thing_s_001000.png", "bear", "train"),
        ("train/apple/thing_s_001001.png", "apple", "train"),
        ("test/bear/thing_s_002000.png", "bear", "test"),
    ]


def test_without_file_names_images_are_numbered_over_the_split(tmp_path: Path) -> None:
    changed = cifar10_members()
    for name in CIFAR10_MEMBERS:
        del changed[name][b"filenames"]
    found = broken(tmp_path, **changed)
    assert found.entries["image_id"][4] == "train/red fox/00004.png"
    assert found.entries["image_id"][15] == "test/red fox/00000.png"


def test_images_with_one_file_name_are_told_apart(tmp_path: Path) -> None:
    batch = cifar_batch(1, [0, 0, 1]) | {b"filenames": [b"a.png", b"a.png", b"a.png"]}
    found = broken(tmp_path, data_batch_1=batch).entries["image_id"].to_list()
    assert found[:3] == ["train/cat/a-00000.png", "train/cat/a-00001.png", "train/dog/a.png"]


def test_the_same_archive_gives_the_same_bytes(tmp_path: Path) -> None:
    archive = cifar_archive(tmp_path / "c.tar.gz", cifar10_members())
    assert catalog(archive).read(3) == catalog(archive).read(3)


class Malicious:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def test_code_in_a_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "it ran"
    for function in (os.system, os.mkdir):
        command = f"touch '{trace}'" if function is os.system else str(trace)
        name = f"{function.__module__}.{function.__name__}"
        with pytest.raises(DataprepError, match=re.escape(f"wants to run {name}")) as raised:
            broken(tmp_path, data_batch_3=pickle.dumps({b"data": Malicious(function, command)}, 2))
        assert raised.value.where.endswith("c.tar.gz, data_batch_3")
        assert "do not trust this one" in raised.value.remedy
    assert not trace.exists()


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (Malicious(eval, "1"), "__builtin__.eval"),
        (Malicious(getattr, "a", "b"), "__builtin__.getattr"),
        (Path("a"), "pathlib"),
        (np.float64(1.5), "numpy._core.multiarray.scalar"),
        (pickle.Unpickler, "pickle.Unpickler"),
    ],
)
def test_every_other_name_is_refused(value: Any, name: str) -> None:
    with pytest.raises(DataprepError, match=re.escape(f"wants to run {name}")):
        read_pickle(pickle.dumps({b"a": [value]}, 2), "here")


def test_persistent_ids_and_extensions_are_refused() -> None:
    for data in (b"Pid\n.", b"\x80\x02\x82\x01."):
        with pytest.raises(DataprepError, match="the pickle is broken"):
            read_pickle(data, "here")


@pytest.mark.parametrize("dtype", [object, np.float32, np.int8, ">u2"])
def test_arrays_of_other_dtypes_are_refused(dtype: Any) -> None:
    data = Python2Pickle().dumps({b"data": np.zeros((2, 3), dtype)})
    with pytest.raises(DataprepError, match=r"an array of dtype (O|f|i|u)\d*, not uint8"):
        read_pickle(data, "here")


def test_arrays_of_either_memory_order_and_writer() -> None:
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    fortran = np.asfortranarray(array)
    for data in (Python2Pickle().dumps([array, fortran]), pickle.dumps([array, fortran], 2)):
        for read in read_pickle(data, "here"):
            assert read.dtype == np.uint8 and (read == array).all()


def test_a_container_within_itself_is_refused() -> None:
    with pytest.raises(DataprepError, match="the pickle is broken: RecursionError"):
        read_pickle(b"\x80\x02]q\x00h\x00a.", "here")


def test_an_array_that_lies_about_its_shape_is_refused() -> None:
    data = Python2Pickle().dumps({b"a": np.zeros((2, 3), np.uint8)})
    shape = pickle.dumps((2, 3), 2)[2:-1]
    assert shape in data
    for lie in ((2, 4), (10**12,), (-1, 3)):
        with pytest.raises(DataprepError, match="the pickle is broken"):
            read_pickle(data.replace(shape, pickle.dumps(lie, 2)[2:-1]), "here")


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_give_plain_values_or_an_error(data: bytes) -> None:
    try:
        read_pickle(data, "here")
    except DataprepError as error:
        assert error.where == "here"


@settings(deadline=None)
@given(st.integers(1, 4000), st.integers(0, 255))
def test_a_damaged_pickle_never_crashes(place: int, value: int) -> None:
    data = bytearray(Python2Pickle().dumps(cifar_batch(0, [0])))
    data[place % len(data)] = value
    try:
        read_pickle(bytes(data), "here")
    except DataprepError as error:
        assert error.where == "here"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({b"data": np.zeros((3, 3000), np.uint8)}, r"'data' is not an array of .* shape \(N, 3072\)"),
        ({b"data": np.zeros((3072,), np.uint8)}, "'data' is not an array of images"),
        ({b"data": [1, 2, 3]}, "'data' is not an array of images"),
        ({b"labels": [0, 1]}, "'labels' is not a list of 3 labels"),
        ({b"labels": None}, "'labels' is not a list of 3 labels"),
        ({b"labels": [0, 1, 3]}, "label 3 is none of the 3 classes"),
        ({b"labels": [0, 1, -1]}, "label -1 is none of the 3 classes"),
        ({b"labels": [0, 1, b"2"]}, "label b'2' is none of the 3 classes"),
        ({b"filenames": [b"a", b"b"]}, "there are 2 file names for 3 images"),
        ({b"filenames": [1, 2, 3]}, "'filenames' is not a list of names"),
    ],
)
def test_batches_that_are_not_as_published(change: dict[bytes, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match=message) as raised:
        broken(tmp_path, test_batch=cifar_batch(0, [0, 1, 2]) | change)
    assert raised.value.where.endswith("c.tar.gz, test_batch")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"data_batch_2": None, "test_batch": None}, "the archive lacks data_batch_2, test_batch"),
        ({"batches.meta": None}, "the archive lacks batches.meta"),
        ({"batches.meta": {b"num_vis": 3072}}, "'label_names' is not a list of names"),
        ({"batches.meta": [b"cat"]}, "'label_names' is not a list of names"),
        ({"data_batch_1": [1]}, "'data' is not an array of images"),
        ({"data_batch_1": b"\x80\x02}"}, "the pickle is broken: EOFError"),
    ],
)
def test_archives_that_are_not_as_published(changed: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match=message):
        broken(tmp_path, **changed)


@pytest.mark.parametrize("kept", [0, 50, -100])
def test_a_truncated_archive(kept: int, tmp_path: Path) -> None:
    archive = cifar_archive(tmp_path / "c.tar.gz", cifar10_members())
    archive.write_bytes(archive.read_bytes()[:kept])
    with pytest.raises(DataprepError, match="the archive cannot be read"):
        catalog(archive)


def test_wrong_places(tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match="the CIFAR archive is not there"):
        catalog(tmp_path / "none.tar.gz")
    with pytest.raises(DataprepError, match=r"the folder has no cifar-10-python\.tar\.gz or"):
        catalog(tmp_path)
    for name in ("cifar-10-python.tar.gz", "cifar-100-python.tar.gz"):
        write(tmp_path / name, b"")
    with pytest.raises(DataprepError, match="the folder has both CIFAR archives"):
        catalog(tmp_path)
    with pytest.raises(DataprepError, match="the archive cannot be read"):
        catalog(write(tmp_path / "a.zip", b"PK no archive"))
