"""The static page: names stay text, queues are worst first."""

import html.parser
import json
from pathlib import Path
from typing import Any

import pytest

from dataprep.cli import main
from dataprep.errors import DataprepError
from dataprep.review.page import shown_files
from dataprep.review.static import write_static
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
    assert set(data["images"]["image_id"]) == set(IDS)
    assert data["columns"] == list(DECISIONS.columns)
    assert data["classes"] == ["cat", "dog & <i>co</i>"]


def test_queues_are_worst_first_and_copies_stand_together(data: dict[str, Any]) -> None:
    queues = {queue["kind"]: queue for queue in data["queues"]}
    names = data["images"]["image_id"]
    assert list(queues) == ["to_review", "unreadable", "label_error", "near_duplicate"]
    assert sorted(names[i] for i in queues["to_review"]["image"]) == sorted(set(IDS) - {BROKEN})
    assert [names[i] for i in queues["label_error"]["image"]] == [IDS[2], MARKUP, IDS[1], IDS[4]]
    assert queues["label_error"]["score"] == [0.125, 0.2, 0.3, 0.3]
    assert queues["label_error"]["suggested"] == ["cat"] * 4
    assert [names[i] for i in queues["near_duplicate"]["image"]] == [IDS[6], IDS[1], IDS[0], IDS[7]]
    assert queues["near_duplicate"]["group"] == [0, 0, 1, 1]


def test_pictures_lie_beside_the_page(tmp_path: Path) -> None:
    page = _page(tmp_path / "session")
    assert shown_files((tmp_path / "session" / "index.html").read_text()) == json.loads(page.data)["images"]["file"]
    for file in json.loads(page.data)["images"]["file"]:
        assert (tmp_path / "session" / file).is_file()


def test_the_page_alone_in_a_folder(tmp_path: Path) -> None:
    session = builders.found().write(tmp_path / "session")
    words = write_static(session, tmp_path / "a page")
    assert f"file://{tmp_path}/a%20page/index.html" in words and "decisions import" in words
    assert (tmp_path / "a page/index.html").read_bytes() == (session / "index.html").read_bytes()
    names = {path.name for path in (session / "data").iterdir()}
    assert {path.name for path in (tmp_path / "a page/data").iterdir()} == names
    assert {path.name for path in (tmp_path / "a page").iterdir()} == {"data", "index.html"}
    main(["review", "--static", "--session", str(session), "--folder", str(tmp_path / "a page")])
    assert {path.name for path in (tmp_path / "a page").iterdir()} == {"data", "index.html"}


def test_a_folder_that_is_no_page_is_left_alone(tmp_path: Path) -> None:
    session = builders.found().write(tmp_path / "session")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("dear")
    with pytest.raises(DataprepError, match="the folder holds something else than a review page") as raised:
        write_static(session, tmp_path / "mine")
    assert raised.value.remedy == "name a new or an empty folder with --folder"
    assert (tmp_path / "mine/thesis.txt").read_text() == "dear"
    with pytest.raises(DataprepError, match="it is no folder"):
        write_static(session, tmp_path / "mine/thesis.txt")
    with pytest.raises(DataprepError, match="there is no review session"):
        write_static(tmp_path / "nowhere", tmp_path / "page")


@pytest.mark.parametrize("page", ["<h1>my site</h1>", '<script type="application/json" id="data">{}</script>', None])
@pytest.mark.parametrize("other", ["thesis.txt", "data/decisions.csv", "data/more/old.txt"])
def test_only_a_page_and_its_pictures_are_replaced(tmp_path: Path, page: str | None, other: str) -> None:
    session = builders.found().write(tmp_path / "session")
    folder = tmp_path / "page"
    write_static(session, folder)
    if page is None:
        (folder / other).parent.mkdir(exist_ok=True)
        (folder / other).write_text("dear")
    else:
        (folder / "index.html").write_text(page)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(DataprepError, match="the folder holds something else than a review page"):
        write_static(session, folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_the_session_is_never_replaced_by_its_page_and_an_empty_folder_is(tmp_path: Path) -> None:
    session = builders.found().write(tmp_path / "session")
    with pytest.raises(DataprepError, match="the folder is the review session itself"):
        write_static(session, tmp_path / "session/../session")
    assert (session / "samples.json").is_file()
    (tmp_path / "empty").mkdir()
    assert "decisions import" in write_static(session, tmp_path / "empty")
