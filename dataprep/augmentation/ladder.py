"""The values of each operation that the audit tries, from mild to extreme, whatever the parameters use."""

from dataclasses import dataclass

from dataprep.config import OPERATIONS, Augment

ANGLES = (5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 150.0)
LEANS = (5.0, 10.0, 15.0, 20.0, 30.0, 45.0)
SHIFTS = (1 / 32, 1 / 16, 1 / 8, 3 / 16, 1 / 4, 1 / 3)
FACTORS = (1.1, 1.25, 1.5, 2.0)
LIGHTS = (0.9, 0.8, 0.65, 0.5, 0.35, 0.2, 1.1, 1.25, 1.5, 2.0, 3.0)
STRENGTHS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
BLURS = (1 / 64, 1 / 32, 1 / 16, 1 / 8)  # of the side


def _both(values: tuple[float, ...]) -> tuple[float, ...]:
    return (*values, *(-value for value in values))


def _inverse(values: tuple[float, ...]) -> tuple[float, ...]:
    return (*values, *(1 / value for value in values))


VALUES: dict[str, tuple[float, ...]] = {
    "horizontal_flip": (1.0,),
    "vertical_flip": (1.0,),
    "rotation": (*_both(ANGLES), 180.0),
    "shift": _both(SHIFTS),
    "crop": (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2),
    "scale": _inverse(FACTORS),
    "stretch": _inverse(FACTORS),
    "shear": _both(LEANS),
    "brightness": LIGHTS,
    "contrast": LIGHTS,
    "saturation": (0.75, 0.5, 0.25, 0.0, 1.5, 2.0, 3.0),
    "hue": (*_both((10.0, 20.0, 30.0, 60.0, 90.0, 120.0, 150.0)), 180.0),
    "blur": BLURS,
    "noise": (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5),
    "erasing": (0.05, 0.1, 0.2, 0.3, 0.4, 0.5),
    "lighting": (0.05, *STRENGTHS),
    "texture": (0.05, *STRENGTHS),
}
OF_THE_SIDE = ("blur",)  # px: the values above are shares of the side
RESAMPLING = ("scale", "stretch", "shear", "rotation", "shift", "crop")  # pixels fall between pixels


@dataclass(frozen=True)
class Rung:
    """One value of one operation. step: 1, 2, ... from the neutral value upward, -1, -2, ... downward.

    The rung of all operations together, as they are configured, has no value and step 0.
    """

    operation: str
    value: float | None
    step: int
    in_use: bool


CONFIGURED = Rung("as_configured", None, 0, True)


def resampled(side: int) -> Rung:
    """Return the rung that resamples and does hardly anything else: a shift by half a pixel of `side`."""
    return Rung("shift", 0.5 / side, 0, False)


def ladder(params: Augment, side: int) -> list[Rung]:
    """Return the rungs of all operations that change one image alone, mildest first on each side of the neutral value.

    The ends of the ranges in use are rungs as well, so that what the parameters ask for is always tried, and the last
    rung is all of it together. Values outside an operation's limits are left out. side: of the images, px.
    """
    found = []
    for operation, values in VALUES.items():
        known = OPERATIONS[operation]
        used = range_in_use(params, operation)
        scaled = [value * side if operation in OF_THE_SIDE else value for value in values]
        wanted = {value for value in (*scaled, *(used or ())) if known.limits[0] <= value <= known.limits[1]}
        for sign in (1, -1):
            apart = sorted((value for value in wanted if (value - known.neutral) * sign > 0), reverse=sign < 0)
            for number, value in enumerate(apart, start=1):
                found.append(Rung(operation, value, sign * number, used is not None and used[0] <= value <= used[1]))
    return [*found, CONFIGURED] if any(rung.in_use for rung in found) else found


def range_in_use(params: Augment, operation: str) -> tuple[float, float] | None:
    """Return the least and the largest value that `params` may draw; None when the operation is off."""
    if not params.copies or not params.probability(operation):
        return None
    return params.strengths(operation)
