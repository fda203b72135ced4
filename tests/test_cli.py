import sys
from pathlib import Path

import pytest

from dataprep.cli import main
from stages.common import run


def test_no_report_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"error: there is no report yet\n.*metrics.json\n.*make repro"):
        main(["summary"])


def test_a_stage_ends_with_the_error_and_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stage", "out=x"])
    with pytest.raises(SystemExit, match=r"error: cannot read the parameters") as caught:
        run(lambda params, **paths: None)
    assert isinstance(caught.value.code, str)
