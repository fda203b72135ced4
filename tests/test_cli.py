import sys
from pathlib import Path

import pytest
import yaml

from dataprep.cli import main
from stages.common import run
from tests.closure import ROOT


def test_no_report_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"error: there is no report yet\n.*metrics.json\n.*make repro"):
        main(["summary"])


@pytest.mark.parametrize("kind", ["folder", "table", "cifar", "mnist"])
def test_a_missing_source_is_named_before_dvc_looks_for_it(kind: str, tmp_path: Path) -> None:
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    raw["source"] = {"kind": kind, "path": str(tmp_path / "nowhere")}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(raw))
    with pytest.raises(SystemExit, match=r"(?s)error: .*not there.*nowhere.*to do: "):
        main(["check", "--params", str(tmp_path / "params.yaml")])


def test_wrong_parameters_are_named_before_dvc_reads_them(tmp_path: Path) -> None:
    text = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(text.replace("source:", "sorce:"))
    with pytest.raises(SystemExit, match=r"source: missing; is 'sorce' a misspelling of it\?"):
        main(["check", "--params", str(tmp_path / "params.yaml")])


def test_good_parameters_pass() -> None:
    main(["check", "--params", str(ROOT / "params.yaml")])


def test_a_stage_ends_with_the_error_and_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stage", "out=x"])
    with pytest.raises(SystemExit, match=r"error: cannot read the parameters") as caught:
        run(lambda params, **paths: None)
    assert isinstance(caught.value.code, str)
