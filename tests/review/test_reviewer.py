"""Who reviews: the given name, git's, the login's, or nobody."""

import pytest

from dataprep.errors import DataprepError
from dataprep.review import reviewer


@pytest.mark.parametrize(
    ("given", "git", "login", "name"),
    [
        (" Ada ", "Bob", "cem", "Ada"),
        (None, "Bob\n", "cem", "Bob"),
        ("  ", None, "cem", "cem"),
        ("", " ", "cem", "cem"),
    ],
)
def test_the_first_that_has_a_name(
    monkeypatch: pytest.MonkeyPatch, given: str | None, git: str | None, login: str | None, name: str
) -> None:
    monkeypatch.setattr(reviewer, "_git_name", lambda: git)
    monkeypatch.setattr(reviewer, "_login_name", lambda: login)
    assert reviewer.reviewer_name(given) == name


def test_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reviewer, "_git_name", lambda: None)
    monkeypatch.setattr(reviewer, "_login_name", lambda: None)
    with pytest.raises(DataprepError, match="nobody is named as the reviewer") as caught:
        reviewer.reviewer_name(None)
    assert "--reviewer NAME" in caught.value.remedy
