"""What the search says to Git and DVC, and what it makes of their answers."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.utils.hydra import apply_overrides
from hypothesis import example, given
from hypothesis import strategies as st

from dataprep.errors import DataprepError
from dataprep.search.experiments import Experiments, override, reason
from dataprep.search.search import search
from dataprep.search.space import Trial
from tests.closure import ROOT

WORDS = st.text("ab'\\\" ,:{}[]=$", max_size=8)
VALUES = WORDS | st.integers() | st.booleans() | st.none() | st.floats(1e-9, 1e9)


def git(root: Path, *words: str) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("dvc.yaml", "params.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    return tmp_path


@pytest.mark.parametrize(
    "value", ["muon", "a'b", "back\\slash", "at the end\\", "\\'", "a, b: {c}", "1", 1, 0.00001, None, True, [1, "x"]]
)
def test_dvc_reads_an_override_as_the_value(value: Any, tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("train:\n  key: 0\n")
    apply_overrides(str(path), [f"train.key={override(value)}"])
    found = yaml.safe_load(path.read_text())["train"]["key"]
    assert (float(found) if isinstance(value, float) else found) == value


@given(st.dictionaries(st.sampled_from("xyz"), VALUES, max_size=3))
@example({"x": "\\\\'"})
def test_dvc_reads_a_mapping_as_the_mapping(value: dict[str, Any]) -> None:
    from dvc.utils.hydra import to_hydra_overrides

    (found,) = to_hydra_overrides([f"train.key={override(value)}"])
    assert found.value() == value


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("x\rtrain\nerror: the loss is nan\n  where: y\nERROR: failed to reproduce", "the loss is nan"),
        ("Traceback\n  File\ntorch.OutOfMemoryError: CUDA\nERROR: failed", "torch.OutOfMemoryError: CUDA"),
        ("ERROR: unable to acquire lock", "unable to acquire lock"),
        ("", "DVC ended without a word"),
    ],
)
def test_the_reason_is_the_line_that_says_most(output: str, expected: str) -> None:
    assert reason(output) == expected


def test_without_git(root: Path) -> None:
    with pytest.raises(
        DataprepError, match=r"in no Git repository, and the trials are DVC experiments\n.*\n.*git init"
    ):
        Experiments(root, 0)


def test_without_a_commit(root: Path) -> None:
    git(root, "init")
    with pytest.raises(DataprepError, match=r"no commit yet, and the trials are DVC experiments\n.*\n.*git commit"):
        Experiments(root, 0)


def test_changes_that_are_not_committed_are_named(root: Path) -> None:
    git(root, "init")
    git(root, "add", "dvc.yaml", "params.yaml")
    git(root, "commit", "-m", "Begin")
    (root / "dvc.lock").write_text("stages:\n  one:\n    outs: [{path: reports/made, md5: '0'}]\n")
    for name in ("reports/made/x.csv", "reports/search/trials.csv"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("1")
    git(root, "add", ".")
    Experiments(root, 0).refuse_uncommitted(root / "reports/search")
    (root / "params.yaml").write_text("{}")
    (root / "dataprep").mkdir()
    (root / "dataprep/live.py").write_text("")
    with pytest.raises(DataprepError, match=r"not committed: params.yaml, dataprep/live.py\n.*\n.*git commit"):
        Experiments(root, 0).refuse_uncommitted(root / "reports/search")


def lock(data: str, train: dict[str, Any]) -> str:
    predict = {"deps": [{"path": "data/images.parquet", "md5": data}, {"path": "dataprep/files.py", "md5": "code"}]}
    predict |= {"params": {"params.yaml": {"train": train, "seed": 0}}}
    ingest = {"outs": [{"path": "data/images.parquet", "md5": data}]}
    return yaml.safe_dump({"stages": {"ingest": ingest, "predict": predict}})


@pytest.mark.parametrize(
    ("data", "rate", "found"), [("same", 0.00001, True), ("other", 0.00001, False), ("same", 0.1, False)]
)
def test_an_experiment_counts_when_data_and_parameters_are_the_same(
    root: Path, data: str, rate: float, found: bool
) -> None:
    git(root, "init")
    (root / "dvc.lock").write_text(lock("same", {"learning_rate": 0.00001}).replace("1.0e-05", "1e-05"))
    git(root, "add", ".")
    git(root, "commit", "-m", "Begin")
    trial = Trial(1, {"learning_rate": rate}, {"train": {"learning_rate": rate}, "seed": 0})
    experiments = Experiments(root, 0)
    assert not experiments.found(trial)
    git(root, "update-ref", experiments._ref(trial), "HEAD")
    (root / "dvc.lock").write_text(lock(data, {}))
    assert experiments.found(trial) is found


@pytest.mark.parametrize(
    ("key", "value", "count", "message"),
    [
        ("predictions", {"kind": "file", "path": "x"}, None, "the predictions come from a file, and no network is"),
        ("seed", 0, 0, "search.trials: 0 given, should be greater than or equal to 1"),
    ],
)
def test_a_search_that_cannot_be(root: Path, key: str, value: Any, count: int | None, message: str) -> None:
    raw = yaml.safe_load((root / "params.yaml").read_text())
    (root / "params.yaml").write_text(yaml.safe_dump(raw | {key: value}))
    with pytest.raises(DataprepError, match=message):
        search(root / "params.yaml", Path("metrics.json"), root / "search", count)
