"""Folds, training, its checks, and the experiments around it."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from dataprep.config.section import Section, Share
from dataprep.errors import nearest


class Folds(Section):
    k: Annotated[int, Field(ge=2, le=100)]


class Predictions(Section):
    """Where the out-of-fold probabilities come from: networks trained here, or a file of the user's own model."""

    kind: Literal["training", "file"]
    path: str


class EarlyStopping(Section):
    share: Annotated[float, Field(gt=0.0, le=0.5)]
    patience: Annotated[int, Field(ge=1)]


class Train(Section):
    network: Literal["auto", "fast", "resnet"]
    width: Annotated[int, Field(ge=4, le=512)]
    batch_norm: bool
    initialization: Literal["uniform", "gaussian", "xavier", "he", "dirac"]
    weights: str | None
    frozen_blocks: Annotated[int, Field(ge=0)]
    epochs: Annotated[int, Field(ge=1)]
    min_steps: Annotated[int, Field(ge=10)]
    batch: Annotated[int, Field(ge=2)]
    seeds: Annotated[int, Field(ge=1, le=100)]
    optimizer: Literal["muon", "sgd", "adam", "rmsprop", "adagrad"]
    learning_rate: Literal["auto"] | Annotated[float, Field(gt=0.0)]
    momentum: Literal["auto"] | Annotated[float, Field(ge=0.0, lt=1.0)]
    schedule: Literal["constant", "linear", "cosine"]
    warmup: Annotated[float, Field(ge=0.0, lt=1.0)]
    weight_decay: Annotated[float, Field(ge=0.0)]
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)]
    committee: Annotated[int, Field(ge=0, le=100)]
    committee_epochs: Annotated[int, Field(ge=1)]
    committee_width: Annotated[int, Field(ge=4, le=512)]
    committee_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)]
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)]
    input_dropout: Annotated[float, Field(ge=0.0, lt=1.0)]
    max_norm: Annotated[float, Field(gt=0.0)] | None
    clip_gradient: Annotated[float, Field(gt=0.0)] | None
    early_stopping: EarlyStopping | None
    flip: bool
    shift: Annotated[float, Field(ge=0.0, lt=0.5)]
    small_share: Share
    small_side: Annotated[float, Field(gt=0.0, le=1.0)]
    views: bool
    precision: Literal["auto", "float32", "bfloat16"]
    workers: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _frozen_blocks_have_weights(self) -> "Train":
        if self.frozen_blocks and self.weights is None:
            raise ValueError("frozen_blocks is set, but weights is null: random blocks would never be trained")
        return self


class Checks(Section):
    images: Annotated[int, Field(ge=16)]
    batch: Annotated[int, Field(ge=2)]
    steps: Annotated[int, Field(ge=5)]


class Span(Section):
    """Numbers from `low` to `high`, drawn evenly on their own or on a logarithmic scale."""

    low: float
    high: float
    scale: Literal["log", "linear"] = "linear"
    integer: bool = False

    @model_validator(mode="after")
    def _can_be_drawn_from(self) -> "Span":
        if self.low >= self.high:
            raise ValueError(f"low is {self.low:g} and high is {self.high:g}; it needs low < high")
        if self.scale == "log" and self.low <= 0.0:
            raise ValueError(f"low is {self.low:g}; a logarithmic scale begins above 0, or set scale: linear")
        if self.integer and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError(f"low is {self.low:g} and high is {self.high:g}; with integer both are whole numbers")
        return self


class Choices(Section):
    """One of these values, each as likely as the others."""

    choices: Annotated[tuple[Any, ...], Field(min_length=1)]


def _axis_kind(axis: Any) -> str:
    given_as_choices = isinstance(axis, Choices) or (isinstance(axis, dict) and "choices" in axis)
    return "one of" if given_as_choices else "span"


SearchAxis = Annotated[
    Annotated[Span, Tag("span")] | Annotated[Choices, Tag("one of")],
    Discriminator(_axis_kind),
]


class Search(Section):
    """Random search over parameters of `train`; keys of `space` are as under `train`, dotted where nested."""

    trials: Annotated[int, Field(ge=1, le=10_000)]
    seed: Annotated[int, Field(ge=0)]
    space: Annotated[dict[str, SearchAxis], Field(min_length=1)]

    @field_validator("space")
    @classmethod
    def _is_of_train(cls, space: dict[str, Any]) -> dict[str, Any]:
        known = [*Train.model_fields, *(f"early_stopping.{name}" for name in EarlyStopping.model_fields)]
        for key in space:
            if key not in known:
                raise ValueError(f"'{key}' is no parameter of train; {nearest(key, known)}see train in params.yaml")
        return space


class LearningCurve(Section):
    """Trainings on log-spaced shares of the data.

    `enough`: images per class that usually suffice, after Goodfellow, Bengio and Courville, Deep Learning (2016),
    chapter 1.
    """

    enabled: bool
    points: Annotated[int, Field(ge=3, le=20)]
    smallest: Annotated[float, Field(gt=0.0, lt=1.0)]
    repeats: Annotated[int, Field(ge=1, le=100)]
    enough: Annotated[int, Field(ge=1)]
