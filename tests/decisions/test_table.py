"""The decisions file: what cannot be read, what comes back, and which decisions hold."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataprep.decisions.table import Settled, read_decisions, settle, write_decisions
from dataprep.errors import DataprepError
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
        ("image_id,verdict\n,keep\n", "a decision has no image_id"),
    ],
)
def test_decisions_that_cannot_be_read(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text(text)
    with pytest.raises(DataprepError, match=message) as caught:
        read_decisions(path)
    assert str(path) in str(caught.value)


def test_blank_lines_are_no_decisions(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("image_id,verdict\na,keep\n,\n")
    assert read_decisions(tmp_path / "d.csv").height == 1


def test_no_decisions(tmp_path: Path) -> None:
    assert read_decisions(tmp_path / "none.csv").is_empty()
    (tmp_path / "empty.csv").write_text("image_id,sha256,verdict,label,reviewer,decided_at,note\n")
    assert read_decisions(tmp_path / "empty.csv").is_empty()


TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
SOME = st.none() | TEXT


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
