"""Pixel scale and contrast."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from dataprep.config.section import Section

NotNegative = Annotated[float, Field(ge=0.0, le=1e30)]
Positive = Annotated[float, Field(gt=0.0, le=1e30)]
Window = Annotated[int, Field(ge=3, le=2049)]
Sigma = Annotated[float, Field(ge=0.01, le=1000.0)]  # px

Units = Literal["scaled", "0 to 255"]
BYTE_SPAN = 255.0

# Goodfellow, Bengio, Courville, Deep Learning (2016), section 12.2.1.1
PRESETS: dict[str, tuple[float, float, Units]] = {  # regularizer, floor, and the values that they are meant for
    "closely_cropped": (0.0, 1e-8, "scaled"),
    "small_random_crops": (10.0, 0.0, "0 to 255"),
}


def _number_or_fitted(value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool) and 0.0 < value <= 1e30
    if number or value == "fitted":
        return float(value) if number else value
    raise ValueError("should be a number above 0, at most 1e30, or the word fitted")


class Gcn(Section):
    """Global contrast normalization: s (x - mean) / max(floor, sqrt(regularizer + variance)).

    `units` tells for which values regularizer and floor are meant: those that the step gets, or the 0 to 255 of files.
    """

    step: Literal["gcn"]
    preset: Literal["closely_cropped", "small_random_crops"] | None = None
    s: Annotated[float | Literal["fitted"], BeforeValidator(_number_or_fitted)] = 1.0
    regularizer: NotNegative | None = None
    floor: NotNegative | None = None
    units: Units | None = None

    @model_validator(mode="after")
    def _is_clear(self) -> "Gcn":
        own = [key for key in ("regularizer", "floor", "units") if getattr(self, key) is not None]
        if self.preset and own:
            raise ValueError(f"preset {self.preset} sets {' and '.join(own)} already; leave out one or the other")
        if self.constants(1.0) == (0.0, 0.0):
            raise ValueError("regularizer and floor are both 0, so a flat image would be divided by 0")
        return self

    @property
    def of_bytes(self) -> bool:
        """Whether regularizer and floor are meant for values of 0 to 255."""
        return (PRESETS[self.preset][2] if self.preset else self.units) == "0 to 255"

    def constants(self, span: float) -> tuple[float, float]:
        """Return regularizer and floor for values whose range 0 to 255 has become `span` wide."""
        regularizer, floor, _ = PRESETS[self.preset or "closely_cropped"]
        regularizer = regularizer if self.regularizer is None else self.regularizer
        floor = floor if self.floor is None else self.floor
        ratio = span / BYTE_SPAN if self.of_bytes else 1.0
        return regularizer * ratio**2, floor * ratio


class Lcn(Section):
    """Local contrast normalization with a Gaussian window of `window` px and deviation `sigma` px."""

    step: Literal["lcn"]
    window: Window = 9
    sigma: Sigma = 2.0
    divisor: Literal["jarrett", "floor"] = "jarrett"
    regularizer: NotNegative = 0.0
    floor: Positive = 1e-4
    channels: Literal["joint", "separate"] = "joint"

    @model_validator(mode="after")
    def _fits_together(self) -> "Lcn":
        _centered(self.window, "window")
        if self.regularizer and self.divisor == "jarrett":
            raise ValueError("regularizer is for divisor: floor; jarrett divides by max(mean(sigma), sigma)")
        return self


class Standardize(Section):
    """(x - mean) / deviation per channel, both over the training split."""

    step: Literal["standardize"]


class Whiten(Section):
    """ZCA whitening; `regularizer` is a share of the mean variance."""

    step: Literal["whiten"]
    regularizer: Positive = 0.01


class Pylearn2Gcn(Section):
    """pylearn2's global_contrast_normalize, with its own names."""

    step: Literal["pylearn2_gcn"]
    scale: Positive = 1.0
    subtract_mean: bool = True
    use_std: bool = False
    sqrt_bias: NotNegative = 0.0
    min_divisor: NotNegative = 1e-8


class LecunLcn(Section):
    """pylearn2's lecun_lcn, with its own names."""

    step: Literal["lecun_lcn"]
    kernel_size: Window = 7
    threshold: Positive = 1e-4

    @model_validator(mode="after")
    def _has_a_center(self) -> "LecunLcn":
        _centered(self.kernel_size, "kernel_size")
        return self


def _centered(window: int, name: str) -> None:
    if window % 2 == 0:
        raise ValueError(f"{name} is {window}, an even number, so it has no center pixel")


STEPS: dict[str, type[Section]] = {
    "gcn": Gcn,
    "lcn": Lcn,
    "standardize": Standardize,
    "whiten": Whiten,
    "pylearn2_gcn": Pylearn2Gcn,
    "lecun_lcn": LecunLcn,
}
NormalizeStep = Annotated[Gcn | Lcn | Standardize | Whiten | Pylearn2Gcn | LecunLcn, Field(discriminator="step")]


class Normalize(Section):
    scale: Literal["[0, 1]", "[-1, 1]", "[0, 255]"]
    steps: tuple[NormalizeStep, ...]
    training_split: str
    onnx: Literal["auto", "always", "never"]

    @model_validator(mode="after")
    def _bytes_come_first(self) -> "Normalize":
        for number, step in enumerate(self.steps):
            if number and isinstance(step, Gcn) and step.of_bytes:
                raise ValueError(
                    f"steps.{number}: a regularizer meant for values of 0 to 255 does not fit what "
                    f"{self.steps[number - 1].step} leaves; make gcn the first step, or give one with units: scaled"
                )
        return self
