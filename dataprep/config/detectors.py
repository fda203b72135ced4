"""What counts as a finding."""

from typing import Annotated, Literal

from pydantic import Field

from dataprep.config.section import Section, Share


class ExactDuplicates(Section):
    match: Literal["pixels", "bytes"]


class NearDuplicates(Section):
    closeness: Annotated[float, Field(gt=0.0, le=1.0)]
    neighbors: Annotated[int, Field(ge=3, le=100)]  # the third tells what is usual
    mirrored: bool


class SplitLeaks(Section):
    from_near: bool


class LabelConflicts(Section):
    from_near: bool


class OddPixels(Section):
    dark: Share
    light: Share
    clipped: Share
    sharpness: Share
    entropy_bits: Annotated[float, Field(ge=0.0, le=8.0)]
    plain: Share
    gray: Share
    noise: Annotated[float, Field(ge=0.0)]
    blocky: Share
    transparent: Share
    rare: Share
    aspect_factor: Annotated[float, Field(ge=1.0)]
    size_factor: Annotated[float, Field(ge=1.0)]
    deviations: Annotated[float, Field(gt=0.0)]


class LabelErrors(Section):
    filter_by: Literal[
        "posterior",
        "prune_by_noise_rate",
        "prune_by_class",
        "both",
        "confident_learning",
        "predicted_neq_given",
        "low_normalized_margin",
        "low_self_confidence",
    ]
    rank_by: Literal["posterior", "self_confidence", "normalized_margin", "confidence_weighted_entropy"]


class Outliers(Section):
    method: Literal["joined", "cleanlab"]
    false_share: Annotated[float, Field(gt=0.0, lt=1.0)]
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


class Correlations(Section):
    """Strengths from which a property that follows the label counts as a spurious correlation."""

    file: Share
    picture: Share
    permutations: Annotated[int, Field(ge=19, le=1000)]
