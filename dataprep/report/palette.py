"""Which color means what: one place, so that a thing has the same color in every picture and plot.

All are Okabe and Ito's, which all kinds of color vision tell apart (Color Universal Design, 2008), or grays.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, YELLOW, BLACK = OKABE_ITO

INK = "#141414"  # text
MUTED = "#555555"  # text of less weight
RULE = "#dddddd"  # grid lines
BAND = "#e8ecf0"  # behind what belongs together
PAPER = "#ffffff"
NONE = "#efefef"  # a cell of a map with nothing to tell

GIVEN = BEFORE = GRAY = "#8c8c8c"  # the label as given, the data as they came
SUGGESTED = AFTER = BLUE  # the label suggested, the data as written
GOOD, WARN, BAD = GREEN, ORANGE, VERMILION
USUAL = SKY  # a bar or a band that needs nobody's attention

# Dark, pale and in between, so that parts beside each other differ in lightness as well.
TRAIN, VALIDATION, TEST = "#56B4E9", "#F0E442", "#8C4A75"
SPLITS = {
    "train": TRAIN,
    "training": TRAIN,
    "validation": VALIDATION,
    "valid": VALIDATION,
    "val": VALIDATION,
    "dev": VALIDATION,
    "test": TEST,
    "testing": TEST,
}
FURTHER = (TRAIN, TEST, VALIDATION, GRAY, BLACK, VERMILION, GREEN, BLUE, ORANGE, PURPLE)  # for other names

# From paper to dark: nothing is white, much is dark, and lightness alone tells the order.
AMOUNT = LinearSegmentedColormap.from_list("amount", ("#ffffff", "#b9dcf2", "#56b4e9", "#0072b2", "#003a5c"))
WRONG = LinearSegmentedColormap.from_list("wrong", ("#ffffff", "#fbd9b5", "#f0a35e", "#d55e00", "#7a3500"))


def split_colors(splits: Sequence[str]) -> dict[str, str]:
    """Return a color for each split: its own for the usual names, which come first, else those that are left.

    Training comes before validation and test, all others follow in the order given; beyond the colors they share one.
    """
    found: dict[str, str] = {}
    for split in splits:
        own = SPLITS.get(split.lower())
        if own is not None and own not in found.values():
            found[split] = own
    free = [color for color in FURTHER if color not in found.values()]
    rest = [split for split in splits if split not in found]
    usual = (TRAIN, VALIDATION, TEST)
    found = dict(sorted(found.items(), key=lambda item: usual.index(item[1])))
    return found | {split: free[min(place, len(free) - 1)] for place, split in enumerate(rest)}


def ink_on(color: object) -> str:
    """Return black or white, whichever has the higher contrast (WCAG 2.2) on the color."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]  # type: ignore[arg-type]
    luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    return "#ffffff" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "#000000"
