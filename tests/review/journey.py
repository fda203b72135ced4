"""One review from beginning to end, killed in the middle."""

from pathlib import Path
from typing import Any

import polars as pl

from tests.review import browsing, serving
from tests.review.browsing import Said


def suggestions(session: Path) -> tuple[list[str], dict[str, str]]:
    """Return the order of review, and what each image would be relabeled to."""
    rows = pl.read_json((session / "samples.json").read_bytes())["samples"].explode().struct.unnest()
    rows = rows.drop_nulls("review_order").sort("review_order")
    label = [pl.col(name).struct.field("label") for name in ("suggested_label", "predictions")]
    found = rows.select("image_id", label=pl.coalesce(label))
    return found["image_id"].to_list(), dict(found.iter_rows())


def review(browser: Any, session: Path, room: Path, decisions: Path, chosen: str) -> Said:
    """Keep, drop, relabel and undo in the App, kill it, reopen it and finish; return what was decided, by image.

    room: gets what the App writes. chosen: the class that an image is relabeled to by hand.
    """
    order, suggested = suggestions(session)
    expected: Said = browsing.said(decisions)
    order = [name for name in order if name not in expected]

    def decided(at: int, verdict: str, label: str | None = None) -> None:
        expected[order[at]] = (verdict, label)
        browsing.until(lambda: browsing.said(decisions), expected)

    with serving.app(session, room / "state", room / "home", decisions) as served:
        page = browsing.open_view(browser, served.addresses()["To review"])
        browsing.select(page, 0)
        page.keyboard.press("k")
        decided(0, "keep")
        page.wait_for_timeout(4 * browsing.SECONDS)
        browsing.open_sample(page, 0)
        browsing.shows(page, order[1])
        page.keyboard.press("d")
        decided(1, "drop")
        browsing.shows(page, order[2])
        page.get_by_text("Relabel to suggestion (l)").last.click()
        decided(2, "relabel", suggested[order[2]])
        browsing.shows(page, order[3])
        page.keyboard.press("k")
        decided(3, "keep")
        page.wait_for_timeout(2 * browsing.SECONDS)
        page.keyboard.press("u")
        del expected[order[3]]
        browsing.until(lambda: browsing.said(decisions), expected)
        browsing.shows(page, order[3])
        page.keyboard.press("d")
        decided(3, "drop")
        served.kill()
        page.close()
    assert browsing.said(decisions) == expected
    with serving.app(session, room / "state", room / "home", decisions) as served:
        page = browsing.open_view(browser, served.addresses()["To review"])
        browsing.open_sample(page, 0)
        browsing.shows(page, order[4])
        page.keyboard.press("c")
        page.get_by_placeholder("Type or select a value").fill(chosen)
        page.get_by_role("option", name=chosen, exact=True).click()
        page.get_by_role("button", name="Execute").click()
        decided(4, "relabel", chosen)
        page.close()
    return expected
