"""Review, cleaning, and what is written."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from dataprep.config.section import Range, Section, Share
from dataprep.detectors import KINDS
from dataprep.errors import nearest


class Session(Section):
    max_side: Annotated[int, Field(ge=16)]
    enough: Share


Action = Literal["keep", "drop", "drop_extra", "drop_train", "drop_other", "relabel"]


GROUP_ACTIONS = ("drop_extra", "drop_train", "drop_other")
GROUPED_KINDS = ("exact_duplicate", "near_duplicate", "split_leak", "label_conflict")


class Clean(Section):
    policy: dict[str, Action]
    relabel_confidence: Share

    @field_validator("policy")
    @classmethod
    def _fits_its_kinds(cls, policy: dict[str, Action]) -> dict[str, Action]:
        for kind, action in policy.items():
            if kind not in KINDS:
                raise ValueError(f"'{kind}' is no issue kind; {nearest(kind, KINDS)}the kinds are {', '.join(KINDS)}")
            if kind == "unreadable" and action != "drop":
                raise ValueError(f"'{action}' is no policy for unreadable images, of which nothing can be kept")
            if action in GROUP_ACTIONS and kind not in GROUPED_KINDS:
                raise ValueError(f"'{action}' is for groups of copies, and {kind} has none; use keep or drop")
            if action == "relabel" and kind != "label_error":
                raise ValueError(f"'relabel' is for label_error alone; {kind} suggests no label")
        return policy


class Gcn(Section):
    """Global contrast normalization: s (x - mean) / max(floor, sqrt(regularizer + variance))."""

    step: Literal["gcn"]
    s: Annotated[float, Field(gt=0.0)] = 1.0
    regularizer: Annotated[float, Field(ge=0.0)] = 0.0
    floor: Annotated[float, Field(ge=0.0)] = 1e-8

    @model_validator(mode="after")
    def _divisor_is_positive(self) -> "Gcn":
        if self.regularizer == 0.0 and self.floor == 0.0:
            raise ValueError("regularizer and floor are both 0, so a flat image would be divided by 0")
        return self


class Lcn(Section):
    """Local contrast normalization with a Gaussian window of `window` px and deviation `sigma` px."""

    step: Literal["lcn"]
    window: Annotated[int, Field(ge=3)] = 9
    sigma: Annotated[float, Field(gt=0.0)] = 2.0
    regularizer: Annotated[float, Field(ge=0.0)] = 0.0
    floor: Annotated[float, Field(ge=0.0)] = 1e-4
    channels: Literal["joint", "separate"] = "joint"

    @model_validator(mode="after")
    def _window_has_a_center(self) -> "Lcn":
        if self.window % 2 == 0:
            raise ValueError(f"window is {self.window}, an even number, so it has no center pixel")
        if self.regularizer == 0.0 and self.floor == 0.0:
            raise ValueError("regularizer and floor are both 0, so a flat patch would be divided by 0")
        return self


class Standardize(Section):
    """(x - mean) / deviation per channel, both over the training split."""

    step: Literal["standardize"]


NormalizeStep = Annotated[Gcn | Lcn | Standardize, Field(discriminator="step")]


class Normalize(Section):
    scale: Literal["[0, 1]", "[-1, 1]"]
    steps: tuple[NormalizeStep, ...]
    training_split: str


class Augment(Section):
    copies: Annotated[int, Field(ge=0, le=100)]
    horizontal_flip: Share
    vertical_flip: Share
    rotation_degrees: Annotated[float, Field(ge=0.0, le=180.0)]
    crop_scale: Range
    stretch: Annotated[float, Field(ge=1.0, le=4.0)]
    brightness: Share
    contrast: Share
    saturation: Share
    hue: Annotated[float, Field(ge=0.0, le=0.5)]

    @model_validator(mode="after")
    def _crop_is_a_range(self) -> "Augment":
        low, high = self.crop_scale
        if not 0.0 < low <= high <= 1.0:
            raise ValueError(f"crop_scale is [{low}, {high}]; it needs 0 < low <= high <= 1")
        return self


class Write(Section):
    shard_rows: Annotated[int, Field(ge=1)]


class Report(Section):
    worst: Annotated[int, Field(ge=1, le=64)]
