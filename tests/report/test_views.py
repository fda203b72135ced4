"""Addresses of images: into the page, and to headings where there is no page."""

from dataprep.report.views import View, in_document, slug, view_of
from tests.report.builders import HOSTILE


def test_an_address_names_what_was_chosen_in_order_and_leads_back() -> None:
    view = View(sort="label_error", issue="label_error", label=HOSTILE, state="kept")
    address = view.address()
    assert address.startswith("#images?issue=label_error&label=a%7Cb%20%60x%60")
    assert address.index("state=") < address.index("sort=")
    assert not set("()[]<>\n \"'|`") & set(address)
    assert view_of(address) == view
    assert View().address() == "#images"
    assert view_of("#images") == View()


def test_keys_that_a_view_lacks_are_left_out() -> None:
    assert view_of("#images?issue=dark&color=red") == View(issue="dark")


def test_without_a_page_links_lead_to_headings() -> None:
    text = "\n".join(
        (
            f"{View(issue='label_error', label='3').link('12')} {View(state='removed').link('5')}",
            f"{View(issue='dark').link('none')} {View().link('all')}",
            "## What is wrong with it",
            "### Suspect labels",
            "## What was done",
        )
    )
    lines = in_document(text).splitlines()
    assert lines[0] == "[12](#suspect-labels) [5](#what-was-done)"
    assert lines[1] == "[none](#what-is-wrong-with-it) [all](#what-is-wrong-with-it)"


def test_anchors_are_those_of_github() -> None:
    assert slug("What is left for people?") == "what-is-left-for-people"
    assert slug("Near duplicates: 12, of_them") == "near-duplicates-12-of_them"
