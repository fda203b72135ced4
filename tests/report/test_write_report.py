"""The whole report from fake inputs: files, links, hostile text, equal bytes."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from dataprep.errors import DataprepError
from dataprep.originals import Originals
from dataprep.report import changes_section, left_section, opening, write_report
from dataprep.report.assessment import assess
from dataprep.report.inputs import Inputs
from dataprep.report.views import ADDRESS, HEADING, slug, view_of
from tests import frames
from tests.report.builders import HOSTILE, inputs
from tests.report.healthy import healthy, predictions
from tests.report.page_builders import originals

INNERMOST = re.compile(r"<details>((?!<details>).)*?</details>", re.DOTALL)
PARTS = [
    *("Data-set report", "Can I train on this?", "Health", "What the data is", "What is wrong with it"),
    *("How sure we are", "What was done", "What is left for people", "Details"),
]


def write(folder: Path, made: Inputs, images: Originals | None = None) -> Path:
    figures, plots, page = folder / "figures", folder / "plots", folder / "summary.html"
    write_report(made, folder / "summary.md", figures, folder / "metrics.json", plots, page, images)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = inputs()
    return write(tmp_path_factory.mktemp("reports"), made, originals(tmp_path_factory.mktemp("originals"), made))


def images(report: Path) -> list[Any]:
    parsed = MarkdownIt("commonmark").enable("table").parse((report / "summary.md").read_text())
    return [child for token in parsed for child in token.children or [] if child.type == "image"]


def test_every_picture_is_linked_once_has_words_and_is_small(report: Path) -> None:
    linked = [str(image.attrs["src"]) for image in images(report)]
    assert sorted(linked) == sorted(f"figures/{path.name}" for path in (report / "figures").iterdir())
    assert all(len(image.content) > 20 for image in images(report))
    sizes = [path.stat().st_size for path in (report / "figures").iterdir()]
    assert max(sizes) < 200_000
    assert sum(sizes) < 2_000_000


def test_the_first_lines_name_the_data_and_its_faults(report: Path) -> None:
    first = (report / "summary.md").read_text().partition("## Health")[0]
    for part in ("abc123", "images of 3 classes", "were kept", "**No, not yet.**", "1 check fails", "*(blocks)*"):
        assert part in first
    assert "](figures/health.png)" in (report / "summary.md").read_text()[:4000]


def test_every_link_within_the_report_hits_a_heading_and_headings_are_unique(report: Path) -> None:
    check_links((report / "summary.md").read_text())


def check_links(text: str) -> None:
    headings = [slug(title) for title in HEADING.findall(text)]
    assert len(headings) == len(set(headings))
    links = re.findall(r"\]\(#([^)]*)\)", text)
    assert len(links) > 10
    assert set(links) <= set(headings)


def test_in_the_page_numbers_link_to_the_images_behind_them() -> None:
    made = inputs()
    found = assess(made)
    blocks = [*opening.section(made, found), *changes_section.section(made, found), *left_section.section(made, found)]
    text = "\n".join(block for block in blocks if isinstance(block, str))
    addresses = ADDRESS.findall(text)
    assert len(set(addresses)) > 15, addresses
    assert all(view_of(address).address() == address for address in addresses)
    kinds = {view_of(address).issue for address in addresses}
    assert {"label_error", "unreadable", "strange_color"} <= kinds


def test_the_main_part_is_short_and_the_rest_folded(report: Path) -> None:
    text = (report / "summary.md").read_text()
    while (shorter := INNERMOST.sub("", text)) != text:
        text = shorter
    titles = [title for title in HEADING.findall(text) if title in PARTS]
    assert titles == PARTS
    assert "## Details" in text and "Normalization" not in text
    prose = " ".join(line for line in text.splitlines() if not line.startswith(("|", "#", "!")))
    assert len(re.findall(r"\w+", re.sub(r"\]\([^)]*\)", "]", prose))) < 700  # read in three minutes


def test_a_thousand_classes_with_hostile_names_stay_readable(tmp_path: Path) -> None:
    labels = [f"{number:04d}{HOSTILE * 9}"[:300] for number in range(1000)]
    rows = [{"image_id": f"{row:05d}", "label": labels[row % 1000], "width": 8 + row % 3} for row in range(1500)]
    images = frames.images(rows)
    told = predictions(images, [labels[(row * 7) % 1000] for row in range(1500)], 0.5)
    flagged = frames.issues(
        "label_error",
        [{"image_id": f"{row:05d}", "is_issue": True, "score": 0.1, "suggested_label": labels[0]} for row in range(40)],
    )
    folder = write(tmp_path, healthy(images=images, predictions=told, issues=flagged))
    text = (folder / "summary.md").read_text()
    assert len(text) < 100_000
    assert "<img>" not in text and "\u202e" not in text
    check_links(text)
    assert "24 of 1,000 with the most findings" in text or (folder / "figures" / "findings_by_class.png").is_file()
    assert max(path.stat().st_size for path in (folder / "figures").iterdir()) < 300_000


def test_a_kind_that_nobody_foresaw_has_its_section(report: Path) -> None:
    assert "### Strange color" in (report / "summary.md").read_text()


def test_names_from_data_do_not_become_markup(report: Path) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse((report / "summary.md").read_text())
    children = [child for token in tokens for child in token.children or []]
    assert {child.type for child in children} <= {
        "text", "text_special", "html_inline", "image", "softbreak", "strong_open", "strong_close", "code_inline",
        "link_open", "link_close", "em_open", "em_close",
    }  # fmt: skip
    targets = [str(child.attrs["href"]) for child in children if child.type == "link_open"]
    assert all(target.startswith("#") for target in targets)
    emphasized = [after.content for child, after in pairwise(children) if child.type == "em_open"]
    assert set(emphasized) <= {"(blocks)", "blocks", "Label conflicts", "by the networks", "a check", "see"}
    assert not any("<img" in child.content for child in children if child.type == "html_inline")
    assert sum(token.type == "heading_open" and token.tag == "h1" for token in tokens) == 1


def test_equal_inputs_give_equal_bytes(report: Path, tmp_path: Path) -> None:
    again = contents(write(tmp_path / "reports", inputs(), originals(tmp_path / "originals", inputs())))
    assert again == contents(report)
    assert set(again) >= {"summary.md", "metrics.json", "plots/confusion.csv"}


def test_old_pictures_go(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "stale.png").touch()
    write(tmp_path, inputs())
    assert not (tmp_path / "figures" / "stale.png").exists()


def test_data_without_findings_copies_or_judgments_still_has_a_report(tmp_path: Path) -> None:
    full = inputs()
    bare = inputs(
        issues=full.issues[:0],
        skipped=full.skipped[:0],
        predictions=full.predictions[:0],
        history=full.history[:0],
        augmented=full.augmented[:0],
        augmented_index=full.augmented_index[:0],
        faults=None,
    )
    text = (write(tmp_path, bare) / "summary.md").read_text()
    assert "No findings" in text
    assert "planted" not in text


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_half_there(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file")
    with pytest.raises(DataprepError, match="cannot write the output"):
        write(tmp_path / "blocked", inputs())
    assert contents(tmp_path) == {"blocked": b"a file"}


def test_the_page_has_the_same_report_with_all_pictures_inside(report: Path) -> None:
    page = (report / "summary.html").read_text()
    headings = re.findall(r'<h[1-6] id="([^"]*)">', page)
    assert headings == [slug(title) for title in HEADING.findall((report / "summary.md").read_text())]
    assert page.count('<img class="plot" src="data:image/') == len(list((report / "figures").iterdir()))
    assert 'href="#images?issue=label_error' in page
    assert not set(re.findall(r'href="#([^"?]*)', page)) - {*headings, "images", "theReport"}
    assert "<p>&lt;" not in page  # nothing of our own markup was taken for somebody else's
