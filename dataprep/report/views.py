"""Which images stand behind a number, and the links that lead to them."""

import re
from dataclasses import dataclass, fields
from urllib.parse import parse_qsl, quote, urlencode

from dataprep.wording import wording

PREFIX = "#images"
ADDRESS = re.compile(r"\]\((#images(?:\?[^)\s]*)?)\)")
HEADING = re.compile(r"^#{1,6} (.+?)\s*$", re.MULTILINE)
FINDINGS = "what-is-wrong-with-it"
STATES = {"kept": "what-was-done", "removed": "what-was-done", "relabeled": "what-was-done"}


@dataclass(frozen=True)
class View:
    """A selection of images in the page's explorer; None: any.

    issue: flagged with this kind. label: of this given label. split: of this split. prediction: `predicted.SAME` or
    `OTHER`. state: kept, removed or relabeled. sort: the measurement, score or kind of issue that orders them.
    """

    issue: str | None = None
    label: str | None = None
    split: str | None = None
    prediction: str | None = None
    state: str | None = None
    sort: str | None = None

    def address(self) -> str:
        """Return the link into the page's explorer.

        >>> View(issue="label_error", label="a b").address()
        '#images?issue=label_error&label=a%20b'
        """
        chosen = {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
        return f"{PREFIX}?{urlencode(chosen, quote_via=quote, safe='')}" if chosen else PREFIX

    def link(self, text: str) -> str:
        """Return the text, Markdown already, as a link to the images."""
        return f"[{text}]({self.address()})"


def view_of(address: str) -> View:
    """Return the View that has this address; keys that it does not know are left out.

    >>> view_of("#images?issue=dark&label=a%20b")
    View(issue='dark', label='a b', split=None, prediction=None, state=None, sort=None)
    """
    known = {field.name for field in fields(View)}
    pairs = parse_qsl(address.partition("?")[2], keep_blank_values=True)
    return View(**{key: value for key, value in pairs if key in known})


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading that is alone of its name.

    >>> slug("What is left for people?")
    'what-is-left-for-people'
    """
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def in_document(markdown: str) -> str:
    """Return the report without its page: each link to images becomes one to the heading that shows them.

    A kind of issue has a heading of its own name, a state of images stands under what was done; where there is no such
    heading, the link leads to what is wrong with the data, and without that one to the top.
    """
    headings = {slug(title) for title in HEADING.findall(markdown)}

    def heading(match: re.Match[str]) -> str:
        view = view_of(match[1])
        wanted = [slug(wording(view.issue).title)] if view.issue else []
        wanted += [STATES[view.state]] if view.state in STATES else []
        found = next((name for name in [*wanted, FINDINGS] if name in headings), "")
        return f"](#{found})"

    return ADDRESS.sub(heading, markdown)
