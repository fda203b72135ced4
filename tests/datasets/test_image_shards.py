from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.datasets.image_shards import cut, features, file_name, places, write_parquet
from tests.datasets.builders import picture

ROWS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 9)), max_size=30)


def table(rows: list[tuple[str, int]]) -> pl.DataFrame:
    split, sizes = zip(*rows, strict=True) if rows else ((), ())
    return pl.DataFrame(
        {"number": range(len(rows)), "split": split, "bytes": sizes},
        schema={"number": pl.Int64, "split": pl.String, "bytes": pl.Int64},
    )


@settings(deadline=None)
@given(ROWS, st.integers(1, 7), st.integers(1, 7), st.integers(1, 5), st.integers(3, 20))
def test_shards_do_not_depend_on_batches_and_lose_nothing(
    rows: list[tuple[str, int]], one: int, other: int, most_rows: int, most_bytes: int
) -> None:
    whole = table(rows)
    cuts = []
    for batch in (one, other):
        shards = [
            (name, part["number"].to_list()) for name, part in cut(whole.iter_slices(batch), most_rows, most_bytes)
        ]
        cuts.append({name: [numbers for split, numbers in shards if split == name] for name, _ in shards})
    assert cuts[0] == cuts[1]
    for name, shards in cuts[0].items():
        assert [number for numbers in shards for number in numbers] == whole.filter(split=name)["number"].to_list()
        for place, numbers in enumerate(shards):
            size = sum(rows[number][1] for number in numbers)
            assert 1 <= len(numbers) <= most_rows
            assert size <= most_bytes or len(numbers) == 1
            if place + 1 < len(shards):
                following = rows[shards[place + 1][0]][1]
                assert len(numbers) == most_rows or size + following > most_bytes, "it was full"


def test_equal_images_and_images_within_others_are_found(tmp_path: Path) -> None:
    data = [picture(1, "PNG"), b"ab", picture(1, "PNG"), b"xxabxx", b"b", b"ab"]
    shard = pl.DataFrame({"image_id": [str(n) for n in range(6)], "data": data}).with_columns(
        label=pl.lit("a"), given_label=pl.lit("a"), sha256=pl.lit(""), reason=pl.lit(""), decided_by=pl.lit("")
    )
    begins = write_parquet(shard, ["a"], tmp_path / "x.parquet")
    whole = (tmp_path / "x.parquet").read_bytes()
    assert [whole[begin : begin + len(content)] for begin, content in zip(begins, data, strict=True)] == data
    with pytest.raises(RuntimeError, match="does not hold the bytes of row 0"):
        places(tmp_path / "x.parquet", pl.Series([b"not there at all"]))


def test_split_names_become_file_names_that_stay_apart() -> None:
    assert file_name("train") == "train"
    made = {file_name(name) for name in ("te/st", "te st", "te_st", "", "..", "тест", "CON?")}
    assert len(made) == 7
    assert all(name.isascii() and "/" not in name and name not in ("", "..") for name in made)


def test_features_name_the_columns_in_their_order() -> None:
    assert features(["b", "a"]).index('"label"') < features(["b", "a"]).index('"names": ["b", "a"]')
