"""Text from data comes out of a Markdown parser as it went in."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from dataprep.markdown import code, count, escape, picture, share, shorten, table, visible
from tests.report.builders import HOSTILE

PARSER = MarkdownIt("commonmark").enable("table")
TEXT = st.text(st.characters(exclude_categories=()), max_size=60) | st.text("|`*_[]()<>#\\!&$~:@-. \nab", max_size=60)


def inline(markdown: str) -> list[Token]:
    return [child for token in PARSER.parse(markdown) for child in token.children or []]


def squeezed(text: str) -> str:
    return " ".join(text.split(" "))


@given(TEXT)
@example(HOSTILE)
@example("a\\|b")
@example("https://x.org www.x.org :smile: #1 @me")
def test_a_cell_shows_the_text_and_nothing_else(text: str) -> None:
    tokens = inline(table(["h", "i"], [[escape(text), code(text)]]))
    assert {token.type for token in tokens} <= {"text", "html_inline", "text_special"}
    assert [t.content for t in tokens if t.type == "html_inline"] == ["<code>", "</code>"]
    shown = "".join(token.content for token in tokens if token.type != "html_inline")
    expected = shorten(visible(text), 100)
    assert shown == f"hi{expected}{expected}"


@given(TEXT)
@example(HOSTILE)
def test_a_table_keeps_its_shape(text: str) -> None:
    cells = [
        t for t in PARSER.parse(table(["a", "b"], [[code(text), "1"], ["x", escape(text)]])) if t.type == "td_open"
    ]
    assert len(cells) == 4


@given(TEXT)
@example(HOSTILE)
def test_alternative_text_is_the_text(text: str) -> None:
    (image,) = inline(picture(text, "figures/a b.png"))
    assert image.type == "image"
    assert image.attrs["src"] == "figures/a%20b.png"
    assert "".join(child.content for child in image.children or []) == visible(text)


@given(TEXT, st.integers(3, 30))
def test_shorten_keeps_to_its_length(text: str, most: int) -> None:
    assert len(shorten(text, most)) == min(len(text), most)


@given(TEXT)
def test_visible_is_one_printable_line(text: str) -> None:
    shown = visible(text)
    assert all(c.isprintable() or c in "\u200c\u200d" for c in shown)
    assert shown == shown.strip(" ")


@pytest.mark.parametrize(("text", "shown"), [("cat ", "cat␣"), ("a\nb", "a\\nb"), ("\u202e", "\\u202e"), (" ", "␣")])
def test_what_no_eye_can_see_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_ordinary_names_stay_readable_in_the_source() -> None:
    assert escape("train/cat/img_001-b (2).png: damaged") == "train/cat/img_001-b (2).png: damaged"


def test_numbers_stand_on_the_right() -> None:
    assert table(["a", "b"], [["x", "1,234 (5.0%)"], ["y", "—"]]).splitlines()[1] == "| :-- | --: |"


def test_counts_and_shares() -> None:
    assert (count(1947), share(1, 8), share(0, 0)) == ("1,947", "12.5%", "—")
    assert code(None) == "—"
