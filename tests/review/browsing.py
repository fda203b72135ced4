"""A headless Chromium that reviews as a person does."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dataprep.decisions.table import read_decisions
from tests.review import serving

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SECONDS = 1000
CHECKBOX = 18  # px from a tile's corner

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
Said = dict[str, tuple[str, str | None]]  # verdict and label by image


@contextmanager
def chromium(home: Path) -> Iterator[Any]:
    """Yield a browser with `home`, an empty folder, as the user's."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tool:
        opened = tool.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, env=serving.environment(home))
        yield opened
        opened.close()


def open_view(browser: Any, address: str) -> Any:
    """Return a page that shows the view's first images, with FiftyOne's greeting out of the way."""
    page = browser.new_page(viewport={"width": 1500, "height": 850})
    page.goto(address)
    page.locator("[data-cy=looker]").first.wait_for(timeout=90 * SECONDS)
    page.wait_for_timeout(2 * SECONDS)
    dismiss = page.get_by_text("Dismiss", exact=True)
    if dismiss.count():
        dismiss.first.click()
        dismiss.first.wait_for(state="hidden")
    return page


def select(page: Any, tile: int) -> None:
    """Select a tile of the grid by its box."""
    looker = page.locator("[data-cy=looker]").nth(tile)
    looker.hover()
    box = looker.bounding_box()
    page.mouse.click(box["x"] + CHECKBOX, box["y"] + CHECKBOX)
    page.wait_for_timeout(SECONDS)


def open_sample(page: Any, tile: int) -> None:
    """Open the sample of a tile."""
    page.locator("[data-cy=looker]").nth(tile).click()
    page.locator("#modal.modalon").wait_for(timeout=30 * SECONDS)
    page.wait_for_timeout(2 * SECONDS)


def shows(page: Any, image_id: str) -> None:
    """Wait until the open sample is this one."""
    page.locator("#modal").get_by_text(image_id, exact=True).first.wait_for(timeout=30 * SECONDS)
    page.wait_for_timeout(SECONDS)


def said(decisions: Path) -> Said:
    """Return what is on disk."""
    rows = read_decisions(decisions).select("image_id", "verdict", "label").iter_rows()
    return {name: (verdict, label) for name, verdict, label in rows}


def until(found: Callable[[], Any], wanted: Any) -> None:
    """Wait until `found` gives what is wanted."""
    deadline = time.monotonic() + 60
    while found() != wanted:
        assert time.monotonic() < deadline, f"{found()} is not {wanted}"
        time.sleep(0.2)
