from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.clean import clean, read_decisions
from dataprep.config import Action, Clean
from dataprep.errors import DataprepError
from dataprep.schema import DECISIONS
from tests import frames

IDS = ["a", "b", "c", "d", "e"]


def decisions(*rows: dict[str, str]) -> pl.DataFrame:
    return pl.DataFrame([dict.fromkeys(DECISIONS.columns) | row for row in rows], schema=DECISIONS.columns)


def run(
    policy: dict[str, Action],
    found: list[pl.DataFrame],
    decided: pl.DataFrame | None = None,
    **images: object,
):  # type: ignore[no-untyped-def]
    rows = [{"image_id": i, "label": "x" if i < "c" else "y"} | images.get(i, {}) for i in IDS]  # type: ignore[operator]
    table = frames.images(rows)
    measured = frames.measurements([{"image_id": i} for i in IDS])
    issues = pl.concat([*found, frames.issues("dark", [{"image_id": "a"}])])
    decided = decisions() if decided is None else decided
    cleaned = clean(table, measured, issues, decided, Clean(policy=policy, relabel_score=0.1), "train")
    together = [*cleaned.kept["image_id"], *cleaned.removed["image_id"]]
    assert sorted(together) == IDS  # nothing is lost and nothing counted twice
    return cleaned


def group(kind: str, **members: int) -> pl.DataFrame:
    return frames.issues(kind, [{"image_id": i, "group": g, "score": 0.0} for i, g in members.items()])


def test_drop_extra_keeps_the_largest_file_of_equal_pictures() -> None:
    cleaned = run({"exact_duplicate": "drop_extra"}, [group("exact_duplicate", a=0, b=0, c=1, d=1)], b={"bytes": 200})
    assert cleaned.removed.select("image_id", "reason", "decided_by").rows() == [
        ("a", "exact_duplicate", "policy"),
        ("d", "exact_duplicate", "policy"),
    ]


def test_drop_extra_prefers_the_held_out_copy() -> None:
    cleaned = run({"exact_duplicate": "drop_extra"}, [group("exact_duplicate", a=0, b=0)], b={"split": "test"})
    assert cleaned.removed["image_id"].to_list() == ["a"]


@pytest.mark.parametrize(("action", "gone"), [("drop_train", ["a", "b"]), ("drop_other", ["c"])])
def test_a_leak_loses_the_named_side(action: Action, gone: list[str]) -> None:
    cleaned = run({"split_leak": action}, [group("split_leak", a=0, b=0, c=0)], c={"split": "test"})
    assert cleaned.removed["image_id"].to_list() == gone


def test_a_leak_whose_other_side_is_gone_already_loses_nothing_more() -> None:
    drop_c = decisions({"image_id": "c", "verdict": "drop"})
    cleaned = run({"split_leak": "drop_train"}, [group("split_leak", a=0, c=0)], drop_c, c={"split": "test"})
    assert cleaned.removed["image_id"].to_list() == ["c"]


def test_relabel_takes_the_suggestion_of_the_worst_scores_only() -> None:
    rows = [("a", 0.05, "y"), ("b", 0.2, "y")]
    found = frames.issues(
        "label_error",
        [{"image_id": i, "score": s, "suggested_label": y, "is_issue": True} for i, s, y in rows],
    )
    kept = run({"label_error": "relabel"}, [found]).kept
    assert kept.filter(pl.col("label") != pl.col("given_label"))["image_id"].to_list() == ["a"]
    assert kept.filter(image_id="a").select("label", "reason", "decided_by").rows() == [
        ("y", "label_error, score 0.050", "policy")
    ]


def test_decisions_go_before_the_policy() -> None:
    decided = decisions(
        {"image_id": "a", "verdict": "keep", "reviewer": "Ada"},
        {"image_id": "b", "verdict": "relabel", "label": "y", "reviewer": "Ada", "note": "sure"},
        {"image_id": "e", "verdict": "drop"},
    )
    cleaned = run({"dark": "drop"}, [frames.issues("dark", [{"image_id": i, "is_issue": True} for i in "bc"])], decided)
    assert cleaned.removed.select("image_id", "reason", "decided_by").rows() == [
        ("c", "dark", "policy"),
        ("e", "decision drop", "reviewer"),
    ]
    assert cleaned.kept.filter(image_id="b").select("label", "reason", "decided_by").rows() == [
        ("y", "decision relabel: sure", "Ada")
    ]


@pytest.mark.parametrize(
    ("decision", "message"),
    [
        ({"image_id": "aa", "verdict": "drop"}, "aa: not in the data (did you mean 'a'?)"),
        (
            {"image_id": "a", "verdict": "drop", "sha256": "0"},
            "a: the image has changed since the decision; review it again",
        ),
        ({"image_id": "a", "verdict": "relabel", "label": "yy"}, "a: 'yy' is no class (did you mean 'y'?)"),
    ],
)
def test_decisions_that_do_not_fit_are_told_and_not_applied(decision: dict[str, str], message: str) -> None:
    cleaned = run({}, [], decisions(decision))
    assert cleaned.unused == [message]
    assert cleaned.kept.height == len(IDS)
    assert cleaned.kept["reason"].null_count() == len(IDS)


def test_unreadable_and_unlabeled_images_always_go() -> None:
    table = frames.images(
        [
            {"image_id": "a"},
            {"image_id": "b", "label": None},
            {"image_id": "c", "label": None},
            {"image_id": "d", "label": "y"},
        ]
    )
    measured = frames.measurements([{"image_id": "a", "unreadable": "empty"}, *({"image_id": i} for i in "bcd")])
    decided = decisions({"image_id": "a", "verdict": "keep"}, {"image_id": "c", "verdict": "relabel", "label": "y"})
    cleaned = clean(
        table,
        measured,
        frames.issues("dark", [{"image_id": "a"}]),
        decided,
        Clean(policy={}, relabel_score=0.1),
        "train",
    )
    assert cleaned.removed.select("image_id", "reason").rows() == [
        ("a", "unreadable: empty"),
        ("b", "no label"),
    ]
    assert cleaned.kept["image_id"].to_list() == ["c", "d"]
    assert cleaned.unused == ["a: unreadable, so it cannot be kept"]


def test_copies_under_several_labels_are_left_for_people() -> None:
    copies = group("exact_duplicate", b=0, c=0)  # b is x, c is y
    assert run({"exact_duplicate": "drop_extra"}, [copies]).removed.is_empty()
    same = decisions({"image_id": "c", "verdict": "relabel", "label": "x"})
    assert run({"exact_duplicate": "drop_extra"}, [copies], same).removed["image_id"].to_list() == ["b"]


@settings(max_examples=60)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "exact_duplicate": st.sampled_from(["drop", "drop_extra", "drop_train", "drop_other"]),
            "near_duplicate": st.sampled_from(["drop", "drop_extra"]),
            "dark": st.sampled_from(["keep", "drop"]),
        },
    ),
    st.lists(
        st.tuples(
            st.sampled_from(IDS), st.sampled_from(["exact_duplicate", "near_duplicate", "dark"]), st.integers(0, 2)
        ),
        unique_by=lambda t: t[:2],
    ),
    st.dictionaries(st.sampled_from(IDS), st.sampled_from(["keep", "drop"])),
)
def test_counts_in_are_kept_plus_removed(policy, found, decided) -> None:  # type: ignore[no-untyped-def]
    tables = [group(kind, **{i: g for i, k, g in found if k == kind}) for kind in {k for _, k, _ in found}]
    cleaned = run(policy, tables, decisions(*({"image_id": i, "verdict": v} for i, v in decided.items())))
    assert not set(cleaned.removed["image_id"]) & {i for i, v in decided.items() if v == "keep"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image_id,verdct\na,keep\n", "the decisions have no column 'verdict'"),
        ("image_id,verdict,lable\na,keep,x\n", "unknown column 'lable': did you mean 'label'"),
        ("image_id,verdict\na,kep\n", "the verdict 'kep' is not one of keep, drop, relabel"),
        ("image_id,verdict\na,keep\na,drop\n", "two decisions about the same image: a"),
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
