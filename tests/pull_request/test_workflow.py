"""The workflow: what it may do, what it runs, and that what it names exists."""

import argparse
import re
import shlex
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from dataprep import cli
from dataprep.pull_request.command import add_options
from tests.closure import ROOT

PATH = ROOT / ".github/workflows/dataset-report.yml"
# YAML 1.1 reads the key `on` as true.
WORKFLOW = yaml.safe_load(PATH.read_text().replace("\non:\n", '\n"on":\n'))
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]
LINTER = shutil.which("actionlint")


def steps(job: str) -> list[dict[str, Any]]:
    return list(JOBS[job]["steps"])


def scripts() -> list[str]:
    return [step["run"] for job in JOBS for step in steps(job) if "run" in step]


def uses(job: str, action: str) -> list[dict[str, Any]]:
    return [step.get("with", {}) for step in steps(job) if step.get("uses", "").startswith(f"{action}@")]


def test_each_job_may_do_only_what_it_must() -> None:
    assert WORKFLOW["permissions"] == {}
    assert {name: job["permissions"] for name, job in JOBS.items()} == {
        "report": {"contents": "read"},
        "comment": {"contents": "write", "pull-requests": "write"},
    }
    assert set(WORKFLOW["on"]) == {"pull_request", "push", "workflow_dispatch"}


def test_the_job_that_may_write_runs_trusted_code_only() -> None:
    (checkout,) = uses("comment", "actions/checkout")
    assert checkout["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert JOBS["comment"]["if"].endswith("head.repo.full_name == github.repository")
    commands = " ".join(step["run"] for step in steps("comment") if "run" in step)
    assert not re.search(r"\b(pip|make|dvc|source)\b", commands)


def test_no_token_stays_in_a_checkout_and_none_is_in_the_report_job() -> None:
    assert all(uses(job, "actions/checkout")[0]["persist-credentials"] is False for job in JOBS)
    assert uses("report", "actions/checkout")[0]["fetch-depth"] == 0
    with_token = [job for job in JOBS for step in steps(job) if "github.token" in str(step)]
    assert with_token == ["comment"]


def test_no_expression_stands_in_a_script() -> None:
    assert scripts()
    assert [script for script in scripts() if "${{" in script] == []


def test_actions_are_pinned_by_commit_with_their_version() -> None:
    lines = [line for line in PATH.read_text().splitlines() if "uses:" in line]
    assert len(lines) == sum("uses" in step for job in JOBS for step in steps(job))
    assert all(re.search(r"uses: actions/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line) for line in lines)


def test_pushes_cancel_only_runs_of_the_same_pull_request() -> None:
    assert "github.event.pull_request.number || github.ref" in WORKFLOW["concurrency"]["group"]
    assert WORKFLOW["concurrency"]["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"


def test_pull_requests_start_from_the_default_branchs_cache() -> None:
    (cache,) = uses("report", "actions/cache")
    number = "${{ github.event.pull_request.number || github.ref_name }}"
    assert cache["key"] == f"dvc-${{{{ runner.os }}}}-{number}-${{{{ github.run_id }}}}"
    default = "${{ github.event.repository.default_branch }}"
    assert cache["restore-keys"].splitlines() == [f"dvc-${{{{ runner.os }}}}-{of}-" for of in (number, default)]


def test_the_make_targets_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for script in scripts() for name in re.findall(r"\bmake (\w+)", script)}
    assert named == {"setup", "repro"}
    assert named <= targets


def test_the_commands_take_these_options() -> None:
    poster = argparse.ArgumentParser()
    add_options(poster)
    called = []
    for line in "\n".join(scripts()).splitlines():
        words = shlex.split(line) if re.match(r"\s*(dataprep|python3 -m dataprep)", line) else []
        if words[:1] == ["dataprep"]:
            called.append(cli._parser().parse_args(words[1:]).command)
        elif words:
            assert words[:3] == ["python3", "-m", "dataprep.pull_request"]
            numbered = ["12" if word == "$NUMBER" else word for word in words[3:]]
            called.append(str(poster.parse_args(numbered).pull_request))
    assert called == ["report", "12"]


def test_what_is_uploaded_is_what_is_downloaded() -> None:
    (download,) = uses("comment", "actions/download-artifact")
    uploads = {upload["name"]: upload["path"] for upload in uses("report", "actions/upload-artifact")}
    assert uploads[download["name"]] == download["path"] == "${{ runner.temp }}/changes"


@pytest.mark.skipif(LINTER is None, reason="no actionlint on the path")
def test_actionlint_finds_nothing() -> None:
    done = subprocess.run([str(LINTER), str(PATH)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
