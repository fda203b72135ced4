"""params.yaml as frozen, range-checked models: one per section, one section per stage."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from dataprep.detectors import KINDS
from dataprep.errors import DataprepError, nearest
from dataprep.faults import explain

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Range = tuple[float, float]


class Section(BaseModel):
    """Frozen; unknown keys and wrong types are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Digits(Section):
    """scikit-learn's digits with planted faults, which the stage `digits` writes to `path`."""

    kind: Literal["digits"]
    path: str
    sample: Annotated[int, Field(gt=0)] | None = None


class Folder(Section):
    """Image files in class folders; `layout` says whether split folders lie above them."""

    kind: Literal["folder"]
    path: str
    layout: Literal["auto", "class", "split/class"] = "auto"
    sample: Annotated[int, Field(gt=0)] | None = None


class TableFiles(Section):
    """CSV or Parquet files. `path` is one file, or the folder that holds `files` and the images."""

    kind: Literal["table"]
    path: str
    files: tuple[str, ...] = ()
    image: str = "image"
    label: str = "label"
    split: str | None = None
    annotators: tuple[str, ...] = ()
    sample: Annotated[int, Field(gt=0)] | None = None


class Cifar(Section):
    """The published `cifar-10-python.tar.gz` or `cifar-100-python.tar.gz`."""

    kind: Literal["cifar"]
    path: str
    sample: Annotated[int, Field(gt=0)] | None = None


class Mnist(Section):
    """A folder with the published `*-images-idx3-ubyte.gz` and `*-labels-idx1-ubyte.gz`."""

    kind: Literal["mnist"]
    path: str
    sample: Annotated[int, Field(gt=0)] | None = None


Source = Annotated[Digits | Folder | TableFiles | Cifar | Mnist, Field(discriminator="kind")]


_SOURCES: dict[str, type[Section]] = {
    "digits": Digits,
    "folder": Folder,
    "table": TableFiles,
    "cifar": Cifar,
    "mnist": Mnist,
}


TAGS = {*_SOURCES, "gcn", "lcn", "standardize"}  # pydantic puts a union's chosen member into a fault's location


class DigitsFaults(Section):
    """How many faults of each kind the built-in data get."""

    seed: Annotated[int, Field(ge=0)]
    exact_copies: Annotated[int, Field(ge=0)]
    near_copies: Annotated[int, Field(ge=0)]
    split_copies: Annotated[int, Field(ge=0)]
    swapped_labels: Annotated[int, Field(ge=0)]
    odd_images: Annotated[int, Field(ge=0)]
    unreadable_files: Annotated[int, Field(ge=0)]


class Measure(Section):
    size: Literal["auto"] | Annotated[int, Field(ge=4, le=1024)]
    fit: Literal["stretch", "crop", "pad"]
    max_pixels: Annotated[int, Field(ge=1)]
    background: Annotated[int, Field(ge=0, le=255)]


class ExactDuplicates(Section):
    match: Literal["pixels", "bytes"]


class NearDuplicates(Section):
    closeness: Annotated[float, Field(gt=0.0, le=1.0)]
    neighbors: Annotated[int, Field(ge=1, le=100)]


class SplitLeaks(Section):
    from_near: bool


class LabelConflicts(Section):
    from_near: bool


class OddPixels(Section):
    dark: Share
    light: Share
    sharpness: Share
    entropy_bits: Annotated[float, Field(ge=0.0, le=8.0)]
    noise: Annotated[float, Field(ge=0.0)]
    aspect_factor: Annotated[float, Field(ge=1.0)]
    size_factor: Annotated[float, Field(ge=1.0)]
    deviations: Annotated[float, Field(gt=0.0)]


class LabelErrors(Section):
    filter_by: Literal[
        "margin_count",
        "prune_by_noise_rate",
        "prune_by_class",
        "both",
        "confident_learning",
        "predicted_neq_given",
        "low_normalized_margin",
        "low_self_confidence",
    ]
    rank_by: Literal["self_confidence", "normalized_margin", "confidence_weighted_entropy"]
    trust: Share


class Outliers(Section):
    neighbors: Annotated[int, Field(ge=1, le=100)]
    threshold: Annotated[float, Field(gt=0.0, lt=1.0)]
    deviations: Annotated[float, Field(gt=0.0)]


class Detectors(Section):
    """One section per entry of `detectors.REGISTRY`; a section without settings is empty."""

    exact_duplicates: ExactDuplicates
    near_duplicates: NearDuplicates
    odd_pixels: OddPixels
    split_leaks: SplitLeaks
    label_conflicts: LabelConflicts
    label_errors: LabelErrors
    outliers: Outliers


class Folds(Section):
    k: Annotated[int, Field(ge=2, le=100)]


class Train(Section):
    epochs: Annotated[int, Field(ge=1)]
    min_steps: Annotated[int, Field(ge=10)]
    batch: Annotated[int, Field(ge=2)]
    width: Annotated[int, Field(ge=4, le=512)]
    learning_rate: Annotated[float, Field(gt=0.0)]
    momentum: Annotated[float, Field(ge=0.0, lt=1.0)]
    weight_decay: Annotated[float, Field(ge=0.0)]
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)]
    flip: bool
    shift: Annotated[float, Field(ge=0.0, lt=0.5)]
    workers: Annotated[int, Field(ge=1)]


class Session(Section):
    max_side: Annotated[int, Field(ge=16)]


Action = Literal["keep", "drop", "drop_extra", "drop_train", "drop_other", "relabel"]


GROUP_ACTIONS = ("drop_extra", "drop_train", "drop_other")
GROUPED_KINDS = ("exact_duplicate", "near_duplicate", "split_leak", "label_conflict")


class Clean(Section):
    policy: dict[str, Action]
    relabel_score: Share

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


class Params(Section):
    """The whole of params.yaml."""

    seed: Annotated[int, Field(ge=0)]
    device: Literal["auto", "cpu", "cuda"]
    workers: Annotated[int, Field(ge=1)]
    source: Source
    digits: DigitsFaults
    measure: Measure
    detectors: Detectors
    folds: Folds
    train: Train
    session: Session
    clean: Clean
    normalize: Normalize
    augment: Augment
    write: Write
    report: Report


def load(path: Path) -> Params:
    """Read params.yaml.

    Raises DataprepError that lists every fault: unknown keys with the nearest known one,
    wrong types and values out of range with the value received.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
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
    return parse(raw, str(path))


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
        return list(_SOURCES[raw["source"]["kind"]].model_fields)
    if path[:2] == ["normalize", "steps"] and len(path) > 2:
        return [*Gcn.model_fields, *Lcn.model_fields]
    model: Any = Params
    for part in path[:-1]:
        field = getattr(model, "model_fields", {}).get(part)
        model = field.annotation if field else None
    return list(getattr(model, "model_fields", {}))
