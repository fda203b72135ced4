import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.clean import clean
from dataprep.config import Action, Clean
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
    cleaned = clean(table, measured, issues, decided, Clean(policy=policy, relabel_confidence=0.9), "train")
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


def test_relabel_takes_the_suggestion_only_from_the_stated_confidence_on() -> None:
    rows = [("a", 0.9, "y"), ("b", 0.89, "y"), ("e", None, "x"), ("d", 1.0, None)]
    found = frames.issues(
        "label_error",
        [
            {"image_id": i, "score": 0.25, "suggested_label": y, "suggested_probability": p, "is_issue": True}
            for i, p, y in rows
        ],
    )
    kept = run({"label_error": "relabel"}, [found]).kept
    assert kept.filter(pl.col("label") != pl.col("given_label"))["image_id"].to_list() == ["a"]
    assert kept.filter(image_id="a").select("label", "reason", "score", "decided_by", "decided_at").rows() == [
        ("y", "label_error", 0.25, "policy", None)
    ]


def test_removed_and_decided_rows_say_why_who_when_and_how_bad() -> None:
    decided = decisions(
        {"image_id": "a", "verdict": "relabel", "label": "y", "reviewer": "Ada", "decided_at": "2026-01-02T03:04:05Z"},
        {"image_id": "b", "verdict": "drop", "reviewer": "Bob", "decided_at": "2026-01-02T03:04:06Z"},
    )
    dark = frames.issues("dark", [{"image_id": "c", "is_issue": True, "score": 0.5}])
    cleaned = run({"dark": "drop"}, [dark], decided)
    columns = ("image_id", "reason", "score", "decided_by", "decided_at")
    assert cleaned.removed.select(columns).rows() == [
        ("b", "decision drop", None, "Bob", "2026-01-02T03:04:06Z"),
        ("c", "dark", 0.5, "policy", None),
    ]
    assert cleaned.kept.filter(image_id="a").select(columns).rows() == [
        ("a", "decision relabel", None, "Ada", "2026-01-02T03:04:05Z")
    ]


def test_an_image_in_dispute_is_left_as_it_is_and_listed() -> None:
    decided = decisions(
        {"image_id": "b", "verdict": "drop", "reviewer": "Ada"},
        {"image_id": "b", "verdict": "keep", "reviewer": "Bob"},
        {"image_id": "c", "verdict": "drop", "reviewer": "Ada"},
        {"image_id": "c", "verdict": "drop", "reviewer": "Bob"},
    )
    dark = frames.issues("dark", [{"image_id": i, "is_issue": True, "score": 0.0} for i in "abc"])
    cleaned = run({"dark": "drop"}, [dark], decided)
    assert cleaned.removed.select("image_id", "decided_by").rows() == [("a", "policy"), ("c", "Ada, Bob")]
    assert cleaned.unused == ["b: reviewers differ (Ada drop, Bob keep); decide again together"]
    assert cleaned.kept.filter(image_id="b").select("label", "reason", "decided_by").rows() == [
        ("x", "disputed: Ada drop, Bob keep", "reviewers")
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
        Clean(policy={}, relabel_confidence=0.9),
        "train",
    )
    assert cleaned.removed.select("image_id", "reason").rows() == [
        ("a", "unreadable: empty"),
        ("b", "no label"),
    ]
    assert cleaned.kept["image_id"].to_list() == ["c", "d"]
    assert cleaned.unused == ["a: unreadable, so it cannot be kept"]


def test_people_who_drop_an_unreadable_image_or_keep_an_unlabeled_one_are_heard() -> None:
    table = frames.images([{"image_id": "a"}, {"image_id": "b", "label": None}, {"image_id": "c", "label": "y"}])
    measured = frames.measurements([{"image_id": "a", "unreadable": "empty"}, {"image_id": "b"}, {"image_id": "c"}])
    at = "2026-01-02T03:04:05Z"
    decided = decisions(
        {"image_id": "a", "verdict": "drop", "reviewer": "Ada", "decided_at": at, "note": "cut in the scanner"},
        {"image_id": "b", "verdict": "keep", "reviewer": "Ada"},
    )
    issues = frames.issues("dark", [{"image_id": "c"}])
    cleaned = clean(table, measured, issues, decided, Clean(policy={}, relabel_confidence=0.9), "train")
    assert cleaned.removed.select("image_id", "reason", "decided_by", "decided_at").rows() == [
        ("a", "decision drop: cut in the scanner", "Ada", at),
        ("b", "no label", "policy", None),
    ]
    assert cleaned.unused == ["b: it has no label, so it cannot be kept; relabel it"]


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
    st.dictionaries(
        st.tuples(st.sampled_from([*IDS, "unknown"]), st.sampled_from(["Ada", "Bob", None])),
        st.sampled_from(["keep", "drop", "relabel"]),
    ),
)
def test_counts_in_are_kept_plus_removed(policy, found, decided) -> None:  # type: ignore[no-untyped-def]
    tables = [group(kind, **{i: g for i, k, g in found if k == kind}) for kind in {k for _, k, _ in found}]
    rows = [
        {"image_id": i, "reviewer": who, "verdict": v, "label": "x" if v == "relabel" else None}
        for (i, who), v in decided.items()
    ]
    cleaned = run(policy, tables, decisions(*rows))
    for name in {i for i, _ in decided} - {"unknown"}:
        said = {v for (i, _), v in decided.items() if i == name}
        assert (name in cleaned.removed["image_id"]) == (said == {"drop"})
    assert not cleaned.removed["reason"].null_count() + cleaned.removed["decided_by"].null_count()
