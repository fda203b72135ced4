"""dvc.yaml says all that each stage reads: the modules it imports, the files it opens, the params it uses."""

import importlib
import re
from functools import cache
from typing import Any

import pytest
import yaml

from dataprep import detectors
from dataprep.config import Params, load
from tests.closure import ROOT, imported_files

PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text())


@cache
def stages() -> dict[str, dict[str, Any]]:
    """Return every stage with `foreach` written out."""
    found: dict[str, dict[str, Any]] = {}
    for name, stage in PIPELINE["stages"].items():
        for item in stage.get("foreach", [None]):
            body = stage["do"] if item else stage
            written = yaml.safe_load(yaml.safe_dump(body).replace("${item}", str(item)))
            found[f"{name}@{item}" if item else name] = written
    return found


def entry_points(stage: dict[str, Any]) -> list[str]:
    words = stage["cmd"].split()
    modules = [words[2]]
    if words[2] == "stages.detect":
        modules.append(f"dataprep.detectors.{words[3]}")
    return modules


@pytest.mark.parametrize("name", stages())
def test_every_imported_module_is_a_dependency(name: str) -> None:
    stage = stages()[name]
    used = set().union(*(imported_files(module) for module in entry_points(stage)))
    listed = set(stage["deps"])
    missing = {path for path in used if not any(path == dep or path.startswith(f"{dep}/") for dep in listed)}
    assert not missing, f"add to the deps of {name} in dvc.yaml"


@pytest.mark.parametrize("group", PIPELINE["stages"])
def test_no_module_is_a_dependency_for_nothing(group: str) -> None:
    members = [stage for name, stage in stages().items() if name.partition("@")[0] == group]
    used = {path for stage in members for module in entry_points(stage) for path in imported_files(module)}
    code = {dep for stage in members for dep in stage["deps"] if dep.startswith(("dataprep/", "stages/"))}
    idle = {dep for dep in code if not any(path == dep or path.startswith(f"{dep}/") for path in used)}
    assert not idle, f"remove from the deps of {group} in dvc.yaml"


@pytest.mark.parametrize("name", stages())
def test_every_path_on_the_command_line_is_a_dependency_or_an_output(name: str) -> None:
    stage = stages()[name]
    outs = [next(iter(o)) if isinstance(o, dict) else o for k in ("outs", "metrics") for o in stage.get(k, [])]
    for argument in stage["cmd"].split()[3:]:
        if "=" not in argument:
            continue
        role, _, path = argument.partition("=")
        if role == "scratch":  # what an interrupted run goes on from; nobody else reads it
            continue
        known = [*stage["deps"], *outs]
        assert any(entry == path or entry.startswith(f"{path}/") for entry in known), f"{path} in {name}"


def test_all_issue_tables_reach_the_stages_that_read_them_all() -> None:
    tables = {f"data/issues/{name}.parquet" for name in detectors.REGISTRY}
    for name in ("session", "clean", "report"):
        assert tables <= set(stages()[name]["deps"]), name


def test_every_detector_has_module_params_and_stage() -> None:
    configured = set(Params.model_fields["detectors"].annotation.model_fields)  # type: ignore[union-attr]
    run = {name.partition("@")[2] for name in stages() if name.startswith("detect_")}
    assert set(detectors.REGISTRY) == configured == run
    for name in detectors.REGISTRY:
        assert detectors.load(name).__doc__


def test_only_the_report_reads_which_faults_were_planted() -> None:
    readers = [name for name, stage in stages().items() if "data/digits-faults.parquet" in stage["deps"]]
    assert readers == ["report"]


def test_params_in_the_repository_are_valid() -> None:
    load(ROOT / "params.yaml")


def test_every_param_that_dvc_watches_is_there() -> None:
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    for name, stage in stages().items():
        for key in stage["params"]:
            value: Any = raw
            for part in key.split("."):
                assert part in value, f"{key} in {name}"
                value = value[part]


def settings_read(detector: str) -> set[str]:
    """Return the sections that a detector, or another of its group in dvc.yaml, reads beside its own."""
    group = next(stage["foreach"] for stage in PIPELINE["stages"].values() if detector in stage.get("foreach", []))
    read = {key for name in group for key in detectors.REGISTRY[name].reads}
    return {key.partition(".")[0] for name, key in detectors.SETTINGS.items() if name in read}


def sections_used(stage: dict[str, Any]) -> set[str]:
    """Return the sections of params that a stage's own module, or the report given all of them, touches."""
    path = ROOT / f"{stage['cmd'].split()[2].replace('.', '/')}.py"
    text = path.read_text()
    if "write_report(inputs" in text:
        text += "".join(p.read_text() for p in sorted((ROOT / "dataprep/report").glob("*.py")))
    used = set(re.findall(r"\bparams\.(\w+)", text)) & set(Params.model_fields)
    if "SETTINGS" in text:
        used |= settings_read(stage["cmd"].split()[3])
    if "SHAPING" in text:
        used |= set(importlib.import_module("stages.write").SHAPING)
    return used


@pytest.mark.parametrize("name", stages())
def test_every_used_section_of_params_is_watched(name: str) -> None:
    stage = stages()[name]
    watched = {key.partition(".")[0] for key in stage["params"]}
    assert sections_used(stage) == watched, name


def test_no_module_names_a_file_of_the_pipeline() -> None:
    paths = set((ROOT / "stages").glob("*.py")) | set((ROOT / "dataprep").rglob("*.py"))
    named = {path.name for path in paths if re.search(r"""["'](data|reports|reviews)/\w""", path.read_text())}
    defaults = {"cli.py", "own_predictions.py", "state.py", "versions.py"}  # of the command line, and of the history
    assert named <= defaults, "files are named in dvc.yaml; only what people call by hand has defaults"
