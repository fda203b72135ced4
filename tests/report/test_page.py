"""The page without a browser: its data against plain loops, its size, its bytes, and what it lets through."""

import base64
import hashlib
import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dataprep import files
from dataprep.errors import DataprepError
from dataprep.markdown import code, details, escape
from dataprep.report import page as module
from dataprep.report.grids import Picture
from dataprep.report.inputs import Inputs
from dataprep.report.page import document, selection
from dataprep.report.page.axes import WORDS, axes
from dataprep.report.page.categories import categories, decided, outcome, reason
from dataprep.report.page.content import described
from dataprep.report.page.encoding import rounded
from dataprep.report.page.markup import rendered
from dataprep.report.page.tiles import SIDES, SIZES, Size, encode, expected
from dataprep.schema import MEASUREMENTS, class_names
from tests.report.builders import COUNT, HOSTILE, LABELS
from tests.report.page_builders import EVIL, originals, page_inputs, parts, unpacked

FLOATS = st.lists(
    st.floats(-(2.0**99), 2.0**99, width=32, allow_subnormal=False) | st.just(float("nan")), min_size=1, max_size=20
)


@pytest.fixture(scope="module")
def made() -> Inputs:
    return page_inputs()


@pytest.fixture(scope="module")
def written(made: Inputs, tmp_path_factory: pytest.TempPathFactory) -> str:
    return module.page(made, originals(tmp_path_factory.mktemp("originals"), made), "# Title", [])


@given(FLOATS)
def test_rounding_keeps_order_and_three_digits(values: list[float]) -> None:
    before = np.sort(np.array(values, np.float32))
    after = rounded(before)
    assert (np.diff(after[~np.isnan(after)]) >= 0).all()
    for one, other in zip(before.tolist(), after.tolist(), strict=True):
        assert (one != one and other != other) or abs(one - other) <= abs(one) * 2.0**-13


def test_the_page_has_what_the_tables_say(made: Inputs, written: str) -> None:
    header, columns = unpacked(parts(written)[0])
    assert header["names"] == made.images["image_id"].to_list()
    assert header["rows"] == COUNT and header["note"] is None
    numbers = dict(zip([axis["id"] for axis in header["axes"]], columns[3:], strict=False))
    for row, value in enumerate(made.measurements["brightness"]):
        found = numbers["brightness"][row]
        assert found != found if value is None else abs(found - value) <= value * 2**-13
    words = dict(zip([one["id"] for one in header["categories"]], columns[3 + len(header["axes"]) :], strict=False))
    for one in header["categories"]:
        if one["id"] in ("label", "split", "format"):
            given = [one["values"][int(code)] if code >= 0 else None for code in words[one["id"]]]
            assert given == made.images[one["id"]].to_list()
    rest = iter(columns[3 + len(header["axes"]) + len(header["categories"]) :])
    for finding in header["findings"]:
        flags, groups = next(rest), next(rest) if finding["grouped"] else None
        rows = made.issues.filter((pl.col("issue") == finding["id"]) & pl.col("is_issue"))
        assert {header["names"][row] for row, flag in enumerate(flags) if flag} == set(rows["image_id"])
        for name, group in rows.select("image_id", "group").iter_rows():
            place = header["names"].index(name)
            assert groups is None or groups[place] == (-1 if group is None else group)
            note = rows.filter(image_id=name)["note"][0]
            said = finding["said"].index(place) if place in finding["said"] else None
            assert note is None or (said is not None and finding["notes"][finding["note"][said]] == note)


def test_each_thumbnail_is_its_image(made: Inputs, written: str, tmp_path: Path) -> None:
    header, columns = unpacked(parts(written)[0])
    (block,) = parts(written)[1]
    files_of = originals(tmp_path, made)
    start = 0
    for name, length in zip(header["names"], columns[0], strict=True):
        data = block[start : start + int(length)]
        start += int(length)
        original = files_of.read(name)
        assert bool(data) == bool(original)
        if data:
            here, there = (np.asarray(Image.open(io.BytesIO(one)).convert("L"), float) for one in (data, original))
            assert here.shape == there.shape == (8, 4)
            assert np.corrcoef(here.ravel(), there.ravel())[0, 1] > 0.8
    assert start == len(block)


def test_axes_are_told_in_words_and_constants_left_out(made: Inputs) -> None:
    found = {axis.name: axis for axis in axes(made)}
    assert "brightness" in found and not {"contrast", "confidence"} & set(found)  # one value alone
    assert found["label_error"].title == "Suspect labels"
    assert set(WORDS) >= {
        name
        for name, dtype in MEASUREMENTS.columns.items()
        if dtype in (pl.Float32, pl.Int32, pl.Int64) and name != "perceptual_hash"
    }
    names = class_names(made.images)
    for row in made.predictions.iter_rows(named=True):
        place = made.images["image_id"].to_list().index(row["image_id"])
        assert found["given_probability"].values[place] == row["probabilities"][names.index(row["label"])]
    sizes = dict.fromkeys(made.images["image_id"], 0)
    for kind, group in made.issues.filter("is_issue").select("issue", "group").unique().drop_nulls().iter_rows():
        members = made.issues.filter((pl.col("issue") == kind) & (pl.col("group") == group) & pl.col("is_issue"))
        for name in members["image_id"]:
            sizes[name] = max(sizes[name], members.height)
    assert np.nan_to_num(found["copies"].values).tolist() == list(sizes.values())


def test_outcomes_follow_kept_and_removed(made: Inputs) -> None:
    assert outcome(made).tolist() == [2] * 5 + [1] + [0] * (COUNT - 6)
    assert decided(made).tolist() == [0] * 5 + [1] + [0] * (COUNT - 6)
    disputed = made.kept.with_columns(reason=pl.lit("disputed: Ann drop, Bob keep"), decided_by=pl.lit("reviewers"))
    assert set(decided(page_inputs(kept=disputed)).tolist()) == {0, 2}
    found = {one.name: one for one in categories(made)}
    assert found["reason"].values == ["Exact duplicates: drop_extra", "decision: relabel"]
    assert found["now"].values == ["new | label"] and not found["now"].filters
    assert found["label"].values == class_names(made.images)
    assert reason("no label") == "no label"


def test_places_go_to_the_worst_and_to_chance_and_no_order_matters(made: Inputs) -> None:
    order = selection.preferred(made)
    assert sorted(order.tolist()) == list(range(COUNT))
    ids = made.images["image_id"].to_list()
    flagged = made.issues.filter("is_issue")
    with_finding = [row for row in order if ids[row] in set(flagged["image_id"])]
    kinds = flagged.filter(pl.col("image_id") == ids[order[0]])["issue"].to_list()
    assert kinds == ["unreadable"] and len(with_finding) == flagged["image_id"].n_unique()
    drawn = sorted(ids, key=lambda name: files.sha256(f"page:{name}".encode()))
    assert ids[order[3]] == next(name for name in drawn if name not in {ids[row] for row in order[:3]})
    early = {ids[row] for row in order[: 2 * len(with_finding)]}
    assert set(flagged["image_id"]) <= early
    shuffled = page_inputs(issues=made.issues.sample(fraction=1, shuffle=True, seed=1))
    assert selection.preferred(shuffled).tolist() == order.tolist()


def test_thumbnails_keep_the_shape_and_are_never_enlarged() -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 100, 3), dtype=np.uint8))
    assert Image.open(io.BytesIO(encode(image, Size(60, 85)))).size == (20, 60)
    assert Image.open(io.BytesIO(encode(image, Size(384, 85)))).size == (100, 300)
    sizes = [expected([image], size) for size in SIZES if size.side < 300]
    assert sizes[0] > sizes[-1] > 0 and tuple(sorted(SIDES, reverse=True)) == SIDES


@pytest.mark.parametrize(("bytes_left", "all_shown"), [(60_000, True), (12_000, False)])
def test_the_page_keeps_to_its_bytes(
    bytes_left: int, all_shown: bool, made: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = len(document.shell("# Title", [], "abc123", COUNT).joined("", []).encode())
    most = shell + bytes_left
    monkeypatch.setattr(module, "MEGABYTE", most / made.params.report.page_megabytes)
    found = module.page(made, originals(tmp_path, made, side=100), "# Title", [])
    header, columns = unpacked(parts(found)[0])
    assert most * 0.6 < len(found.encode()) <= most
    assert (header["rows"] == COUNT) == all_shown
    if all_shown:
        assert header["note"] is None
    else:
        assert f"shows {header['rows']} of {COUNT} images" in header["note"]
        shown = set(header["names"])
        wanted = made.images["image_id"].gather(np.sort(selection.preferred(made)[: len(shown)]))
        assert header["names"] == wanted.to_list()
        assert sum(length > 0 for length in columns[0]) == header["rows"] - 1  # all but the unreadable one


def test_a_report_that_leaves_no_room_is_said(made: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEGABYTE", 100)
    with pytest.raises(DataprepError, match="the report alone takes more than 30 MB") as caught:
        module.page(made, originals(tmp_path, made), "# Title", [])
    assert "page_megabytes" in str(caught.value)


def test_equal_inputs_give_equal_bytes_with_any_number_of_workers(made: Inputs, written: str, tmp_path: Path) -> None:
    params = made.params.model_copy(update={"workers": 1})
    again = module.page(page_inputs(params=params), originals(tmp_path, made), "# Title", [])
    assert again == written


def test_only_the_named_script_runs_and_no_name_is_markup(written: str) -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', written)
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", written, re.DOTALL)
    (own,) = [text for attributes, text in scripts if not attributes]
    (style,) = re.findall(r"<style>(.*?)</style>", written, re.DOTALL)
    for directive, text in (("script-src", own), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert "style=" not in written.replace(own, "") and "innerHTML" not in own and "eval(" not in own
    for evil in (*EVIL.values(), HOSTILE):
        assert evil not in written


@pytest.mark.parametrize(
    ("text", "expected_html"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a <img src=x onerror=alert(1)> b", "&lt;img src=x onerror=alert(1)&gt;"),
        ("<details onclick=x><summary>a</summary>", "&lt;details onclick=x&gt;"),
        ("<details><summary>a <u>b</u></summary>\n\nc\n\n</details>", "&lt;u&gt;b&lt;/u&gt;"),
        ("[a](javascript:alert)", "[a](javascript:alert)"),
        ("[a](file:///etc/passwd) [b](relative.html)", "<span>b</span>"),
        ("![words](figures/none.png)", "<em>words</em>"),
        ("[12](#images?issue=dark)", '<a href="#images?issue=dark" class="to-images">12</a>'),
        ("[home](https://example.org)", '<a href="https://example.org" rel="noreferrer">home</a>'),
        (details("more", "| a |\n| --: |\n| 1 |"), '<td class="number">1</td>'),
        (code("<b>"), "<code>&lt;b&gt;</code>"),
        (escape(HOSTILE), "&lt;img&gt;"),
    ],
)
def test_markdown_becomes_only_our_markup(text: str, expected_html: str) -> None:
    found, _ = rendered(text, [])
    assert expected_html in found
    tags = set(re.findall(r"<(\w+)", found))
    assert tags <= {
        "p",
        "a",
        "span",
        "em",
        "code",
        "details",
        "summary",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "div",
    }


def test_pictures_are_inside_and_headings_have_anchors() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (7, 5)).save(stream, "PNG")
    text = f"# A\n\n## {escape(HOSTILE)}\n\n### B\n\n### B\n\n![{escape('<x>')}](figures/one%20picture.png)"
    found, headings = rendered(text, [Picture("one picture.png", "x", stream.getvalue())])
    assert f'src="data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"' in found
    assert 'alt="&lt;x&gt;" width="7" height="5"' in found
    assert [heading.level for heading in headings] == [1, 2, 3, 3]
    assert len({heading.anchor for heading in headings}) == 4
    assert headings[2].anchor == "b" and 'id="b"' in found


def test_of_the_largest_content_only_the_chosen_rows_are_packed(made: Inputs) -> None:
    rows = np.array([0, 3, 7, 59])
    header, columns = unpacked(described(made).packed(rows, [0, 1, 2, 3]))
    ids = made.images["image_id"].to_list()
    assert header["names"] == [ids[row] for row in rows]
    assert columns[0] == [0, 1, 2, 3]
    assert all(row < 4 for finding in header["findings"] for row in finding["said"])
    assert set(LABELS) >= {header["categories"][0]["values"][int(code)] for code in columns[3 + len(header["axes"])]}


def test_data_without_anything_but_images_still_has_a_page(tmp_path: Path) -> None:
    full = page_inputs()
    empty: Callable[[str], pl.DataFrame] = lambda name: getattr(full, name)[:0]  # noqa: E731
    bare = page_inputs(issues=empty("issues"), predictions=empty("predictions"), consensus=empty("consensus"))
    header, _ = unpacked(parts(module.page(bare, originals(tmp_path, bare), "# Title", []))[0])
    assert header["findings"] == [] and header["rows"] == COUNT
    assert "label_error" not in {axis["id"] for axis in header["axes"]}
