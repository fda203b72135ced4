import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dataprep.config import Mnist
from dataprep.errors import DataprepError
from dataprep.sources import Catalog
from dataprep.sources.mnist import open_source
from tests.sources.builders import decoded, idx, mnist_files, write

PACKED_IMAGES = "train-images-idx3-ubyte.gz"
IMAGES = np.arange(3 * 5 * 7).reshape(3, 5, 7)


def catalog(path: Path) -> Catalog:
    return open_source(Mnist(kind="mnist", path=str(path)))


def changed(folder: Path, name: str, data: bytes) -> Catalog:
    mnist_files(folder, "train", IMAGES, [7, 0, 7])
    write(folder / name, gzip.compress(data) if name.endswith(".gz") else data)
    return catalog(folder)


def test_published_names(tmp_path: Path) -> None:
    mnist_files(tmp_path, "train", IMAGES, [7, 0, 7])
    mnist_files(tmp_path, "t10k", 200 - IMAGES[:1], [9])
    write(tmp_path / "readme.txt", b"")
    found = catalog(tmp_path)
    assert found.entries.rows() == [
        ("train/7/00000.png", "7", "train"),
        ("train/0/00001.png", "0", "train"),
        ("train/7/00002.png", "7", "train"),
        ("test/9/00000.png", "9", "test"),
    ]
    assert (decoded(found.read(1)) == IMAGES[1]).all()
    assert (decoded(found.read(3)) == 200 - IMAGES[0]).all()
    assert found.read(1) == catalog(tmp_path).read(1)


@pytest.mark.parametrize("prefix", ["test", "t10k", "emnist-letters-test"])
def test_other_prefixes_without_gz(prefix: str, tmp_path: Path) -> None:
    mnist_files(tmp_path, prefix, IMAGES, [1, 2, 3], packed=False)
    assert catalog(tmp_path).entries["image_id"].to_list() == [f"test/{n + 1}/0000{n}.png" for n in range(3)]


def test_dots_in_names(tmp_path: Path) -> None:
    write(tmp_path / "train-images.idx3-ubyte", idx(IMAGES))
    write(tmp_path / "train-labels.idx1-ubyte", idx(np.array([1, 2, 3])))
    assert catalog(tmp_path).entries.height == 3


def test_the_packed_file_goes_before_its_unpacked_copy(tmp_path: Path) -> None:
    mnist_files(tmp_path, "train", IMAGES, [1, 1, 1], packed=False)
    mnist_files(tmp_path, "train", IMAGES, [2, 2, 2])
    assert catalog(tmp_path).entries["label"].unique().to_list() == ["2"]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (PACKED_IMAGES, b"", "no idx file of images: it starts with , not 00000803"),
        (PACKED_IMAGES, b"\0\0\x08\x03\0\0\0\x03", "no idx file of images"),
        (PACKED_IMAGES, b"\x89PNG" + bytes(30), "it starts with 89504e47, not 00000803"),
        ("train-labels-idx1-ubyte.gz", idx(IMAGES), "it starts with 00000803, not 00000801"),
        (PACKED_IMAGES, idx(IMAGES)[:-1], r"shape \(3, 5, 7\) has 121 bytes; this one has 120"),
        (PACKED_IMAGES, idx(IMAGES) + b"\0", r"has 121 bytes; this one has 122"),
        ("train-labels-idx1-ubyte.gz", idx(np.array([1, 2])), "there are 3 images and 2 labels"),
        (PACKED_IMAGES, idx(np.zeros((3, 0, 7))), r"the images have no pixels: shape \(3, 0, 7\)"),
        (PACKED_IMAGES, b"\0\0\x08\x03" + b"\xff" * 12, "has 79228162458924105385300197391 bytes"),
        ("digits-train-images-idx3-ubyte", idx(IMAGES), "'digits-train' and 'train' are of split 'train'"),
        ("t10k-labels-idx1-ubyte.gz", idx(np.array([1])), r"without its partner, .*: t10k-labels-idx1"),
    ],
)
def test_files_that_are_not_as_published(name: str, data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match=message):
        changed(tmp_path, name, data)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda data: data[:-9],
    "no gzip": lambda data: b"no gzip",
    "overwritten": lambda data: data[:20] + b"\xff" * 9 + data[29:],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_damaged_gzip(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    mnist_files(tmp_path, "train", IMAGES, [7, 0, 7])
    file = tmp_path / PACKED_IMAGES
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(DataprepError, match=rf"the file cannot be read.*\n  where: .*{PACKED_IMAGES}"):
        catalog(tmp_path)


def test_no_images(tmp_path: Path) -> None:
    mnist_files(tmp_path, "train", np.zeros((0, 5, 7)), [])
    with pytest.raises(DataprepError, match="the files hold no images"):
        catalog(tmp_path)


def test_wrong_places(tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match="the source folder is not there"):
        catalog(tmp_path / "none")
    with pytest.raises(DataprepError, match="the source is not a folder"):
        catalog(write(tmp_path / "a.gz", b""))
    with pytest.raises(DataprepError, match=r"the folder has no \*-images-idx3-ubyte.gz"):
        catalog(tmp_path)
