import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from PIL import Image

from dataprep.datasets.diff import KINDS, Diff, compare, flat
from dataprep.datasets.diff_pictures import write_pictures
from dataprep.datasets.diff_text import as_json, as_markdown, as_text
from dataprep.datasets.reader import DataSet, open_dataset
from dataprep.datasets.writer import write_dataset
from dataprep.errors import DataprepError
from dataprep.schema import INDEX, REMOVED
from tests.datasets.builders import content, originals, params, picture, pictures, written


@pytest.fixture
def diff(tmp_path: Path) -> Diff:
    """One change of each kind, and no other."""
    files = pictures(14)
    names = list(files)
    old = content(tmp_path, files, removed=[names[0], names[1]])
    write_dataset(old, originals(files), params(), tmp_path / "old")
    changed = dict(files)
    changed[names[5]] = picture(99, "PNG")
    changed["z/099 ü.png"] = picture(98, "PNG")
    changed["z/105 ü.jpeg"] = changed.pop(names[6])
    del changed[names[7]]
    changed = dict(sorted(changed.items()))
    new = content(tmp_path, changed, removed=[names[1], names[8]])
    relabeled = pl.col("image_id") == names[9]
    moved = pl.col("image_id") == names[10]
    kept = new.kept.with_columns(
        label=pl.when(relabeled).then(pl.lit("x")).otherwise("label"),
        reason=pl.when(relabeled).then(pl.lit("decision relabel: clearly | x")),
        decided_by=pl.when(relabeled).then(pl.lit("Ada")),
        split=pl.when(moved).then(pl.lit("val")).otherwise("split"),
    )
    augmented = new.augmented_index.join(kept.filter(split="train"), on="image_id", how="semi")
    arrays = {"augmented_index": augmented, "augmented": new.augmented[: augmented.height]}
    made = replace(new, kept=kept, parameters=new.parameters | {"seed": 7}, **arrays)
    write_dataset(made, originals(changed), params(), tmp_path / "new")
    return compare(open_dataset(tmp_path / "old"), open_dataset(tmp_path / "new"))


def test_each_change_has_its_kind_and_reason(diff: Diff) -> None:
    names = list(pictures(14))
    found = {
        row["change"]: row for row in diff.changes.iter_rows(named=True) if row["change"] not in ("added", "removed")
    }
    assert diff.counts() == {"added": 2, "removed": 2, "renamed": 1, "relabeled": 1, "moved": 1, "changed": 1}
    why = {
        (row["change"], row["image_id"]): (row["reason"], row["decided_by"])
        for row in diff.changes.iter_rows(named=True)
    }
    assert why["added", names[0]] == ("no longer removed: near_duplicate", None)
    assert why["added", "z/099 ü.png"] == ("new in the source", None)
    assert why["removed", names[7]] == ("not in the source any more", None)
    assert why["removed", names[8]] == ("near_duplicate", "policy")
    assert why["relabeled", names[9]] == ("decision relabel: clearly | x", "Ada")
    assert (found["renamed"]["image_id"], found["renamed"]["old_id"]) == ("z/105 ü.jpeg", names[6])
    assert (found["moved"]["image_id"], found["moved"]["split"]) == (names[10], "val")
    assert (found["changed"]["image_id"], found["changed"]["reason"]) == (names[5], "other bytes in the source")
    assert (found["relabeled"]["label"], found["relabeled"]["old_label"]) == ("x", names[9].split("/")[0])
    assert diff.parameters == [("seed", 0, 7)]


def test_a_version_does_not_differ_from_itself(tmp_path: Path) -> None:
    one = open_dataset(written(tmp_path)[0])
    same = compare(one, one)
    assert not same.changes.height
    assert "no image differs" in as_text(same, {})
    assert "No image differs." in as_markdown(same, {})


def test_text_names_kinds_classes_splits_reasons_and_images(diff: Diff) -> None:
    text = as_text(diff, {})
    lines = text.splitlines()
    assert lines[0] == f"{diff.old.version} (12 images) -> {diff.new.version} (12 images)"
    assert "relabeled          1" in lines
    assert [line.split()[0] for line in lines if line.endswith("changed")] == ["class", "split", "reason"]
    assert "parameters" in lines
    assert "  seed: 0 -> 7" in lines
    assert any("decision relabel: clearly | x" in line for line in lines)
    assert max(len(line) for line in lines) < 200


def test_markdown_is_not_broken_by_data(diff: Diff, tmp_path: Path) -> None:
    made = write_pictures(diff, tmp_path / "pictures of it")
    text = as_markdown(diff, made, lambda path: path.name)
    assert list(made) == list(KINDS)
    rendered = MarkdownIt("commonmark").enable("table").render(text)
    assert rendered.count("<table>") == 6
    assert rendered.count("<img") == len(KINDS)
    assert "clearly | x" in rendered
    assert all(path.is_file() for path in made.values())


def test_json_has_everything(diff: Diff) -> None:
    values = json.loads(as_json(diff, {"added": Path("a/added.png")}))
    assert values["counts"] == diff.counts()
    assert len(values["changes"]) == diff.changes.height
    assert sum(row["images"] for row in values["by_class"]) == diff.changes.height
    assert values["parameters"] == [{"name": "seed", "old": 0, "new": 7}]
    assert values["pictures"] == {"added": "a/added.png"}
    assert values["old"]["version"] == diff.old.version


def test_thumbnails_are_the_images(diff: Diff, tmp_path: Path) -> None:
    made = write_pictures(diff, tmp_path / "p")
    with Image.open(made["changed"]) as image:
        assert image.width > 2 * 112
    with Image.open(made["added"]) as image:
        shown = np.asarray(image.convert("RGB"))
    colors = np.unique(shown.reshape(-1, 3), axis=0)
    assert (np.ptp(colors, axis=1) > 30).sum() > 100, "random pixels have many colors, which no letter and no cross has"


def test_thumbnails_replace_their_like_and_nothing_else(diff: Diff, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    write_pictures(diff, tmp_path / "p")
    write_pictures(diff, tmp_path / "p")
    (tmp_path / "p/mine.txt").write_text("mine")
    with pytest.raises(DataprepError, match=r"holds other things, .* lost\n.*/p\n.*name a new or an empty folder"):
        write_pictures(diff, tmp_path / "p")
    assert (tmp_path / "p/mine.txt").read_text() == "mine"
    with pytest.raises(DataprepError, match=r"this is no folder\n.*/mine.txt\n"):
        write_pictures(diff, tmp_path / "p/mine.txt")


def in_memory(rows: dict[str, tuple[str, str, str]], removed: dict[str, str]) -> DataSet:
    """Return a data set without shards: image_id -> sha256, label, split; image_id -> reason."""
    fixed = {"given_label": "a", "reason": None, "decided_by": None, "file": "f", "offset": 0, "bytes": 1}
    table = [
        {"image_id": name, "sha256": sha, "label": label, "split": split} | fixed
        for name, (sha, label, split) in rows.items()
    ]
    gone = [{"image_id": name, "reason": why, "decided_by": "policy", "split": "s"} for name, why in removed.items()]
    made = DataSet(Path(), {"parameters": {}}, pl.DataFrame(table, schema=INDEX.columns))
    made.__dict__["removed"] = pl.DataFrame(gone, schema=REMOVED.columns)
    return made


TOLD = {"version": "v", "images": 2, "parameters": {}}
VERSION = st.dictionaries(
    st.sampled_from("abcdefgh"), st.tuples(*(st.sampled_from(values) for values in ("123456", "xy", "st")))
)


@settings(max_examples=100, deadline=None)
@given(VERSION, VERSION, st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["dark", "copy"])))
def test_the_changes_lead_from_one_version_to_the_other(
    old: dict[str, tuple[str, str, str]], new: dict[str, tuple[str, str, str]], removed: dict[str, str]
) -> None:
    removed = {name: why for name, why in removed.items() if name not in new}
    found = compare(in_memory(old, {}), in_memory(new, removed)).changes
    rebuilt = dict(old)
    for row in found.sort("change", descending=True).iter_rows(named=True):
        if row["change"] == "removed":
            del rebuilt[row["image_id"]]
            assert row["reason"] == removed.get(row["image_id"], "not in the source any more")
    for row in found.filter(change="renamed").iter_rows(named=True):
        assert old[row["old_id"]][0] == new[row["image_id"]][0]
        for version in (old, new):
            assert [values[0] for values in version.values()].count(new[row["image_id"]][0]) == 1
        rebuilt[row["image_id"]] = rebuilt.pop(row["old_id"])
    for row in found.iter_rows(named=True):
        name, before = row["image_id"], rebuilt.get(row["image_id"], ("", "", ""))
        if row["change"] == "added":
            rebuilt[name] = new[name]
        if row["change"] == "relabeled":
            assert before[1] == row["old_label"] != row["label"]
            rebuilt[name] = (before[0], row["label"], rebuilt[name][2])
        if row["change"] == "moved":
            rebuilt[name] = (rebuilt[name][0], rebuilt[name][1], row["split"])
        if row["change"] == "changed":
            rebuilt[name] = (new[name][0], *rebuilt[name][1:])
    assert rebuilt == new


def test_a_renamed_image_has_its_other_changes_too() -> None:
    old = in_memory({"a": ("1", "x", "s"), "b": ("2", "x", "s")}, {})
    new = in_memory({"c": ("1", "y", "t"), "d": ("2", "x", "s")}, {})
    diff = compare(old, new)
    assert diff.counts() == {"added": 0, "removed": 0, "renamed": 2, "relabeled": 1, "moved": 1, "changed": 0}
    made = replace(diff, old=replace(old, manifest=TOLD), new=replace(new, manifest=TOLD))
    text = as_text(made, {}).splitlines()
    assert "relabeled c: x -> y (another label in the source)" in text
    assert "moved c: s -> t (another split in the source)" in text
    assert "renamed c: was a" in text


def test_bytes_that_have_another_name_in_both_versions_are_not_renamed() -> None:
    old = in_memory({"a": ("1", "x", "s"), "kept": ("1", "x", "s")}, {})
    new = in_memory({"b": ("1", "x", "s"), "kept": ("1", "x", "s")}, {})
    assert sorted(compare(old, new).changes["change", "image_id"].iter_rows()) == [("added", "b"), ("removed", "a")]


def test_flat_names_every_value() -> None:
    assert flat({"a": {}, "b": [], "c": [[1]], "d": None}) == {"a": {}, "b": [], "c.0.0": 1, "d": None}
