"""The App and the page in a real browser."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import polars as pl
import pytest

from dataprep import tables
from dataprep.decisions.command import Data, bring_in
from dataprep.review.mongod import find_mongod
from dataprep.review.static import write_static
from dataprep.schema import DECISIONS, IMAGES, MEASUREMENTS
from tests.review import browsing, builders, journey, serving
from tests.review.builders import IDS, MARKUP

playwright = pytest.importorskip("playwright.sync_api")
SECONDS = 1000

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    browsing.needs_chromium,
]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator["playwright.Browser"]:
    with browsing.chromium(tmp_path / "browser") as opened:
        yield opened


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


def test_a_note_added_later_renews_the_time(tmp_path: Path, browser: "playwright.Browser") -> None:
    folder = builders.found().write(tmp_path / "session")
    earlier = tmp_path / "earlier.csv"
    row = f'"{MARKUP}",,drop,,Ada,2020-01-01T00:00:00Z,'
    earlier.write_text(f"{','.join(DECISIONS.columns)}\n{row}\n")
    page = browser.new_page()
    page.goto((folder / "index.html").as_uri())
    page.locator("#reviewer").fill("Ada")
    page.locator("#load").set_input_files(earlier)
    page.get_by_role("button", name="Label error").click()
    note = page.locator(".card").nth(1).get_by_placeholder("note")
    note.fill("blurred")
    note.blur()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download decisions.csv").click()
    (found,) = _read(Path(waiting.value.path())).iter_rows(named=True)
    assert (found["image_id"], found["verdict"], found["note"]) == (MARKUP, "drop", "blurred")
    assert found["decided_at"] > "2020-01-01T00:00:00Z"


@pytest.mark.skipif(find_mongod() is None, reason="no mongod that runs")
def test_a_review_survives_a_kill(tmp_path: Path, browser: "playwright.Browser") -> None:
    folder = builders.found().write(tmp_path / "session")
    decisions = tmp_path / "reviews" / "decisions.csv"
    done = journey.review(browser, folder, tmp_path, decisions, "dog & <i>co</i>")
    rows = _read(decisions)
    assert len(done) == rows.height == 5
    assert set(rows["reviewer"]) == {"Ada"} and rows["decided_at"].null_count() == 0
    sha = dict(builders.found().images.select("image_id", "sha256").iter_rows())
    assert rows["sha256"].to_list() == [sha[name] for name in rows["image_id"]]


def test_the_same_journey_through_the_page(tmp_path: Path, browser: "playwright.Browser") -> None:
    session = builders.found().write(tmp_path / "session")
    write_static(session, tmp_path / "page")
    order, suggested = journey.suggestions(session)
    context = browser.new_context()
    page = context.new_page()
    address = (tmp_path / "page" / "index.html").as_uri()
    page.goto(address)
    page.keyboard.press("k")
    assert "Say who you are first" in page.locator("#message").inner_text()
    page.locator("#reviewer").fill("Ada")
    page.locator("#reviewer").blur()
    for key in "kdsl":  # keep, drop, skip, relabel to the suggestion
        page.keyboard.press(key)
    page.keyboard.press("k")
    page.keyboard.press("u")
    page.keyboard.press("d")
    page.close()  # in the middle
    page = context.new_page()
    page.goto(address)
    assert page.locator(".card.current").get_attribute("data-image") == order[2]
    page.keyboard.press("c")
    page.locator(".card.current select").select_option("dog & <i>co</i>")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download decisions.csv").click()
    found = builders.found()
    tables.write(found.images, tmp_path / "images.parquet", IMAGES)
    tables.write(found.measurements, tmp_path / "measurements.parquet", MEASUREMENTS)
    data = Data(tmp_path / "images.parquet", tmp_path / "measurements.parquet", session)
    told = bring_in(tmp_path / "decisions.csv", [Path(waiting.value.path())], "Ada", data)
    assert told[0].endswith("5 decisions, 5 taken, 0 known already") and len(told) == 1
    assert browsing.said(tmp_path / "decisions.csv") == {
        order[0]: ("keep", None),
        order[1]: ("drop", None),
        order[3]: ("relabel", suggested[order[3]]),
        order[4]: ("drop", None),
        order[2]: ("relabel", "dog & <i>co</i>"),
    }


def _read(path: Path) -> pl.DataFrame:
    frame = pl.read_csv(path, schema_overrides=dict.fromkeys(DECISIONS.columns, pl.String))
    tables.check(frame, DECISIONS, str(path))
    return frame
