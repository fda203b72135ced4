"""Every source answers through the same interface."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from dataprep.config import Cifar, Digits, DigitsFaults, Folder, Mnist, TableFiles
from dataprep.schema import SKIPPED
from dataprep.sources import OPENERS, Catalog, open_source
from dataprep.sources.catalog import entries
from dataprep.sources.digits import write_digits
from tests.sources.builders import cifar10_members, cifar_archive, decoded, image_bytes, mnist_files, write

NO_FAULTS = dict.fromkeys(list(DigitsFaults.model_fields), 0)


def digits(path: Path) -> Digits:
    write_digits(path / "digits", DigitsFaults(**NO_FAULTS))
    return Digits(kind="digits", path=str(path / "digits"))


def folder(path: Path) -> Folder:
    write(path / "images/cat/a.png", image_bytes())
    return Folder(kind="folder", path=str(path / "images"))


def table(path: Path) -> TableFiles:
    write(path / "a.png", image_bytes())
    write(path / "list.csv", b"image,label\na.png,cat\n")
    return TableFiles(kind="table", path=str(path / "list.csv"))


def cifar(path: Path) -> Cifar:
    return Cifar(kind="cifar", path=str(cifar_archive(path / "c.tar.gz", cifar10_members())))


def mnist(path: Path) -> Mnist:
    mnist_files(path, "train", np.arange(24).reshape(2, 3, 4), [7, 1])
    return Mnist(kind="mnist", path=str(path))


MADE = {"digits": digits, "folder": folder, "table": table, "cifar": cifar, "mnist": mnist}


def test_every_kind_of_source_is_tried_here() -> None:
    assert MADE.keys() == OPENERS.keys()


@pytest.mark.parametrize("kind", MADE)
def test_a_source_lists_images_and_reads_them(kind: str, tmp_path: Path) -> None:
    catalog = open_source(MADE[kind](tmp_path))
    listed = catalog.entries
    assert listed.columns == ["image_id", "label", "split"]
    assert set(listed.dtypes) == {pl.String}
    assert listed["image_id"].n_unique() == listed.height > 0
    assert listed["image_id"].null_count() == listed["split"].null_count() == 0
    assert decoded(catalog.read(0)).ndim in (2, 3)
    assert decoded(catalog.read(listed.height - 1)).ndim in (2, 3)
    assert dict(catalog.skipped.schema) == SKIPPED.columns


def test_entries_are_text_even_when_empty() -> None:
    made: Any = entries([], [], [], {"amy": []})
    assert dict(made.schema) == dict.fromkeys(["image_id", "label", "split", "annotator:amy"], pl.String)


def test_nothing_is_skipped_by_default() -> None:
    assert Catalog(entries([], [], []), read=lambda row: b"").skipped.is_empty()
