"""Fit a normalization on the training split."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from dataprep.config import Gcn, Lcn, Normalize, NormalizeStep, Standardize, Whiten
from dataprep.normalization import modules
from dataprep.normalization.scaling import SPANS, moments
from dataprep.normalization.whitening import fit_whitening

Training = Callable[[], Iterable[Tensor]]


@torch.no_grad()
def fit(training: Training, shape: tuple[int, int, int], params: Normalize) -> modules.Normalization:
    """Return the normalization whose steps are fitted, one after the other, on what the steps before them give.

    training: gives batches (n, C, H, W) uint8 of the training split; called once per step that is fitted.
    shape: (C, H, W).
    Raises DataprepError for whitening of large images.
    """
    spec: dict[str, Any] = {
        "scale": params.scale,
        "channels": shape[0],
        "height": shape[1],
        "width": shape[2],
        "steps": [],
    }
    values: dict[str, Tensor] = {}
    for number, step in enumerate(params.steps):
        fitted, tensors = _fitted(step, _through(build(spec, values), training), params, first=number == 0)
        spec["steps"].append(fitted)
        values |= {f"steps.{number}.{name}": value for name, value in tensors.items()}
    return build(spec, values)


def build(spec: dict[str, Any], values: dict[str, Tensor]) -> modules.Normalization:
    """Return the module of a spec with its fitted values in place.

    Raises KeyError, TypeError or RuntimeError where they do not fit.
    """
    module = modules.Normalization(spec)
    module.load_state_dict(values)
    return module.eval().requires_grad_(False)


def _through(before: modules.Normalization, training: Training) -> Training:
    return lambda: (before(batch) for batch in training())


def _fitted(
    step: NormalizeStep, images: Training, params: Normalize, *, first: bool
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return the step's numbers, and its fitted tensors by name. LCN's are for pixels whose range is 1 wide."""
    if isinstance(step, Gcn):
        regularizer, floor = step.constants(SPANS[params.scale])
        numbers = {"s": 1.0, "regularizer": regularizer, "floor": floor}
        s = unit_deviation(modules.GlobalContrast(**numbers), images) if step.s == "fitted" else step.s
        return {"step": "gcn", **numbers, "s": s}, {}
    if isinstance(step, Lcn):
        span = SPANS[params.scale] if first else 1.0
        constants = {"regularizer": step.regularizer * span**2, "floor": step.floor * span}
        return step.model_dump(exclude={"channels"}) | constants | {"joint": step.channels == "joint"}, {}
    if isinstance(step, Standardize):
        mean, deviation = moments(images())
        return {"step": "standardize"}, {"mean": mean, "deviation": deviation}
    if isinstance(step, Whiten):
        mean, matrix = fit_whitening(images(), step.regularizer)
        return {"step": "whiten"}, {"mean": mean, "matrix": matrix}
    return step.model_dump(), {}


def unit_deviation(contrast: modules.GlobalContrast, images: Training) -> float:
    """Return the s with which all pixels of all images together have deviation 1; 1 where all images are flat."""
    _, deviation = moments(contrast(batch).flatten(1)[:, None, None] for batch in images())
    found = float(deviation[0])
    return 1.0 / found if found > 0 else 1.0
