"""The whole of params.yaml: read, checked, explained."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError

from dataprep.config.augmentation import Augment
from dataprep.config.detectors import Correlations, Detectors
from dataprep.config.normalization import STEPS, Normalize
from dataprep.config.outputs import Audit, Clean, Report, Session, Write
from dataprep.config.section import Section
from dataprep.config.sources import SOURCES, DigitsFaults, Measure, Source
from dataprep.config.training import Checks, Choices, Folds, LearningCurve, Predictions, Search, Span, Train
from dataprep.errors import DataprepError
from dataprep.faults import explain


class _Loader(yaml.SafeLoader):
    """Reads 1e-05 as a number, as YAML 1.2 and so DVC do: `dvc exp run --set-param` writes small numbers so."""


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?\d+[eE][-+]?\d+$"), list("-+0123456789"))


# pydantic puts a union's chosen member into a fault's location
TAGS = {*SOURCES, *STEPS, "span", "one of"}


class Params(Section):
    """The whole of params.yaml."""

    seed: Annotated[int, Field(ge=0)]
    device: Literal["auto", "cpu", "cuda"]
    workers: Annotated[int, Field(ge=1)]
    source: Source
    digits: DigitsFaults
    measure: Measure
    detectors: Detectors
    correlations: Correlations
    folds: Folds
    predictions: Predictions
    train: Train
    checks: Checks
    search: Search
    learning_curve: LearningCurve
    session: Session
    clean: Clean
    normalize: Normalize
    augment: Augment
    audit: Audit
    write: Write
    report: Report


def load(path: Path) -> Params:
    """Read params.yaml.

    Raises DataprepError that lists every fault: unknown keys with the nearest known one,
    wrong types and values out of range with the value received.
    """
    return parse(read(path), str(path))


def read(path: Path) -> Any:
    """Return the parsed YAML of params.yaml. Raises DataprepError when there is none."""
    try:
        return from_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataprepError(
            f"cannot read the parameters: {error.strerror}",
            where=str(path),
            remedy="run from the repository root, or restore it with `git checkout params.yaml`",
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataprepError(
            f"the parameters are not valid YAML: {error}", where=str(path), remedy="mend that line"
        ) from error


def from_yaml(text: str) -> Any:
    """Return the value of a YAML text, numbers read as DVC reads them."""
    return yaml.load(text, Loader=_Loader)


def parse(raw: Any, where: str) -> Params:
    """Turn the parsed YAML into Params; `where` names its origin in errors."""
    if not isinstance(raw, dict):
        raise DataprepError("the parameters are not a mapping", where=where, remedy="see params.yaml in README.md")
    try:
        return Params.model_validate(_tuples(raw))
    except ValidationError as error:
        faults = [explain(fault, raw, _known_keys, TAGS) for fault in error.errors()]
        noun = "a parameter is" if len(faults) == 1 else f"{len(faults)} parameters are"
        raise DataprepError(
            f"{noun} wrong:\n" + "\n".join(f"    {fault}" for fault in faults),
            where=where,
            remedy="mend the lines above; params.yaml says beside each key what it takes",
        ) from None


def _tuples(value: Any) -> Any:
    """YAML has lists only; strict models want the tuples that keep them frozen."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _known_keys(path: list[Any], raw: Any) -> list[str]:
    """Return the keys that may stand where the last one of `path` stands."""
    if path[0] == "source" and len(path) > 1:
        return list(SOURCES[raw["source"]["kind"]].model_fields)
    if path[:2] == ["search", "space"] and len(path) > 3:
        return [*Span.model_fields, *Choices.model_fields]
    if path[:2] == ["normalize", "steps"] and len(path) > 2:
        step = STEPS.get(raw["normalize"]["steps"][path[2]].get("step"))
        return list(step.model_fields) if step else []
    model: Any = Params
    for part in path[:-1]:
        field = getattr(model, "model_fields", {}).get(part)
        model = field.annotation if field else None
    return list(getattr(model, "model_fields", {}))
