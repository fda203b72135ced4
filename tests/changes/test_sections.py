"""What each section says of changes that were planted."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import polars as pl
import pytest

from dataprep.changes.balance import balance
from dataprep.changes.budget import Block, Shown, compose
from dataprep.changes.causes import causes
from dataprep.changes.compared import Compared
from dataprep.changes.findings import findings
from dataprep.changes.health import health, moved
from dataprep.changes.images import images
from dataprep.changes.numbers import metrics
from dataprep.changes.opening import opening, sentence_parts
from dataprep.changes.state import State
from dataprep.changes.written import written
from dataprep.report.intervals import Share
from tests.changes.builders import compared, decisions, finding, image, state

CATS = [image(f"cat/{n}.png") for n in range(5)]
DOGS = [image(f"dog/{n}.png", "dog", "test") for n in range(4)]


def text(section: Callable[[Compared], Iterator[Block]], found: Compared) -> str:
    return compose(list(section(found)), None)


def alts(section: Callable[[Compared], Iterator[Block]], found: Compared) -> list[str]:
    return [block.picture.alt for block in section(found) if isinstance(block, Shown)]


def rows(markdown: str) -> list[list[str]]:
    lines = [line for line in markdown.splitlines() if line.startswith("| ")]
    return [[re.sub(r"</?code>", "", cell.strip()) for cell in line.strip("|").split("|")] for line in lines]


def test_nothing_changed_is_said() -> None:
    same = state(CATS + DOGS)
    said = text(opening, compared(same, same))
    assert "This branch **changes no parameter, no image and no decision**." in said
    assert f"The written data set stays the same: version <code>{same.version}</code>, 9 images." in said
    for section in (health, causes, images, written, findings, metrics):
        assert text(section, compared(same, same)) == "\n"


def test_the_sentence_names_each_way_of_changing_and_nothing_else() -> None:
    after = [
        *CATS[1:3],
        image("cat/3.png", "dog"),
        image("cat/4.png", content="other bytes"),
        image("renamed.png", "dog", "test", content="sha of dog/0.png"),
        image("dog/1.png", "dog", "train"),
        *DOGS[2:],
        image("new.png"),
    ]
    old, new = (
        state(CATS + DOGS, params={"a": {"b": 1}, "c": [1, 2]}),
        state(after, params={"a": {"b": 2}, "c": [1, 3]}),
    )
    assert sentence_parts(compared(old, new)) == [
        "changes 2 parameters",
        "adds 1 image",
        "removes 1 image",
        "renames 1 image",
        "changes the bytes of 1 image",
        "changes the label of 1 image in the source",
        "moves 1 image to another split",
    ]
    said = text(images, compared(old, new))
    assert "### Images in the source: 9 → 9" in said
    assert ["cat", "train", "1", "1", "", "", "", "1"] in rows(said), "class, split, added, removed, ..., changed"
    assert ["renamed.png", "dog/0.png"] in rows(said)
    assert ["cat/3.png", "cat", "dog", "train"] in rows(said)
    assert ["dog/1.png", "test", "train", "dog"] in rows(said)
    assert len(alts(images, compared(old, new))) == 4


def test_what_follows_for_the_written_data_set() -> None:
    old = state(
        CATS + DOGS,
        dropped={"cat/0.png": ("exact_duplicate", "policy")},
        metrics={"trainable": "no", "reasons": {"no_test": "care", "wrong_labels": "blocks"}},
    )
    new = state(
        CATS + DOGS,
        dropped={"cat/1.png": ("decision drop: blurred", "Ada"), "dog/0.png": ("near_duplicate", "policy")},
        relabeled={"dog/1.png": ("cat", "Grace")},
        metrics={"trainable": "yes", "reasons": {"no_test": "care"}},
    )
    found = compared(old, new)
    said = text(opening, found)
    assert "images 8 → 7 (−1), 1 label changed. Can I train on it? no → **yes** (gone: wrong labels)." in said
    table = rows(text(written, found))
    assert ["decision drop", "Ada", "1"] in table
    assert ["near duplicates", "policy", "1"] in table
    assert ["exact duplicates", "—", "1"] in table
    assert ["dog/1.png", "dog", "cat", "decision relabel", "Grace"] in table
    assert "**1 image kept again, removed before because:**" in text(written, found)
    assert len(alts(written, found)) == 3


def test_added_images_that_are_not_written_are_told() -> None:
    new = state([*CATS, *DOGS, image("new.png"), image("too.png")], dropped={"new.png": ("exact_duplicate", "policy")})
    said = text(written, compared(state(CATS + DOGS), new))
    assert "Of the 2 added images 1 are written, 1 not: exact duplicates (1)." in said
    assert "taken out" not in said


def test_a_decision_is_new_changed_withdrawn_or_not_applied() -> None:
    before = decisions(
        ("cat/0.png", "keep", None, "Ada"), ("cat/1.png", "drop", None, "Ada"), ("cat/2.png", "drop", None, "Ada")
    )
    after = decisions(
        ("cat/0.png", "keep", None, "Ada"),
        ("cat/1.png", "relabel", "dog", "Ada"),
        ("cat/3.png", "drop", None, "Ada"),
        ("cat/3.png", "keep", None, "Grace"),
        ("gone.png", "drop", None, "Grace"),
        ("dog/0.png", "relabel", "cow", "Grace"),
    )
    found = compared(state(CATS + DOGS, decided=before), state(CATS + DOGS, decided=after))
    assert sentence_parts(found) == [
        "carries 4 decisions (1 relabel, 2 drop, 1 keep)",
        "changes 1 earlier decision",
        "withdraws 1 earlier decision",
    ]
    said = text(causes, found)
    assert ["new, Grace", "3", "1", "1", "1", "0"] in rows(said)
    assert ["changed, Ada", "1", "1", "0", "0", "1"] in rows(said)
    assert ["withdrawn, Ada", "1", "0", "1", "0", "—"] in rows(said)
    assert "**4 decisions are not applied:**" in said
    assert any(row[0] == "gone.png" and row[1].startswith("not in the data") for row in rows(said))
    assert ["cat/3.png", "reviewers differ (Ada drop, Grace keep)"] in rows(said)
    assert ["cat/1.png", "drop → relabel dog", "Ada", ""] in rows(said)
    assert ["cat/2.png", "withdrawn: drop", "Ada", ""] in rows(said)


def test_findings_are_new_or_gone_by_image_and_a_new_name_is_neither() -> None:
    old = state(
        CATS, findings=[finding("cat/0.png", "dark"), finding("cat/1.png", "dark"), finding("cat/2.png", "noisy")]
    )
    renamed = image("later.png", content="sha of cat/0.png")
    new = state(
        [renamed, *CATS[1:], image("new.png")],
        findings=[
            finding("later.png", "dark"),
            finding("cat/3.png", "dark", 0.2),
            finding("new.png", "dark", 0.1),
            finding("cat/2.png", "noisy"),
            finding("cat/4.png", "label_error", 0.3, suggested_label="dog", suggested_probability=0.9),
        ],
    )
    said = text(findings, compared(old, new))
    table = rows(said)
    assert ["Dark images", "2", "3", "+1", "2", "1", "1"] in table
    assert ["Suspect labels", "—", "1", "", "1", "0", "0"] in table
    kinds = [row[0] for row in table if row[0] in ("Dark images", "Suspect labels")]
    assert kinds == ["Suspect labels", "Dark images"], "the graver one first"
    assert "Of 1 other kind the findings are the same" in said
    assert said.index("new.png") < said.index("cat/3.png"), "the worst first"
    assert [alt.partition(":")[0] for alt in alts(findings, compared(old, new))] == ["Suspect labels", "Dark images"]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (Share(0.5, 0.4, 0.6), Share(0.65, 0.61, 0.7), 1),
        (Share(0.5, 0.4, 0.6), Share(0.35, 0.3, 0.39), -1),
        (Share(0.5, 0.4, 0.6), Share(0.65, 0.6, 0.7), 0),
        (Share(0.5, 0.5, 0.5), Share(0.4, 0.4, 0.4), -1),
    ],
)
def test_a_health_number_moves_when_the_intervals_do_not_meet(before: Share, now: Share, expected: int) -> None:
    assert moved(before, now) == expected


def test_health_is_a_row_per_kind_gravest_first() -> None:
    def numbers(value: float, width: float) -> dict[str, float]:
        return {"value": value, "low": value - width, "high": value + width}

    old = state(CATS, metrics={"health": {"labels_right": numbers(0.9, 0.01)}, "health_written": {"odd": 3}})
    new = state(
        CATS,
        metrics={
            "health": {"labels_right": numbers(0.8, 0.02), "test_independent": numbers(1.0, 0.0)},
            "health_written": {"labels_right": numbers(0.95, 0.0)},
        },
    )
    cells = rows(text(health, compared(old, new)))[2:]
    assert [row[0].partition("<br>")[0] for row in cells] == ["**Test independent**", "**Labels right**"]
    assert cells[0][1:] == ["—", "100.0%", "—", "—"]
    assert cells[1][1:] == ["90.0% (89.0 to 91.0%)", "80.0% (78.0 to 82.0%) **▼**", "—", "95.0%"]


def test_a_health_number_that_reads_as_before_has_no_arrow() -> None:
    def counted(value: float) -> dict[str, object]:
        return {"health": {"unique": dict.fromkeys(("value", "low", "high"), value)}}

    found = compared(state(CATS, metrics=counted(0.95912)), state(CATS, metrics=counted(0.95908)))
    assert rows(text(health, found))[2][1:3] == ["95.9%", "95.9%"]


def test_classes_are_those_that_changed_and_of_many_those_that_changed_most() -> None:
    many = [image(f"{n}/{i}.png", f"class {n:02d}") for n in range(40) for i in range(2)]
    grown = many + [image(f"7/more {i}.png", "class 07") for i in range(5)] + [image("9/more.png", "class 09")]
    found = compared(state(many), state(grown, dropped={"3/0.png": ("decision drop", "Ada")}))
    table = rows(text(balance, found))
    assert table[2:] == [
        ["class 07", "2", "7", "+5", "2", "7", "+5"],
        ["class 03", "2", "2", "", "2", "1", "−1"],
        ["class 09", "2", "3", "+1", "2", "3", "+1"],
    ]
    assert "37 classes of 40 have as many images as before." in text(balance, found)
    assert alts(balance, found) == [
        "Images per class, as written, before and now, the 3 classes that changed most of 40"
    ]
    few = compared(state(CATS + DOGS), state(CATS + DOGS, dropped={"cat/0.png": ("decision drop", "Ada")}))
    assert rows(text(balance, few))[2:] == [["cat", "5", "4", "−1"], ["dog", "4", "4", ""]]
    assert "As they came in, all classes have as many images as before." in text(balance, few)


def test_classes_come_from_the_plots_where_the_tables_are_nowhere() -> None:
    counted = pl.DataFrame({"split": ["train", "test"], "label": ["cat", "cat"], "images": [3, 1]})
    old = replace(bare(state(CATS)), balance=counted)
    table = rows(text(balance, compared(old, state(CATS))))
    assert table[2:] == [["cat", "4", "5", "+1"]]


def test_without_the_old_tables_only_what_records_tell_is_said() -> None:
    old = replace(
        bare(state(CATS, findings=[finding("cat/0.png", "dark")])), lacking=(("data/images.parquet", "lost"),)
    )
    new = state(CATS[1:], findings=[finding("cat/1.png", "dark"), finding("cat/2.png", "dark")])
    found = compared(old, new)
    assert ["Dark images", "1", "2", "+1", "—", "—", "—"] in rows(text(findings, found))
    assert "5 → 4 (−1); which ones cannot be told." in text(images, found)
    assert "- kept: 5 → 4 (−1)" in text(written, found)
    assert "labels changed: not known" in text(opening, found)
    assert "1 table of before cannot be read (<code>data/images.parquet</code>: lost)" in text(opening, found)


def test_metrics_that_differ_are_told_as_dvc_does() -> None:
    old, new = (
        state(CATS, metrics={"accuracy": a, "same": 1, "nested": {"x": x}}) for a, x in ((0.5, 1), (0.625, None))
    )
    table = rows(text(metrics, compared(old, new)))
    assert ["reports/metrics.json: accuracy", "0.5", "0.625", "+0.125"] in table
    assert ["reports/metrics.json: nested.x", "1", "—", ""] in table
    assert not any("same" in row[0] for row in table)


def bare(full: State) -> State:
    """Return what is left of a state without DVC's files."""
    return replace(full, images=None, kept=None, removed=None, issues=None, pixels=None)
