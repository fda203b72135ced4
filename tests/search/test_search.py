"""A whole search in a clone of the repository: run, go on, fail, and be taken over."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dataprep.config import Choices
from dataprep.search.results import Outcome
from dataprep.search.search import search
from dataprep.search.space import draw
from tests.search.test_experiments import git
from tests.test_pipeline import copy_repository, set_params

pytestmark = pytest.mark.slow

RATES = (0.05, 1e30)
SEED = next(
    seed
    for seed in range(100)
    if [draw(Choices(choices=RATES), seed, number, "learning_rate") for number in (1, 2)] == list(RATES)
)
SMALL: dict[str, object] = {
    "source": {"kind": "folder", "path": "../photos"},
    "device": "cpu",
    "workers": 1,
    "measure.size": 16,
    "folds.k": 2,
    "train.optimizer": "sgd",
    "train.learning_rate": "auto",
    "train.width": 4,
    "train.epochs": 1,
    "train.min_steps": 10,
    "train.batch": 16,
    "train.workers": 1,
    "train.committee": 0,
    "search": {"trials": 2, "seed": SEED, "space": {"learning_rate": {"choices": list(RATES)}}},
}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("search")
    generator = np.random.default_rng(0)
    for number in range(40):
        pixels = generator.integers(0, 90, (16, 16, 3), dtype=np.uint8)
        pixels[4:12, 4:12, number % 2] = 200
        path = base / "photos" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    root = copy_repository(base / "clone")
    set_params(root, SMALL)
    git(root, "config", "user.name", "Ada")
    git(root, "config", "user.email", "ada@example.org")
    git(root, "add", ".")
    git(root, "commit", "-m", "Begin")
    return root


@pytest.fixture(autouse=True)
def _own_code_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)


def run(root: Path, count: int) -> list[Outcome]:
    return search(root / "params.yaml", Path("reports/training.json"), root / "reports/search", count)


def experiments(root: Path) -> dict[str, str]:
    command = ["git", "for-each-ref", "--format=%(refname:lstrip=-1) %(objectname)", "refs/exps"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    return {line.split()[0]: line.split()[1] for line in listed.stdout.splitlines() if line.startswith("search-")}


def test_a_search_goes_on_where_it_stopped_and_a_failing_trial_does_not_end_it(clone: Path) -> None:
    before = (clone / "params.yaml").read_bytes()
    first = run(clone, 1)
    assert [outcome.done for outcome in first] == [True, True]
    done = experiments(clone)
    assert set(done) == {f"search-{SEED}-000", f"search-{SEED}-001"}
    page = (clone / "reports/search/summary.md").read_bytes()

    assert run(clone, 1) == first
    assert experiments(clone) == done
    assert (clone / "reports/search/summary.md").read_bytes() == page

    more = run(clone, 2)
    assert more[:2] == first
    assert more[2].scores == {}
    assert more[2].reason.startswith("the training loss is ")
    assert experiments(clone) == done
    assert (clone / "params.yaml").read_bytes() == before
    assert not (clone / "data/networks").exists(), "the workspace is as it was"
    assert not list((clone / ".dvc/tmp/exps/standalone").glob("tmp*"))


def test_the_best_is_taken_over_with_dvc_alone(clone: Path) -> None:
    scores = run(clone, 1)[1].scores
    dvc = [sys.executable, "-m", "dvc"]
    # Later stages have never run here, of which DVC complains; what the experiment has is there all the same.
    subprocess.run([*dvc, "exp", "apply", f"search-{SEED}-001"], cwd=clone, capture_output=True)
    assert json.loads((clone / "reports/training.json").read_text()) == scores
    assert f"learning_rate: {RATES[0]}" in (clone / "params.yaml").read_text()
    assert (clone / "data/curves/metrics.json").is_file()
