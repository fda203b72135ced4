"""The App and the page in a real browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import polars as pl
import pytest

from dataprep import tables
from dataprep.review.mongod import find_mongod
from dataprep.schema import DECISIONS
from tests.review import builders, serving
from tests.review.builders import IDS, MARKUP

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SECONDS = 1000

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium"),
]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator["playwright.Browser"]:
    with playwright.sync_playwright() as tool:
        opened = tool.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, env=serving.environment(tmp_path / "browser")
        )
        yield opened
        opened.close()


@pytest.mark.skipif(find_mongod() is None, reason="no mongod that runs")
def test_app_shows_a_saved_view(tmp_path: Path, browser: "playwright.Browser") -> None:
    folder = builders.found().write(tmp_path / "session")
    table = pl.read_json((folder / "samples.json").read_bytes())["samples"].explode().struct.unnest()
    files = dict(table.select("image_id", "filepath").iter_rows())
    with serving.app(folder, tmp_path / "state", tmp_path / "home") as served:
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(served.addresses()["Near duplicate"])
        page.get_by_text("4 samples").wait_for(timeout=90 * SECONDS)
        dismiss = page.get_by_text("Dismiss", exact=True)
        if dismiss.count():
            dismiss.first.click()
        page.locator("[data-cy=looker]").nth(3).wait_for(timeout=60 * SECONDS)
        page.close()
    paths = [parse_qs(urlparse(url).query).get("filepath", [""])[0] for url in asked if "/media" in url]
    shown = {Path(path).name for path in paths}
    assert shown == {Path(files[IDS[i]]).name for i in (0, 1, 6, 7)}


def test_page_gives_the_decisions(tmp_path: Path, browser: "playwright.Browser") -> None:
    found = builders.found()
    folder = found.write(tmp_path / "session")
    earlier = tmp_path / "earlier.csv"
    row = '"gone, since.png",00,drop,,Ada,2020-01-01T00:00:00Z,"a\n""b"""'
    earlier.write_text(f"{','.join(DECISIONS.columns)}\n{row}\n")
    page = browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    page.goto((folder / "index.html").as_uri())
    page.locator("#load").set_input_files(earlier)
    page.locator("#reviewer").fill("Grace, H.")
    page.get_by_role("button", name="Label error").click()
    cards = page.locator(".card")
    assert cards.count() == 4
    assert cards.nth(1).get_attribute("data-image") == MARKUP
    picture = cards.nth(1).locator("img")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 10
    cards.nth(1).get_by_role("button", name="relabel").click()
    cards.nth(1).get_by_placeholder("note").fill("clearly")
    cards.nth(2).locator("select").focus()
    cards.nth(2).locator("select").select_option("dog & <i>co</i>")
    cards.nth(0).get_by_role("button", name="keep").click()
    cards.nth(3).get_by_role("button", name="drop").click()
    cards.nth(3).get_by_role("button", name="drop").click()
    page.reload()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download decisions.csv").click()
    decisions = _read(Path(waiting.value.path()))
    assert waiting.value.suggested_filename == "decisions.csv"
    assert decisions["image_id"].to_list() == sorted(["gone, since.png", IDS[1], IDS[2], MARKUP])
    of = {row["image_id"]: row for row in decisions.iter_rows(named=True)}
    assert of["gone, since.png"]["note"] == 'a\n"b"'
    assert (of[MARKUP]["verdict"], of[MARKUP]["label"], of[MARKUP]["note"]) == ("relabel", "cat", "clearly")
    assert (of[IDS[1]]["verdict"], of[IDS[1]]["label"]) == ("relabel", "dog & <i>co</i>")
    assert (of[IDS[2]]["verdict"], of[IDS[2]]["label"], of[IDS[2]]["note"]) == ("keep", None, None)
    assert {row["reviewer"] for row in of.values()} == {"Ada", "Grace, H."}
    sha = dict(found.images.select("image_id", "sha256").iter_rows())
    assert of[MARKUP]["sha256"] == sha[MARKUP]
    assert faults == []


def _read(path: Path) -> pl.DataFrame:
    frame = pl.read_csv(path, schema_overrides=dict.fromkeys(DECISIONS.columns, pl.String))
    tables.check(frame, DECISIONS, str(path))
    return frame
