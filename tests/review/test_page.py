"""The static page: names stay text, queues are worst first."""

import html.parser
import json
from pathlib import Path
from typing import Any

import pytest

from dataprep.schema import DECISIONS
from tests.review import builders
from tests.review.builders import BROKEN, IDS, MARKUP


class _Elements(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.data = ""
        self.title = ""
        self._within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._within = "data" if ("id", "data") in attrs else tag

    def handle_data(self, data: str) -> None:
        if self._within in {"data", "title"}:
            setattr(self, self._within, getattr(self, self._within) + data)

    def handle_endtag(self, tag: str) -> None:
        self._within = ""


def _page(folder: Path, name: str = "pets") -> _Elements:
    parser = _Elements()
    parser.feed((builders.found().write(folder, name) / "index.html").read_text(encoding="utf-8"))
    return parser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> _Elements:
    return _page(tmp_path_factory.mktemp("page") / "session")


@pytest.fixture(scope="module")
def data(page: _Elements) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(page.data)
    return loaded


def test_names_and_labels_add_no_markup(page: _Elements) -> None:
    assert page.tags.count("script") == 2
    assert not {"b", "i", "u"} & set(page.tags)
    assert "<" not in page.data and "&" not in page.data


def test_hostile_name_of_the_data_set(tmp_path: Path) -> None:
    hostile = "</title><script>alert(1)</script>__DATA__"
    page = _page(tmp_path / "session", hostile)
    assert page.tags.count("script") == 2
    assert page.title == f"Review of {hostile}"
    assert json.loads(page.data)["name"] == hostile


def test_names_come_back_from_the_page(data: dict[str, Any]) -> None:
    assert set(data["images"]["image_id"]) == {IDS[i] for i in (0, 1, 2, 4, 6, 7)} | {MARKUP, BROKEN}
    assert data["columns"] == list(DECISIONS.columns)
    assert data["classes"] == ["cat", "dog & <i>co</i>"]


def test_queues_are_worst_first_and_copies_stand_together(data: dict[str, Any]) -> None:
    queues = {queue["kind"]: queue for queue in data["queues"]}
    names = data["images"]["image_id"]
    assert list(queues) == ["unreadable", "label_error", "near_duplicate"]
    assert [names[i] for i in queues["label_error"]["image"]] == [IDS[2], MARKUP, IDS[1], IDS[4]]
    assert queues["label_error"]["score"] == [0.125, 0.2, 0.3, 0.3]
    assert queues["label_error"]["suggested"] == ["cat"] * 4
    assert [names[i] for i in queues["near_duplicate"]["image"]] == [IDS[6], IDS[1], IDS[0], IDS[7]]
    assert queues["near_duplicate"]["group"] == [0, 0, 1, 1]


def test_pictures_lie_beside_the_page(tmp_path: Path) -> None:
    page = _page(tmp_path / "session")
    for file in json.loads(page.data)["images"]["file"]:
        assert (tmp_path / "session" / file).is_file()
