"""The page in a real browser, at a desk and on a phone: links, filters, order, histogram, one image, hostile names."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import polars as pl
import pytest

from dataprep import files
from dataprep.markdown import details, escape, table
from dataprep.report.inputs import Inputs
from dataprep.report.page import page
from dataprep.report.views import View
from tests.report.builders import COUNT, HOSTILE
from tests.report.page_builders import BRIGHTEST, EVIL, originals, page_inputs
from tests.review import browsing

pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.slow, browsing.needs_chromium]

SIZES = {"desk": (1400, 900), "phone": (390, 844)}
TEXT = "\n\n".join(
    (
        "# Data-set report",
        f"{View(issue='label_error').link('2')} suspect labels, {View(state='removed').link('5')} removed, "
        f"{View(label=HOSTILE, split='test').link('some')} of {escape(HOSTILE)}.",
        table([f"column {n}" for n in range(12)], [["a wide cell of words"] * 12]),
        "## Chapter",
        "words\n\n" * 60,
        details("More", "### Inside\n\nwords"),
        "[inside](#inside)",
    )
)


@pytest.fixture(scope="module")
def made() -> Inputs:
    return page_inputs()


@pytest.fixture(scope="module")
def address(made: Inputs, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("page")
    files.write_text(folder / "a page.html", page(made, originals(folder / "originals", made), TEXT, []))
    return (folder / "a page.html").as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with browsing.chromium(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@contextmanager
def opened(browser: Any, address: str, size: str = "desk") -> Iterator[Any]:
    """Yield the page at this size; afterwards nothing was said in the console, nobody asked, and nothing hangs over."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=size == "phone")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown = context.new_page()
    said: list[str] = []
    shown.on("console", lambda message: said.append(message.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.on("dialog", lambda dialog: said.append(dialog.message))
    own = address.partition("#")[0]
    kinds = ("data:", "blob:", own)
    shown.on("request", lambda request: None if request.url.startswith(kinds) else said.append(request.url))
    shown.goto(address)
    if "#images" in address:
        shown.locator(".tile, #theEmpty:visible").first.wait_for()
    yield shown
    assert said == []
    assert shown.evaluate("window.broken") is None
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def count(shown: Any) -> int:
    return int(shown.locator("#theCount b").inner_text().replace(",", ""))


def names(shown: Any) -> list[str]:
    return [tile.get_attribute("data-image") for tile in shown.locator(".tile").all()]


def brightness(made: Inputs) -> dict[str, float]:
    return dict(made.measurements.select("image_id", "brightness").drop_nulls().iter_rows())


@pytest.mark.parametrize("size", SIZES)
def test_a_number_of_the_report_leads_to_its_images_and_back(
    browser: Any, address: str, size: str, made: Inputs
) -> None:
    with opened(browser, address, size) as shown:
        shown.evaluate("scrollTo(0, 10)")
        shown.get_by_role("link", name="2", exact=True).click()
        shown.locator(".tile").first.wait_for()
        assert count(shown) == 2 and shown.locator("#theReport").is_hidden()
        flagged = made.issues.filter((pl.col("issue") == "label_error") & pl.col("is_issue")).sort("score")
        assert names(shown) == flagged["image_id"].to_list()
        assert shown.locator(".chip").inner_text().startswith("Finding: Suspect labels")
        shown.go_back()
        shown.get_by_role("heading", name="Data-set report").wait_for()
        shown.wait_for_timeout(50)
        assert shown.evaluate("scrollY") == 10
        shown.go_forward()
        shown.locator(".tile").first.wait_for()
        shown.get_by_role("link", name="Report", exact=True).click()
        shown.get_by_role("link", name="some").click()
        shown.locator(".tile").first.wait_for()
        wanted = made.images.filter((pl.col("label") == HOSTILE) & (pl.col("split") == "test"))
        assert sorted(names(shown)) == wanted["image_id"].to_list() and count(shown) == wanted.height


def test_a_link_opens_what_is_folded_and_wide_tables_scroll(browser: Any, address: str) -> None:
    with opened(browser, address, "phone") as shown:
        wide = shown.locator(".wide").first
        assert wide.evaluate("(one) => one.scrollWidth > one.clientWidth")
        shown.get_by_role("link", name="inside").click()
        shown.get_by_role("heading", name="Inside").wait_for()
        assert shown.locator("details").first.evaluate("(one) => one.open")


@pytest.mark.parametrize("end", ["#100%", "#images?range=brightness:x:y", "#images?label=%ff&image=nothing"])
def test_a_mistyped_address_breaks_nothing(browser: Any, address: str, end: str) -> None:
    with opened(browser, f"{address}{end}") as shown:
        shown.wait_for_timeout(50)
        assert shown.get_by_text("below").count() == shown.locator("dialog[open]").count() == 0
        if "range" in end:
            assert count(shown) == COUNT and shown.locator(".chip").count() == 0
        else:
            assert shown.locator("#theReport").is_visible() == ("images" not in end)


@pytest.mark.parametrize("size", SIZES)
def test_filters_and_their_chips(browser: Any, address: str, size: str, made: Inputs) -> None:
    with opened(browser, f"{address}#images", size) as shown:
        assert count(shown) == COUNT
        if size == "phone":
            shown.get_by_role("button", name="Filters", exact=True).click()
            assert shown.locator("#theDrawer").is_visible()
        facet = shown.locator("[data-facet=label]")
        cats = made.images.filter(pl.col("label") == "cat")
        row = facet.locator(".value").filter(has_text="cat")
        assert row.locator("small").inner_text() == str(cats.height)
        row.locator("input").check()
        assert count(shown) == cats.height
        shown.locator("[data-facet=state] .value").filter(has_text="Removed").locator("input").check()
        removed = cats.join(made.removed, on="image_id", how="semi")
        assert count(shown) == removed.height > 0
        others = facet.locator(".value").filter(has_text="_dog_").locator("small")
        assert int(others.inner_text()) == made.removed.filter(pl.col("given_label") == "_dog_").height
        if size == "phone":
            shown.locator("#closeFilters").click()
            assert shown.locator("#theDrawer").is_hidden()
        assert sorted(names(shown)) == removed["image_id"].to_list()
        shown.get_by_role("button", name="remove the filter State: Removed").click()
        assert count(shown) == cats.height
        shown.go_back()
        assert count(shown) == removed.height
        shown.locator(".chips .reset").click()
        assert count(shown) == COUNT
        if size == "desk":
            shown.get_by_placeholder("part of a file name").fill("<SCRIPT>window")
            assert names(shown) == [made.images["image_id"][5]]
            shown.get_by_placeholder("part of a file name").fill("nothing has this")
            assert shown.locator("#theEmpty").is_visible()


def test_order_follows_any_number_and_is_turned(browser: Any, address: str, made: Inputs) -> None:
    with opened(browser, f"{address}#images") as shown:
        shown.get_by_label("Sort by").select_option("brightness")
        wanted = sorted(brightness(made), key=lambda name: brightness(made)[name])
        assert names(shown)[:3] == wanted[:3]
        shown.locator("#turnOrder").click()
        assert names(shown)[:3] == wanted[::-1][:3]
        assert "order=desc" in shown.url and "sort=brightness" in shown.url
        shown.get_by_label("Sort by").select_option("near_duplicate")
        groups = [text.partition("group ")[2] for text in shown.locator(".tile").all_inner_texts()[:5]]
        assert groups == ["1", "1", "2", "2", "2"]
        shown.get_by_label("Sort by").select_option("issue")
        assert shown.locator("g.column").count() == made.issues.filter("is_issue")["issue"].n_unique()


@pytest.mark.parametrize("size", SIZES)
def test_a_bar_shows_the_images_behind_it_and_lets_go(browser: Any, address: str, size: str, made: Inputs) -> None:
    with opened(browser, f"{address}#images?sort=brightness", size) as shown:
        bars = shown.locator("g.column")
        texts = [bar.get_attribute("aria-label") for bar in bars.all()]
        low, high = (float(part) for part in texts[4].partition(":")[0].split(" to "))
        wanted = [name for name, value in brightness(made).items() if low <= np.float32(value) < high]
        assert texts[4].endswith(f": {len(wanted)} of {len(wanted)} images") and wanted
        bars.nth(4).click(position={"x": 3, "y": 5})
        assert sorted(names(shown)) == sorted(wanted) and count(shown) == len(wanted)
        assert bars.nth(4).get_attribute("aria-pressed") == "true"
        shown.mouse.move(5, 5)
        bars.nth(4).click(position={"x": 3, "y": 5})
        assert count(shown) == COUNT
        first, last = (bars.nth(n).locator(".target").bounding_box() for n in (2, 6))
        shown.mouse.move(first["x"] + 3, first["y"] + 20)
        shown.mouse.down()
        shown.mouse.move(last["x"] + 3, last["y"] + 20, steps=4)
        shown.mouse.up()
        step = BRIGHTEST / (COUNT - 1)
        assert shown.locator(".chip").count() == 1 and count(shown) == pytest.approx(5 * (high - low) / step, abs=2)
        bars.nth(0).focus()
        shown.keyboard.press("ArrowRight")
        shown.keyboard.press("Enter")
        assert count(shown) == len(
            [value for value in brightness(made).values() if high - low <= np.float32(value) < 2 * (high - low)]
        )


def test_a_bar_of_words_and_one_of_findings(browser: Any, address: str, made: Inputs) -> None:
    with opened(browser, f"{address}#images?sort=split") as shown:
        shown.locator("g.column").nth(0).click(position={"x": 200, "y": 20})
        assert count(shown) == made.images.filter(pl.col("split") == "test").height
        shown.get_by_label("Sort by").select_option("issue")
        shown.locator("g.column").filter(has_text="Exact duplicates").click(position={"x": 5, "y": 20})
        assert count(shown) == 0 and "issue=exact_duplicate" in shown.url
        shown.locator(".chip").filter(has_text="Split").click()
        assert count(shown) == 2


@pytest.mark.parametrize("size", SIZES)
def test_one_image_with_all_that_is_known(browser: Any, address: str, size: str, made: Inputs) -> None:
    with opened(browser, f"{address}#images?issue=near_duplicate", size) as shown:
        order = names(shown)
        shown.locator(".tile").nth(0).click()
        dialog = shown.locator("#theDetails")
        assert dialog.get_by_role("heading", level=2).inner_text() == order[0]
        assert dialog.locator(".strip button").count() == 2
        assert dialog.locator(".large img").evaluate("(one) => one.decode().then(() => one.naturalHeight)") == 8
        shown.keyboard.press("ArrowRight")
        shown.keyboard.press("ArrowRight")
        assert dialog.locator(".walk").inner_text().endswith("3 of 5")
        assert dialog.get_by_role("heading", level=2).inner_text() == order[2].replace("\u202e", "\\u202e")
        value = dict(made.measurements.select("image_id", "brightness").iter_rows())[order[2]]
        assert f"{value:.3f}".rstrip("0") in dialog.get_by_text("Brightness", exact=True).locator("+ dd").inner_text()
        shown.keyboard.press("Escape")
        dialog.wait_for(state="hidden")
        shown.wait_for_timeout(50)
        assert shown.url.endswith("#images?issue=near_duplicate")
        assert shown.evaluate("document.activeElement.dataset.image") == order[2]
        shown.keyboard.press("ArrowRight")
        shown.keyboard.press("Enter")
        assert dialog.locator(".walk").inner_text().endswith("4 of 5")
        shown.go_back()
        dialog.wait_for(state="hidden")


def test_what_was_done_and_said_of_an_image(browser: Any, address: str, made: Inputs) -> None:
    relabeled, unreadable = made.images["image_id"][5], made.images["image_id"][0]
    with opened(browser, f"{address}#images?state=relabeled") as shown:
        assert names(shown) == [relabeled]
        shown.locator(".tile").click()
        text = shown.locator("#theDetails").inner_text()
        assert all(part in text for part in (EVIL[5], "kept with another label", "new | label", "Ann | Bob"))
        shown.locator("#theDetails").get_by_role("button", name="Copy name").click()
        assert shown.evaluate("navigator.clipboard.readText()") == relabeled
        shown.keyboard.press("Escape")
    with opened(browser, f"{address}#images?issue=unreadable") as shown:
        assert names(shown) == [unreadable]
        assert shown.locator(".tile").inner_text().startswith("cannot be decoded")
        shown.locator(".tile").click()
        assert "empty | file" in shown.locator("#theDetails").inner_text()


@pytest.mark.parametrize("size", SIZES)
def test_names_that_would_be_markup_are_shown_as_they_are(browser: Any, address: str, size: str, made: Inputs) -> None:
    with opened(browser, f"{address}#images", size) as shown:
        for number, evil in EVIL.items():
            name = made.images["image_id"][number]
            assert name.endswith(evil)
            shown.evaluate("(hash) => { location.hash = hash; }", f"#images?image={quote(name, safe='')}&sort=format")
            dialog = shown.locator("#theDetails[open]")
            spelled = name.replace("\u202e", "\\u202e").replace("\u2066", "\\u2066")
            dialog.get_by_role("heading", level=2).filter(has_text=spelled).wait_for()
            assert dialog.locator("img").first.evaluate("(one) => one.decode().then(() => one.naturalWidth)") == 4
            assert dialog.evaluate("(one) => one.scrollWidth") <= SIZES[size][0]
            assert shown.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]


def test_the_list_of_what_is_filtered(browser: Any, address: str, made: Inputs) -> None:
    with opened(browser, f"{address}#images?issue=any&sort=label") as shown:
        shown.get_by_text("List", exact=True).click()
        with shown.expect_download() as waiting:
            shown.get_by_role("button", name="Download as CSV").click()
        flagged = set(made.issues.filter("is_issue")["image_id"])
        found = pl.read_csv(Path(waiting.value.path()), infer_schema=False)["image_id"].to_list()
        assert set(found) == flagged and found == names(shown)
        shown.get_by_text("List", exact=True).click()
        shown.get_by_role("button", name="Copy file names").click()
        shown.locator(".message.seen").wait_for()
        assert shown.evaluate("navigator.clipboard.readText()") == "\n".join(found)


def test_an_address_that_names_what_is_not_there_shows_no_image(browser: Any, address: str) -> None:
    with opened(browser, f"{address}#images?issue=nothing&label=gone&range=none:1:2&sort=none&image=none") as shown:
        assert count(shown) == 0 and shown.locator(".chip").count() == 2
        shown.locator("#resetEmpty").click()
        assert count(shown) == COUNT
