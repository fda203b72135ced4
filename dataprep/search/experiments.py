"""Trials as DVC experiments, each in a folder of its own: neither the workspace nor the Git index changes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from dataprep.config import from_yaml
from dataprep.errors import DataprepError, listing
from dataprep.search.space import SECTION, Trial, lookup

STAGE = "predict"  # the last one that a trial runs
LOCK = "dvc.lock"
PARAMS = "params.yaml"
RAISED = re.compile(r"[\w.]*(Error|Exception)\b(:|$)")  # the last line of a traceback


class Experiments:
    """The experiments of one search on the commit that is checked out in `root`, where dvc.yaml is."""

    def __init__(self, root: Path, seed: int) -> None:
        """Raise DataprepError where there is no Git repository with a commit."""
        self._root = root
        self._seed = seed
        if self._git("rev-parse", "--git-dir") is None:
            raise self._no_git("this folder is in no Git repository", "git init && git add . && git commit -m 'Begin'")
        baseline = self._git("rev-parse", "--verify", "--quiet", "HEAD")
        if baseline is None:
            raise self._no_git("the Git repository has no commit yet", "git add . && git commit -m 'Begin'")
        self._baseline = baseline.strip()
        self._pipeline = from_yaml((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]

    def name(self, trial: Trial) -> str:
        """Return the name of the trial's experiment."""
        return f"search-{self._seed}-{trial.number:03}"

    def refuse_uncommitted(self, results: Path) -> None:
        """Raise DataprepError when a file differs from the commit that is neither an output nor in `results`.

        DVC would put such changes into every experiment, and `dvc exp apply` over what was done since.
        """
        changed = (self._git("diff", "--name-only", "--relative", "-z", "HEAD") or "").split("\0")
        code = [path for path in self._pipeline[STAGE]["deps"] if "${" not in path]
        new = (self._git("ls-files", "--others", "--exclude-standard", "-z", "--", PARAMS, *code) or "").split("\0")
        known = [LOCK, *self._made(), os.path.relpath(results, self._root)]
        paths = [path for path in [*changed, *new] if path and not _within(path, known)]
        if paths:
            raise DataprepError(
                f"there are changes that are not committed: {listing(paths)}",
                where=str(self._root.resolve()),
                remedy="commit them (`git add` and `git commit`): each trial is an experiment on the last commit",
            )

    def prepare(self) -> None:
        """Reproduce, in the workspace, the stages whose outputs the trials share."""
        wanted = set(self._pipeline[STAGE]["deps"])
        names = [name for name, stage in self._pipeline.items() if wanted & {str(out) for out in stage.get("outs", [])}]
        if subprocess.run(_dvc("repro", *names), cwd=self._root, env=_environment()).returncode:
            raise DataprepError(
                "a stage before the training failed", where="dvc repro", remedy="see the message above, then try again"
            )

    def found(self, trial: Trial) -> bool:
        """Return whether the trial's experiment is there, run with these parameters on these data."""
        lock = self._shown(trial, LOCK)
        stage = from_yaml(lock)["stages"].get(STAGE, {}) if lock else {}
        made = self._made()
        same_data = all(made.get(dep["path"], dep["md5"]) == dep["md5"] for dep in stage.get("deps", []))
        used = stage.get("params", {}).get(PARAMS, {})
        return bool(used) and same_data and all(lookup(trial.raw, key) == value for key, value in used.items())

    def run(self, trial: Trial) -> str:
        """Run the trial and return "", or the reason why it failed. An older experiment of its name is replaced."""
        self._git("update-ref", "-d", self._ref(trial))
        words = ["exp", "run", "--temp", "--single-item", "--name", self.name(trial), "--copy-paths", LOCK]
        weights = lookup(trial.raw[SECTION], "weights")
        words += ["--copy-paths", weights] if weights and not Path(weights).is_absolute() else []
        for key, value in trial.changes.items():
            words += ["--set-param", f"{SECTION}.{key}={override(value)}"]
        process = subprocess.Popen(
            _dvc(*words, STAGE),
            cwd=self._root,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        try:
            output, _ = process.communicate()
        except KeyboardInterrupt:
            process.communicate()  # DVC was interrupted as well, and removes its folder before it ends
            raise
        return reason(output) if process.returncode else ""

    def scores(self, trial: Trial, metrics: Path) -> dict[str, float]:
        """Return the metrics that the trial's experiment holds; none when it has no such file."""
        text = self._shown(trial, metrics.as_posix())
        return json.loads(text) if text else {}

    def _made(self) -> dict[str, str]:
        """Return the hash of every output that dvc.lock knows, by path."""
        path = self._root / LOCK
        stages = from_yaml(path.read_text(encoding="utf-8"))["stages"] if path.is_file() else {}
        return {out["path"]: out["md5"] for stage in stages.values() for out in stage.get("outs", [])}

    def _shown(self, trial: Trial, path: str) -> str | None:
        return self._git("show", f"{self._ref(trial)}:./{path}")

    def _ref(self, trial: Trial) -> str:
        return f"refs/exps/{self._baseline[:2]}/{self._baseline[2:]}/{self.name(trial)}"

    def _git(self, *words: str) -> str | None:
        """Return what Git prints; None when it fails."""
        try:
            result = subprocess.run(["git", *words], cwd=self._root, capture_output=True, text=True)
        except FileNotFoundError as error:
            raise self._no_git("git is not installed", "install git") from error
        return result.stdout if result.returncode == 0 else None

    def _no_git(self, what: str, remedy: str) -> DataprepError:
        return DataprepError(
            f"{what}, and the trials are DVC experiments", where=str(self._root.resolve()), remedy=remedy
        )


def override(value: Any) -> str:
    """Return the value as Hydra's override grammar, which `dvc exp run --set-param` reads, writes it."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{override(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(override(item) for item in value) + "]"
    if isinstance(value, str):
        # In this grammar a backslash is one, unless a quote follows.
        return "'" + re.sub(r"(\\*)('|$)", lambda end: end[1] * 2 + end[2].replace("'", "\\'"), value) + "'"
    return json.dumps(value)


def reason(output: str) -> str:
    """Return the line of DVC's and the stage's output that says best what went wrong."""
    lines = [line.strip() for line in output.replace("\r", "\n").splitlines()]
    own = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    raised = [line for line in lines if RAISED.match(line)]
    of_dvc = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return next((found[-1] for found in (own, raised, of_dvc) if found), "DVC ended without a word")


def _within(path: str, known: list[str]) -> bool:
    return any(path == entry or path.startswith(f"{entry}/") for entry in known)


def _dvc(*words: str) -> list[str]:
    return [sys.executable, "-m", "dvc", *words]


def _environment() -> dict[str, str]:
    # Stages are run as `python -m ...`, which has to be this Python even where its environment is not activated.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return os.environ | {"PATH": path, "DVC_NO_ANALYTICS": "1"}
