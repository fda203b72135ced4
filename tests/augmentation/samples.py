"""Pictures and parameters that the tests of augmentation share."""

from typing import Any

import torch
import yaml
from torch import Tensor

from dataprep.config import OPERATIONS, Augment, parse
from tests.closure import ROOT
from tests.frames import digest

STRENGTHS = {name: 1.0 if other.key is None else other.limits[1] for name, other in OPERATIONS.items()}
SINGLE = [name for name in OPERATIONS if name not in ("mixup", "cutmix", "background", "hybrid")]


def digests(count: int, start: int = 0) -> list[str]:
    return [digest(str(n)) for n in range(start, start + count)]


def pictures(count: int, side: int, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def params(**changes: Any) -> Augment:
    """Return params.yaml's with all operations off but those given: a probability, or a range of strengths."""
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    for name, operation in OPERATIONS.items():
        given = changes.get(name, 0.0)
        raw["augment"][name]["probability"] = 1.0 if isinstance(given, tuple) else given
        if isinstance(given, tuple):
            raw["augment"][name][operation.key] = list(given)
    raw["augment"]["copies"] = changes.get("copies", 1)
    return parse(raw, "params.yaml").augment
