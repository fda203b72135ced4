"""The decisions file: what cannot be read, what comes back, and which decisions hold."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.decisions import table
from dataprep.decisions.table import Settled, read_decisions, settle, write_decisions
from dataprep.errors import DataprepError, nearest
from dataprep.schema import DECISIONS
from tests import frames


def decisions(*rows: dict[str, str | None]) -> pl.DataFrame:
    return pl.DataFrame([dict.fromkeys(DECISIONS.columns) | row for row in rows], schema=DECISIONS.columns)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image_id,verdct\na,keep\n", "the decisions have no column 'verdict'"),
        ("image_id,verdict,lable\na,keep,x\n", "unknown column 'lable': did you mean 'label'"),
        ("image_id,verdict\na,kep\n", "the verdict 'kep' is not one of keep, drop, relabel"),
        ("image_id,verdict\na,keep\na,drop\n", "two decisions about the same image by one reviewer: a"),
        ("image_id,verdict\na,keep,b,c\n", "not valid CSV"),
        ('image_id,verdict\na,"keep\n', "not valid CSV: could not parse"),
        ("image_id,verdict\na,\x1b[2J\n", r"the verdict '\\x1b\[2J' is not one of"),
        ("image_id,verdict\n,keep\n", "a decision has no image_id"),
    ],
)
def test_decisions_that_cannot_be_read(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text(text)
    with pytest.raises(DataprepError, match=message) as caught:
        read_decisions(path)
    assert str(path) in str(caught.value)
    assert "\n" not in caught.value.what


def test_blank_lines_are_no_decisions(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("image_id,verdict\na,keep\n,\n")
    assert read_decisions(tmp_path / "d.csv").height == 1


def test_no_decisions(tmp_path: Path) -> None:
    assert read_decisions(tmp_path / "none.csv").is_empty()
    (tmp_path / "empty.csv").write_text("image_id,sha256,verdict,label,reviewer,decided_at,note\n")
    assert read_decisions(tmp_path / "empty.csv").is_empty()


TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
SOME = st.none() | TEXT


@settings(deadline=None)
@given(
    st.dictionaries(st.tuples(TEXT, SOME), st.tuples(st.sampled_from(["keep", "drop", "relabel"]), SOME, SOME, SOME))
)
def test_what_is_written_comes_back(tmp_path_factory: pytest.TempPathFactory, rows) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path_factory.mktemp("round") / "decisions.csv"
    frame = decisions(
        *(
            {"image_id": name, "reviewer": who, "verdict": verdict, "label": label, "note": note, "decided_at": at}
            for (name, who), (verdict, label, note, at) in rows.items()
        )
    )
    write_decisions(frame, path)
    read = read_decisions(path)
    assert read.equals(frame.sort(DECISIONS.key))
    write_decisions(read, path.with_name("again.csv"))
    assert path.with_name("again.csv").read_bytes() == path.read_bytes()


def settled(*rows: dict[str, str | None]) -> Settled:
    images = frames.images([{"image_id": i, "label": "x" if i < "c" else "y"} for i in "abcd"])
    return settle(images, ["d"], decisions(*rows))


def test_reviewers_who_agree_are_one_row() -> None:
    found = settled(
        {"image_id": "a", "verdict": "relabel", "label": "y", "reviewer": "Ada", "decided_at": "1", "note": "sure"},
        {"image_id": "a", "verdict": "relabel", "label": "y", "reviewer": "Bob", "decided_at": "2", "note": "yes"},
    )
    assert found.agreed.select("label", "reviewer", "decided_at", "note").rows() == [
        ("y", "Ada, Bob", "2", "sure; yes")
    ]
    assert found.disputed.is_empty() and found.unused == []


def test_a_relabeling_to_the_given_label_is_a_keep() -> None:
    found = settled(
        {"image_id": "a", "verdict": "relabel", "label": "x", "reviewer": "Ada"},
        {"image_id": "a", "verdict": "keep", "reviewer": "Bob"},
    )
    assert found.agreed.select("verdict", "label").rows() == [("keep", None)]


def test_reviewers_who_differ_are_listed_and_nobody_wins() -> None:
    found = settled(
        {"image_id": "a", "verdict": "relabel", "label": "y", "reviewer": "Ada", "decided_at": "1"},
        {"image_id": "a", "verdict": "drop", "reviewer": None, "decided_at": "2"},
        {"image_id": "b", "verdict": "keep", "reviewer": "Ada"},
    )
    assert found.agreed["image_id"].to_list() == ["b"]
    assert found.disputed.rows() == [("a", "somebody drop, Ada relabel to y")]
    assert found.unused == ["a: reviewers differ (somebody drop, Ada relabel to y); decide again together"]


def test_a_stale_decision_disputes_nothing() -> None:
    found = settled(
        {"image_id": "a", "verdict": "drop", "reviewer": "Ada", "sha256": "other"},
        {"image_id": "a", "verdict": "keep", "reviewer": "Bob"},
    )
    assert found.agreed.select("verdict", "reviewer").rows() == [("keep", "Bob")]
    assert found.unused == ["a: the image has changed since the decision; review it again"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"image_id": "aa", "verdict": "drop"}, "aa: not in the data (did you mean 'a'?)"),
        ({"image_id": "zzz", "verdict": "drop"}, "zzz: not in the data (no name is close)"),
        ({"image_id": "a", "verdict": "relabel", "label": "z"}, "a: 'z' is no class (the classes are x, y)"),
        ({"image_id": "a", "verdict": "relabel"}, "a: relabel names no class (the classes are x, y)"),
        ({"image_id": "d", "verdict": "keep"}, "d: unreadable, so it cannot be kept"),
    ],
)
def test_what_cannot_be_applied_is_told(row: dict[str, str | None], message: str) -> None:
    found = settled(row)
    assert found.unused == [message]
    assert found.agreed.is_empty()


def test_an_image_without_a_label_cannot_be_kept_but_dropped_or_relabeled() -> None:
    images = frames.images([{"image_id": "a", "label": "x"}, *({"image_id": i, "label": None} for i in "bcd")])
    rows = [("b", "keep", None), ("c", "drop", None), ("d", "relabel", "x")]
    found = settle(images, [], decisions(*({"image_id": i, "verdict": v, "label": y} for i, v, y in rows)))
    assert found.agreed.select("image_id", "verdict").rows() == [("c", "drop"), ("d", "relabel")]
    assert found.unused == ["b: it has no label, so it cannot be kept; relabel it"]


@pytest.mark.parametrize(
    ("times", "latest"),
    [
        (["2026-01-01T12:00:00+09:00", "2026-01-01T11:00:00Z"], "2026-01-01T11:00:00Z"),
        (["2026-01-01T11:00:00Z", "2026-01-01T12:00:00+09:00"], "2026-01-01T11:00:00Z"),
        (["2026-01-01T11:00:00", "yesterday"], "2026-01-01T11:00:00"),
        ([None, "yesterday"], "yesterday"),
        ([None, None], None),
    ],
)
def test_the_latest_time_is_the_latest_moment(times: list[str | None], latest: str | None) -> None:
    rows = [
        {"image_id": "a", "verdict": "keep", "reviewer": who, "decided_at": at}
        for who, at in zip(("Ada", "Bob"), times, strict=True)
    ]
    assert settled(*rows).agreed["decided_at"].to_list() == [latest]


def test_among_many_names_only_those_of_the_same_file_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []

    def counted(word: str, known: Iterable[str]) -> str:
        names = list(known)
        compared.append(len(names))
        return nearest(word, names)

    monkeypatch.setattr(table, "nearest", counted)
    names = [f"cat/{number:05}.png" for number in range(5000)] + ["dog/cat.png"]
    images = frames.images([{"image_id": name} for name in names])
    lost = decisions({"image_id": "old/dog/cat.png", "verdict": "drop"}, {"image_id": "zz.png", "verdict": "drop"})
    assert settle(images, [], lost).unused == [
        "old/dog/cat.png: not in the data (did you mean 'dog/cat.png'?)",
        "zz.png: not in the data",
    ]
    assert compared == [1, 0]
    assert settle(images, [], lost, hints=0).unused == [f"{name}: not in the data" for name in lost["image_id"]]
    assert compared == [1, 0]
