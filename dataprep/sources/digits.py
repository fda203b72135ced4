"""The built-in data: scikit-learn's scanned digits with planted faults, to score the detectors by."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

from dataprep import files
from dataprep.config import DigitsFaults
from dataprep.errors import DataprepError
from dataprep.schema import FAULTS, check
from dataprep.sources.png import encode_png

CLASSES = 10
SIDE = 32  # px
TEST_SHARE = 0.2
Random = np.random.Generator


@dataclass(frozen=True)
class Digit:
    """One file to write. `source` is the number of the scan it shows; `label` the class folder."""

    source: int
    label: int
    split: str
    data: bytes
    suffix: str = ".png"
    fault: str | None = None
    true_label: str | None = None


def write_digits(folder: Path, params: DigitsFaults) -> pl.DataFrame:
    """Write `split/class/digit-0000.png` files below `folder`, whole or not at all; return FAULTS.

    The 1,797 scans (8x8, values 0 to 16; Alpaydin and Kaynak 1998, UCI) become gray 32x32, 0 to 255, by
    bicubic enlargement, so that a shift by one pixel is as small an edit as it is in a photograph. A fifth of
    each class is split "test". Each scan takes part in at most one fault:

    exact_copy: the same bytes again, in the same split and class.
    near_copy: a copy shifted by 1 or 2 px, 10 to 25 % brighter or darker, or as JPEG of quality 50 to 80.
    split_copy: a copy of a training image in the test split; every other one edited as a near copy is.
    swapped_label: the image lies in another class folder; true_label is its own class.
    odd_image: in place of the image, one gray level, uniform noise, or its negative.
    unreadable_file: in place of the image, a truncated PNG, an empty file, or text.

    Kinds take turns, so each makes up its equal part. File numbers are drawn anew in each folder and tell
    nothing. source_id is the image that was copied. Same parameters, same bytes.

    Raises DataprepError for more faults than scans, or a folder that cannot be written.
    """
    random = np.random.default_rng(params.seed)
    digits = _plant(_scans(random), params, random)
    names = _names(digits, random)
    with files.replacing_folder(folder) as part:
        for name, digit in zip(names, digits, strict=True):
            file = part / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(digit.data)
    return _faults(digits, names)


def _scans(random: Random) -> list[Digit]:
    from sklearn.datasets import load_digits  # takes a second to import

    scans = load_digits()
    test: set[int] = set()
    for label in range(CLASSES):
        members = random.permutation(np.flatnonzero(scans.target == label))
        test.update(members[: round(TEST_SHARE * len(members))].tolist())
    levels = np.rint(scans.images * (255 / 16)).astype(np.uint8)
    images = [Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC) for image in levels]
    return [
        Digit(source, int(label), "test" if source in test else "train", encode_png(np.asarray(image)))
        for source, (label, image) in enumerate(zip(scans.target, images, strict=True))
    ]


def _plant(digits: list[Digit], params: DigitsFaults, random: Random) -> list[Digit]:
    """Return all files to write: each digit, or what its fault makes of it."""
    drawn = [digits[source] for source in random.permutation(len(digits))]
    training = [digit for digit in drawn if digit.split == "train"]
    counts = {
        "exact_copy": params.exact_copies,
        "near_copy": params.near_copies,
        "swapped_label": params.swapped_labels,
        "odd_image": params.odd_images,
        "unreadable_file": params.unreadable_files,
    }
    wanted = params.split_copies + sum(counts.values())
    if params.split_copies > len(training) or wanted > len(digits):
        raise _unfit(
            f"{wanted} faults, {params.split_copies} of them split_copies, do not fit into {len(digits)} "
            f"images, {len(training)} of them in the training split: each takes one fault",
            "exact_copies to unreadable_files",
            "plant fewer",
        )
    leaked = training[: params.split_copies]
    used = {digit.source for digit in leaked}
    rest = iter([digit for digit in drawn if digit.source not in used])
    made = {digit.source: _split_copy(digit, number, random) for number, digit in enumerate(leaked)}
    for fault, count in counts.items():
        for number, digit in zip(range(count), rest, strict=False):
            made[digit.source] = MAKERS[fault](digit, number, random)
    return [file for digit in digits for file in made.get(digit.source, [digit])]


def _exact_copy(digit: Digit, number: int, random: Random) -> list[Digit]:
    return [digit, replace(digit, fault="exact_copy")]


def _near_copy(digit: Digit, number: int, random: Random) -> list[Digit]:
    return [digit, replace(_edited(digit, number, random), fault="near_copy")]


def _split_copy(digit: Digit, number: int, random: Random) -> list[Digit]:
    copy = _edited(digit, number // 2, random) if number % 2 else digit
    return [digit, replace(copy, fault="split_copy", split="test")]


def _edited(digit: Digit, number: int, random: Random) -> Digit:
    """Return the digit shifted, brighter or darker, or as JPEG, by turns."""
    pixels = _pixels(digit)
    if number % 3 == 0:
        offsets = [(y, x) for y in range(5) for x in range(5) if (y, x) != (2, 2)]
        y, x = offsets[random.integers(len(offsets))]
        return replace(digit, data=encode_png(np.pad(pixels, 2)[y : y + SIDE, x : x + SIDE]))
    if number % 3 == 1:
        factor = 1 + random.choice([-1, 1]) * random.uniform(0.10, 0.25)
        return replace(digit, data=encode_png(np.rint(pixels * factor).clip(0, 255).astype(np.uint8)))
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=int(random.integers(50, 81)))
    return replace(digit, data=stream.getvalue(), suffix=".jpg")


def _swapped_label(digit: Digit, number: int, random: Random) -> list[Digit]:
    other = (digit.label + int(random.integers(1, CLASSES))) % CLASSES
    return [replace(digit, fault="swapped_label", label=other, true_label=str(digit.label))]


def _odd_image(digit: Digit, number: int, random: Random) -> list[Digit]:
    level = (128 + 37 * (number // 3)) % 256  # 256 blank images without two alike
    pixels = (
        np.full((SIDE, SIDE), level, np.uint8),
        random.integers(256, size=(SIDE, SIDE), dtype=np.uint8),
        255 - _pixels(digit),
    )[number % 3]
    return [replace(digit, fault="odd_image", data=encode_png(pixels))]


def _unreadable_file(digit: Digit, number: int, random: Random) -> list[Digit]:
    cut = int(len(digit.data) * random.uniform(0.3, 0.7))
    text = f"<html><body>404 Not Found: digit {digit.source}</body></html>\n".encode()
    data = (digit.data[:cut], b"", text)[number % 3]
    return [replace(digit, fault="unreadable_file", data=data)]


MAKERS: dict[str, Callable[[Digit, int, Random], list[Digit]]] = {
    "exact_copy": _exact_copy,
    "near_copy": _near_copy,
    "swapped_label": _swapped_label,
    "odd_image": _odd_image,
    "unreadable_file": _unreadable_file,
}


def _pixels(digit: Digit) -> np.ndarray:
    with Image.open(BytesIO(digit.data)) as image:
        return np.asarray(image)


def _names(digits: list[Digit], random: Random) -> list[str]:
    """Return the files' relative paths, numbered within each folder in random order."""
    folders = [f"{digit.split}/{digit.label}" for digit in digits]
    numbers = {folder: iter(random.permutation(folders.count(folder))) for folder in dict.fromkeys(folders)}
    return [
        f"{folder}/digit-{next(numbers[folder]):04d}{digit.suffix}"
        for folder, digit in zip(folders, digits, strict=True)
    ]


def _faults(digits: list[Digit], names: list[str]) -> pl.DataFrame:
    named = list(zip(digits, names, strict=True))
    originals = {digit.source: name for digit, name in named if digit.fault is None}
    rows = [(name, digit.fault, originals.get(digit.source), digit.true_label) for digit, name in named if digit.fault]
    return check(pl.DataFrame(rows, schema=FAULTS.columns, orient="row"), FAULTS, "the planted faults")


def _unfit(what: str, key: str, remedy: str) -> DataprepError:
    return DataprepError(what, where=f"params.yaml, digits.{key}", remedy=remedy)
