import os

import pytest

from dataprep.environment import variables


def test_the_environment_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE", "1")
    monkeypatch.delenv("TWO", raising=False)
    with variables({"ONE": "x", "TWO": "y"}):
        assert os.environ["TWO"] == "y"
    assert os.environ["ONE"] == "1"
    assert "TWO" not in os.environ
