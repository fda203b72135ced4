"""The whole report from fake inputs: files, links, hostile text, equal bytes."""

from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from dataprep.errors import DataprepError
from dataprep.report import write_report
from dataprep.report.inputs import Inputs
from tests.report.builders import inputs


def write(folder: Path, made: Inputs) -> Path:
    write_report(made, folder / "summary.md", folder / "figures", folder / "metrics.json", folder / "plots")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("reports"), inputs())


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
    first = (report / "summary.md").read_text()[:700]
    for part in ("abc123", "60 images", "3 classes", "2 suspect labels", "55 were kept"):
        assert part in first


def test_a_kind_that_nobody_foresaw_has_its_section(report: Path) -> None:
    assert "### Strange color" in (report / "summary.md").read_text()


def test_names_from_data_do_not_become_markup(report: Path) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse((report / "summary.md").read_text())
    children = [child for token in tokens for child in token.children or []]
    assert {child.type for child in children} <= {
        "text", "text_special", "html_inline", "image", "softbreak", "strong_open", "strong_close", "code_inline",
    }  # fmt: skip
    assert not any("<img" in child.content for child in children if child.type == "html_inline")
    assert sum(token.type == "heading_open" and token.tag == "h1" for token in tokens) == 1


def test_equal_inputs_give_equal_bytes(report: Path, tmp_path: Path) -> None:
    again = contents(write(tmp_path, inputs()))
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
