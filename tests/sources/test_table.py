from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.config import TableFiles
from dataprep.errors import DataprepError
from dataprep.sources import Catalog, table
from tests.sources.builders import hugging_face, image_bytes, write


def catalog(path: Path, **settings_: Any) -> Catalog:
    return table.open_source(TableFiles(kind="table", path=str(path), **settings_))


def images(*names: str | None) -> list[dict[str, Any]]:
    return [{"bytes": image_bytes(level), "path": name} for level, name in enumerate(names)]


def csv(folder: Path, text: str, name: str = "list.csv") -> Path:
    return write(folder / name, text.encode())


def parquet(folder: Path, name: str = "list.parquet", **columns: Any) -> Path:
    pl.DataFrame(columns).write_parquet(folder / name)
    return folder / name


def labels(found: Catalog) -> list[str | None]:
    return found.entries["label"].to_list()


def ids(found: Catalog) -> list[str]:
    return found.entries["image_id"].to_list()


def test_csv_with_paths(tmp_path: Path) -> None:
    elsewhere = write(tmp_path / "elsewhere/c.png", image_bytes(3))
    write(tmp_path / "data/a b.png", image_bytes(1))
    write(tmp_path / 'data/sub/it\'s, "é".webp', image_bytes(2, "WEBP"))
    file = csv(
        tmp_path / "data",
        f'split,label,image\ntrain,007,a b.png\n"test","a ""b""","sub/it\'s, ""é"".webp"\ntrain,NA,{elsewhere}\n',
    )
    found = catalog(file, split="split")
    assert found.entries.rows() == [
        ("a b.png", "007", "train"),
        ('sub/it\'s, "é".webp', 'a "b"', "test"),
        (str(elsewhere), "NA", "train"),
    ]
    assert [found.read(row) for row in range(3)] == [image_bytes(1), image_bytes(2, "WEBP"), image_bytes(3)]


def test_csv_from_a_spreadsheet(tmp_path: Path) -> None:
    write(tmp_path / "list.csv", b'\xef\xbb\xbfimage,label\r\na.png,1\r\n\r\nb.png,\r\nc.png,""\r\n\r\n')
    found = catalog(tmp_path / "list.csv")
    assert ids(found) == ["a.png", "b.png", "c.png"]
    assert labels(found) == ["1", None, None]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=1, max_size=5))
def test_csv_labels_stay_as_written(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("csv")
    names = [f"{row}.png" for row in range(len(texts))]
    pl.DataFrame({"image": names, "label": texts}).write_csv(folder / "a.csv", quote_style="always")
    assert labels(catalog(folder / "a.csv")) == [text or None for text in texts]


def test_hugging_face_class_labels_in_several_files(tmp_path: Path) -> None:
    names = ["cat", "dog", "red fox"]
    hugging_face(
        tmp_path / "train.parquet",
        {
            "image": images("train/0.png", "train/1.png", "train/2.png"),
            "worse": [2, None, -1],
            "clean": [0, 1, 2],
            "amy": [1, None, 0],
            "split": ["train"] * 3,
        },
        {"worse": names, "clean": names, "amy": names},
    )
    hugging_face(
        tmp_path / "test.parquet",
        {"image": images("test/0.png"), "clean": [1], "split": ["test"]},
        {"clean": names},
    )
    found = catalog(
        tmp_path,
        files=("train.parquet", "test.parquet"),
        label="worse,clean",
        split="split",
        annotators=("amy", "amy"),
    )
    assert found.entries.columns == ["image_id", "label", "split", "annotator:amy"]
    assert found.entries.rows() == [
        ("train/0.png", "red fox", "train", "dog"),
        ("train/1.png", "dog", "train", None),
        ("train/2.png", "red fox", "train", "cat"),
        ("test/0.png", "dog", "test", None),
    ]
    assert [found.read(row) for row in range(4)] == [image_bytes(level) for level in (0, 1, 2, 0)]


def test_brackets_in_a_file_name_are_no_pattern(tmp_path: Path) -> None:
    assert ids(catalog(csv(tmp_path, "image,label\nx.png,1\n", "part[1] *.csv"))) == ["x.png"]


def test_a_comma_may_be_part_of_a_column_name(tmp_path: Path) -> None:
    file = csv(tmp_path, 'image,"a,b",a,b\nx.png,1,2,3\n')
    assert labels(catalog(file, label="a,b")) == ["1"]
    assert labels(catalog(file, label="b, a")) == ["3"]


@pytest.mark.parametrize("held", [2**30, 0], ids=["all files held", "one file held"])
def test_files_are_read_in_any_order(held: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "HELD_BYTES", held)
    parquet(tmp_path, "a.parquet", image=[b"a0", b"a1"], label=["x", "y"])
    parquet(tmp_path, "b.parquet", image=pl.Series([], dtype=pl.Binary), label=pl.Series([], dtype=pl.String))
    parquet(tmp_path, "c[1].parquet", image=[b"c0", None, b"c2"], label=["x", "y", "z"])
    found = catalog(tmp_path)
    assert [found.read(row) for row in (4, 0, 2, 1)] == [b"c2", b"a0", b"c0", b"a1"]
    with pytest.raises(OSError, match="neither bytes nor a path in this row"):
        found.read(3)


def test_rows_without_path_are_numbered_by_file(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    parquet(tmp_path, "train/0000.parquet", image=images(None, "", "kept.png"), label=[1, 2, 3])
    parquet(tmp_path, "test.parquet", image=[b"a"], label=[1])
    found = catalog(tmp_path, files=("train/0000.parquet", "test.parquet"))
    assert ids(found) == ["train/0000/000000", "train/0000/000001", "kept.png", "test/000000"]


def test_null_bytes_are_read_from_the_path(tmp_path: Path) -> None:
    write(tmp_path / "on disk.png", b"from disk")
    rows = [{"bytes": b"embedded", "path": "on disk too.png"}, {"bytes": None, "path": "on disk.png"}, None]
    found = catalog(parquet(tmp_path, image=rows, label=["a", "b", "c"]))
    assert [found.read(0), found.read(1)] == [b"embedded", b"from disk"]
    with pytest.raises(OSError, match="neither bytes nor a path"):
        found.read(2)


def test_paths_that_lead_nowhere_raise_oserror(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    found = catalog(parquet(tmp_path, image=["gone.png", "folder", "a\0b", None], label=[1, 2, 3, 4]))
    for row in range(4):
        with pytest.raises(OSError):
            found.read(row)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3, -1, None], ["3", "-1", None]),
        ([True, False, None], ["true", "false", None]),
        (["007", "", None], ["007", None, None]),
        ([3.0, float("nan"), None], ["3", None, None]),
        (pl.Series(["a", "b", None], dtype=pl.Categorical), ["a", "b", None]),
        (pl.Series(["a", "b", None], dtype=pl.Enum(["b", "a"])), ["a", "b", None]),
        (pl.Series([200, 1, None], dtype=pl.UInt8), ["200", "1", None]),
        (pl.Series([None] * 3, dtype=pl.Null), [None] * 3),
    ],
)
def test_label_dtypes(values: Any, expected: list[str | None], tmp_path: Path) -> None:
    assert labels(catalog(parquet(tmp_path, image=["a", "b", "c"], label=values))) == expected


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, 2.5], r"column 'label' holds 2.5, which is no class"),
        ([1.0, float("inf")], r"column 'label' holds inf"),
        ([[1], [2]], r"column 'label' is List\(Int64\); labels, splits and annotators are text"),
        ([b"a", b"b"], r"column 'label' is Binary"),
    ],
)
def test_labels_that_are_no_classes(values: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match=message):
        catalog(parquet(tmp_path, image=["a", "b"], label=values))


def test_a_class_without_a_name(tmp_path: Path) -> None:
    file = hugging_face(tmp_path / "a.parquet", {"image": ["a", "b"], "label": [0, 2]}, {"label": ["x", "y"]})
    with pytest.raises(DataprepError, match="column 'label' has 2 in row 2; the file names 2 classes"):
        catalog(file)


@pytest.mark.parametrize("metadata", ["not JSON", "[]", '{"info": null}', '{"info": {"features": {"label": 3}}}'])
def test_foreign_metadata_names_no_classes(metadata: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"image": ["a"], "label": [4]})
    frame.write_parquet(tmp_path / "a.parquet", metadata={"huggingface": metadata})
    assert labels(catalog(tmp_path / "a.parquet")) == ["4"]


def test_the_same_id_twice_names_the_ids_and_files(tmp_path: Path) -> None:
    csv(tmp_path, "image,label\na.png,1\nb.png,1\nb.png,2\n", "one.csv")
    csv(tmp_path, "image,label\na.png,1\nc.png,2\n", "two.csv")
    message = r"2 images come twice: a\.png \(in one\.csv, two\.csv\), b\.png \(in one\.csv\)\n"
    with pytest.raises(DataprepError, match=message):
        catalog(tmp_path)


@pytest.mark.parametrize(
    ("changed", "key", "message"),
    [
        ({"image": "imag"}, "image", "no column 'imag'; the columns are image, label, split, amy"),
        ({"label": "lable"}, "label", r"no column 'lable'(.|\n)*did you mean 'label'\? set source"),
        ({"label": "label,gold"}, "label", "no column 'gold'"),
        ({"label": "gold,silver"}, "label", "no column 'gold'"),
        ({"split": "spilt"}, "split", r"no column 'spilt'(.|\n)*did you mean 'split'\?"),
        ({"annotators": ("amy", "bob")}, "annotators", "no column 'bob'; the columns are image, label"),
    ],
)
def test_missing_columns(changed: dict[str, Any], key: str, message: str, tmp_path: Path) -> None:
    csv(tmp_path, "image,label,split,amy\na.png,1,train,1\n", "one.csv")
    csv(tmp_path, "image,label,split\nb.png,1,train\n", "two.csv")
    with pytest.raises(DataprepError, match=message) as raised:
        catalog(tmp_path, **changed)
    assert "one.csv" in raised.value.where
    assert raised.value.where.endswith(f"params.yaml, source.{key}")


def test_each_file_needs_a_label_column_and_the_error_names_the_file_without(tmp_path: Path) -> None:
    csv(tmp_path, "image,label\na.png,1\n", "one.csv")
    csv(tmp_path, "image,other\nb.png,1\n", "two.csv")
    with pytest.raises(DataprepError, match="no column 'label'; the columns are image, other") as raised:
        catalog(tmp_path)
    assert "two.csv" in raised.value.where


@pytest.mark.parametrize(("mark", "word"), [(";", "semicolons"), ("\t", "tabs")])
def test_other_separators_are_recognized(mark: str, word: str, tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match=f"separated by {word}: write the file with commas"):
        catalog(csv(tmp_path, f"image{mark}label\na.png{mark}1\n"))


@pytest.mark.parametrize("empty", ["", '""'])
def test_an_empty_split_names_its_row(empty: str, tmp_path: Path) -> None:
    file = csv(tmp_path, f"image,label,split\na.png,1,train\nb.png,2,{empty}\n")
    with pytest.raises(DataprepError, match="the split column 'split' is empty in row 2\n"):
        catalog(file, split="split")


@pytest.mark.parametrize(
    "values",
    [[1, 2], [{"bytes": "text", "path": "a"}] * 2, [{"url": "a"}] * 2, [{"path": "a"}] * 2],
)
def test_image_columns_of_another_kind(values: Any, tmp_path: Path) -> None:
    message = r"the image column 'image' is (Int64|Struct)(.|\n)*struct\{bytes, path\}"
    with pytest.raises(DataprepError, match=message):
        catalog(parquet(tmp_path, image=values, label=[1, 2]))


@pytest.mark.parametrize("kept", [0, 3, 40, -1])
def test_truncated_parquet(kept: int, tmp_path: Path) -> None:
    file = parquet(tmp_path, image=["a", "b"], label=[1, 2])
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(DataprepError, match=r"the table cannot be read(.|\n)*where: .*list\.parquet"):
        catalog(file)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8))
def test_damaged_parquet_never_crashes(tmp_path_factory: pytest.TempPathFactory, places: list[int]) -> None:
    file = parquet(tmp_path_factory.mktemp("damaged"), image=images("a.png", "b.png"), label=["cat", "dog"])
    data = bytearray(file.read_bytes())
    for place in places:
        data[place % len(data)] ^= 0xFF
    file.write_bytes(data)
    try:
        found = catalog(file)
        assert found.entries.height
        found.read(0)
    except (DataprepError, OSError) as error:
        assert str(error)


@pytest.mark.parametrize(
    "data",
    [b"", b"image,label\na.png,1,2\n", b"image,label\n\xe9.png,1\n"],
    ids=["empty", "ragged", "latin-1"],
)
def test_csv_that_cannot_be_read(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match=r"the table cannot be read(.|\n)*CSV is UTF-8 text with commas"):
        catalog(write(tmp_path / "list.csv", data))


def test_a_table_that_is_damaged_after_it_was_opened(tmp_path: Path) -> None:
    file = parquet(tmp_path, image=[b"a"], label=[1])
    found = catalog(file)
    file.write_bytes(b"")
    with pytest.raises(DataprepError, match="the table cannot be read"):
        found.read(0)


def test_wrong_places(tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match="the source table is not there"):
        catalog(tmp_path / "none.csv")
    with pytest.raises(DataprepError, match=r"there is no \.parquet or \.csv file; the folder is empty"):
        catalog(tmp_path)
    write(tmp_path / "list.tsv", b"image\tlabel\n")
    with pytest.raises(DataprepError, match=r"no \.parquet or \.csv file; the folder has list\.tsv"):
        catalog(tmp_path)
    with pytest.raises(DataprepError, match=r"the table is neither \.parquet nor \.csv"):
        catalog(tmp_path / "list.tsv")
    with pytest.raises(DataprepError, match=r"the table is not there\n  where: .*gone.csv"):
        catalog(tmp_path, files=("gone.csv",))
    with pytest.raises(DataprepError, match=r"source.files is set, but source.path is a file"):
        catalog(csv(tmp_path, "image,label\n"), files=("a.csv",))
    with pytest.raises(DataprepError, match="the table has no rows"):
        catalog(csv(tmp_path, "image,label\n"))


def test_hidden_files_and_other_files_in_the_folder_are_left_out(tmp_path: Path) -> None:
    csv(tmp_path, "image,label\na.png,1\n", "B.CSV")
    csv(tmp_path, "garbage", "._B.csv")
    csv(tmp_path, "notes", "notes.txt")
    assert ids(catalog(tmp_path)) == ["a.png"]
