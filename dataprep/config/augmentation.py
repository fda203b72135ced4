"""What may be done to training images, in which strength, and how often."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from dataprep.config.section import Range, Section, Share


@dataclass(frozen=True)
class Operation:
    """One way to augment.

    quantity: what its strength is, and in which unit. key: the range's name in params.yaml; None where the strength is
    just 0 (not done) or 1. neutral: the strength that changes nothing. limits: least and largest strength allowed.
    logarithmic: strengths are drawn evenly by their logarithm, so that f is as likely as 1 / f.
    """

    quantity: str
    key: str | None
    neutral: float
    limits: tuple[float, float]
    logarithmic: bool = False


# In the order of application; README.md and dataprep/augmentation have the formulas.
OPERATIONS: dict[str, Operation] = {
    "horizontal_flip": Operation("1: mirrored left to right", None, 0.0, (0.0, 1.0)),
    "vertical_flip": Operation("1: mirrored top to bottom", None, 0.0, (0.0, 1.0)),
    "scale": Operation("factor of width and height", "factor", 1.0, (0.25, 4.0), logarithmic=True),
    "stretch": Operation("factor of width over height", "factor", 1.0, (0.25, 4.0), logarithmic=True),
    "shear": Operation("degrees, along a drawn axis", "degrees", 0.0, (-60.0, 60.0)),
    "rotation": Operation("degrees, clockwise", "degrees", 0.0, (-180.0, 180.0)),
    "shift": Operation("share of the side, in a drawn direction", "share", 0.0, (-0.5, 0.5)),
    "crop": Operation("share of the area kept, at a drawn place", "area", 1.0, (0.01, 1.0)),
    "background": Operation("1: what the mask leaves is replaced by a drawn color or pattern", None, 0.0, (0.0, 1.0)),
    "hybrid": Operation("1: what the mask leaves is replaced by another training image", None, 0.0, (0.0, 1.0)),
    "brightness": Operation("factor of the pixel values", "factor", 1.0, (0.0, 4.0)),
    "contrast": Operation("factor of the distance from the image's mean", "factor", 1.0, (0.0, 4.0)),
    "saturation": Operation("factor of the distance from gray", "factor", 1.0, (0.0, 4.0)),
    "hue": Operation("degrees about the gray axis, from red toward yellow", "degrees", 0.0, (-180.0, 180.0)),
    "lighting": Operation("share that a lamp at a drawn place adds or takes", "strength", 0.0, (0.0, 1.0)),
    "texture": Operation("amplitude of a drawn pattern, of values 0 to 1", "strength", 0.0, (0.0, 1.0)),
    "blur": Operation("standard deviation of the Gaussian, px", "sigma", 0.0, (0.0, 10.0)),
    "noise": Operation("standard deviation, of values 0 to 1", "deviation", 0.0, (0.0, 1.0)),
    "erasing": Operation("share of the area, at a drawn place", "area", 0.0, (0.0, 0.9)),
    "mixup": Operation("weight of the partner", "share", 0.0, (0.0, 0.5)),
    "cutmix": Operation("share of the area taken from the partner, at a drawn place", "area", 0.0, (0.0, 0.5)),
}


def _pair(value: Any) -> Any:
    if not (isinstance(value, tuple) and len(value) == 2):
        raise ValueError("a range is written [low, high]")
    return value


Strengths = Annotated[Range, BeforeValidator(_pair)]


class Chance(Section):
    """An operation that is done or not."""

    probability: Share

    @model_validator(mode="before")
    @classmethod
    def _is_a_mapping(cls, value: Any) -> Any:
        if not isinstance(value, dict | Chance):
            keys = ", ".join(f"{key}: {'...' if key == 'probability' else '[low, high]'}" for key in cls.model_fields)
            raise ValueError(f"an operation is written {{{keys}}}")
        return value


class Degrees(Chance):
    degrees: Strengths


class Factor(Chance):
    factor: Strengths


class ShareRange(Chance):
    share: Strengths


class Area(Chance):
    area: Strengths


class Strength(Chance):
    strength: Strengths


class Sigma(Chance):
    sigma: Strengths


class Deviation(Chance):
    deviation: Strengths


class Augment(Section):
    """One field per operation of OPERATIONS: how probable it is, and from which range its strength is drawn."""

    copies: Annotated[int, Field(ge=0, le=100)]
    horizontal_flip: Chance
    vertical_flip: Chance
    scale: Factor
    stretch: Factor
    shear: Degrees
    rotation: Degrees
    shift: ShareRange
    crop: Area
    background: Chance
    hybrid: Chance
    brightness: Factor
    contrast: Factor
    saturation: Factor
    hue: Degrees
    lighting: Strength
    texture: Strength
    blur: Sigma
    noise: Deviation
    erasing: Area
    mixup: ShareRange
    cutmix: Area

    @field_validator(*(name for name, operation in OPERATIONS.items() if operation.key))
    @classmethod
    def _is_within_limits(cls, chance: Chance, info: ValidationInfo) -> Chance:
        operation = OPERATIONS[str(info.field_name)]
        low, high = getattr(chance, str(operation.key))
        least, most = operation.limits
        if not least <= low <= high <= most:
            raise ValueError(
                f"{operation.key} is [{low:g}, {high:g}]; it needs {least:g} <= low <= high <= {most:g}"
                f" ({operation.quantity})"
            )
        return chance

    def probability(self, operation: str) -> float:
        """Return how probable the operation is, 0 to 1."""
        return float(getattr(self, operation).probability)

    def strengths(self, operation: str) -> Range:
        """Return the range that the operation's strength is drawn from; (1, 1) where it is done or not."""
        key = OPERATIONS[operation].key
        return (1.0, 1.0) if key is None else getattr(getattr(self, operation), key)
