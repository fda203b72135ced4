"""Images that do not belong among small photographs: digits, textures, noise, and photographs of another collection."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image, ImageOps
from skimage import data as pictures
from sklearn.datasets import load_digits

KINDS = ("digit", "texture", "noise", "animal")
TEXTURES = ("brick", "grass", "gravel")


def mixed_in(source: pl.DataFrame, label: str, share: float, animals: Path | None, seed: int) -> pl.DataFrame:
    """Return bytes, path, label and foreign (null, or one of KINDS): the source and `share` more foreign images.

    source: a table in the Hugging Face image layout. The foreign ones are equally many of each kind (without
    `animals` none of that one), of the source's first image's size, JPEG of Pillow's default quality,
    and have labels drawn from the source's.
    """
    random = np.random.default_rng(seed)
    own = source.select(pl.col("image").struct.unnest(), pl.col(label).alias("label"))
    with Image.open(io.BytesIO(own["bytes"][0])) as first:
        side = min(first.size)
    kinds = KINDS if animals is not None else KINDS[:-1]
    each = round(share * own.height / len(kinds))
    makers = {
        "digit": lambda: _digits(random, side),
        "texture": lambda: _textures(random, side),
        "noise": lambda: _noise(random, side),
        "animal": lambda: _animals(random, side, animals or Path()),
    }
    rows = [
        {"bytes": _jpeg(image), "path": f"foreign/{kind}-{number:04}.jpg", "foreign": kind}
        for kind in kinds
        for number, image in zip(range(each), makers[kind](), strict=False)
    ]
    labels = pl.Series("label", random.choice(own["label"].to_numpy(), len(rows)), dtype=own["label"].dtype)
    foreign = pl.DataFrame(rows).with_columns(labels)
    return pl.concat([own.with_columns(foreign=pl.lit(None, pl.String)), foreign], how="diagonal")


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    kept = io.BytesIO()
    Image.fromarray(pixels).save(kept, "JPEG")
    return kept.getvalue()


def _digits(random: np.random.Generator, side: int) -> Iterator[NDArray[np.uint8]]:
    """Yield scanned digits, black on white or white on black."""
    scans = (load_digits().images * (255 / 16)).astype(np.uint8)
    for number in random.permutation(len(scans)):
        scan = Image.fromarray(scans[number] if random.random() < 0.5 else 255 - scans[number])
        yield np.array(scan.resize((side, side), Image.Resampling.BICUBIC).convert("RGB"))


def _textures(random: np.random.Generator, side: int) -> Iterator[NDArray[np.uint8]]:
    """Yield pieces of photographed surfaces, shrunk by 1 to 4 and tinted."""
    while True:
        surface = Image.fromarray(getattr(pictures, str(random.choice(TEXTURES)))())
        span = int(side * random.integers(1, 5))
        left, top = (int(random.integers(0, length - span + 1)) for length in surface.size)
        piece = surface.crop((left, top, left + span, top + span)).resize((side, side), Image.Resampling.BOX)
        tint = random.uniform(0.6, 1.0, 3)
        yield (np.array(piece)[:, :, None] * tint).astype(np.uint8)


def _noise(random: np.random.Generator, side: int) -> Iterator[NDArray[np.uint8]]:
    """Yield uniform noise, Gaussian noise on gray, and noise of blocks of 2 or 4 px, gray or colored."""
    while True:
        block = int(random.choice([1, 1, 2, 4]))
        shape = (-(-side // block), -(-side // block), 3 if random.random() < 0.5 else 1)
        values = random.uniform(0, 256, shape) if random.random() < 0.5 else random.normal(128, 48, shape)
        values = np.kron(values, np.ones((block, block, 1)))[:side, :side]
        yield np.broadcast_to(values.clip(0, 255).astype(np.uint8), (side, side, 3)).copy()


def _animals(random: np.random.Generator, side: int, folder: Path) -> Iterator[NDArray[np.uint8]]:
    """Yield the folder's photographs, cut to their central square and shrunk."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    for number in random.permutation(len(paths)):
        with Image.open(paths[number]) as picture:
            flat = Image.new("RGBA", picture.size, "white")
            flat.alpha_composite(picture.convert("RGBA"))
            yield np.array(ImageOps.fit(flat.convert("RGB"), (side, side), Image.Resampling.LANCZOS))
