"""Copies of images by known edits, as they come about when pictures are passed on; deterministic by seed."""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

RESIZE = (0.5, 1.5)  # of the sides, both alike
QUALITY = (30, 90)  # of JPEG
CROP = 1 / 10  # of the side, cut off each of the four sides by its own draw
SHIFT = 1 / 16  # of the side, along each axis
DEGREES = (1.0, 5.0)  # in either direction
BRIGHTNESS = (0.15, 0.4)  # factor 1 ± that
CONTRAST = (0.15, 0.4)  # factor 1 ± that
BLUR = (1 / 80, 1 / 32)  # standard deviation, of the shorter side
NOISE = (4.0, 16.0)  # standard deviation, gray levels of 255
TEXT = (1 / 5, 1 / 3)  # height of the letters, of the shorter side
BORDER = (1 / 32, 1 / 10)  # width of the frame, of the shorter side
WORDS = ("photo", "2024", "stock", "NEW", "draft", "Aa1")
SMALLEST = 8  # px; no edit makes a side smaller unless it was


@dataclass(frozen=True)
class Copy:
    """A copy and its truth: which image it was made from, and by which edit of EDITS."""

    source: str
    edit: str
    image: Image.Image


def edited(images: Iterable[tuple[str, Image.Image]], seed: int, edits: tuple[str, ...] = ()) -> Iterator[Copy]:
    """Yield one copy of each (id, image), RGB, in their order; transparency is dropped, so flatten such images before.

    edits: names out of EDITS, all by default; each is as frequent as the others, in an order drawn by seed.
    What an image becomes depends on the seed and its position alone. Raises KeyError for an unknown edit.
    """
    names = edits or tuple(EDITS)
    order: list[int] = []
    for number, (source, image) in enumerate(images):
        place = number % len(names)
        if place == 0:
            order = np.random.default_rng([seed, 0, number]).permutation(len(names)).tolist()
        name = names[order[place]]
        yield Copy(source, name, EDITS[name](image.convert("RGB"), np.random.default_rng([seed, 1, number])))


def resize(image: Image.Image, random: Generator) -> Image.Image:
    factor = random.uniform(*RESIZE)
    width, height = (max(min(side, SMALLEST), round(side * factor)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC)


def reencode(image: Image.Image, random: Generator) -> Image.Image:
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=int(random.integers(QUALITY[0], QUALITY[1] + 1)))
    with Image.open(kept) as opened:
        return opened.convert("RGB")


def crop(image: Image.Image, random: Generator) -> Image.Image:
    """Cut off what is drawn for each side, one pixel at least of one side."""
    width, height = image.size
    left, right = (round(share * width) for share in random.uniform(0, CROP, 2))
    top, bottom = (round(share * height) for share in random.uniform(0, CROP, 2))
    if left + right + top + bottom == 0:
        left = 1
    return image.crop((left, top, max(left + 1, width - right), max(top + 1, height - bottom)))


def shift(image: Image.Image, random: Generator) -> Image.Image:
    """Move by whole pixels, one at least; what comes in repeats the edge."""
    moves = []
    for side in image.size:
        reach = max(1, int(side * SHIFT))
        moves.append(int(random.integers(-reach, reach + 1)))
    if not any(moves):
        moves[0] = 1
    pixels = np.asarray(image)
    rows = np.clip(np.arange(image.height) - moves[1], 0, image.height - 1)
    columns = np.clip(np.arange(image.width) - moves[0], 0, image.width - 1)
    return Image.fromarray(pixels[rows][:, columns])


def flip(image: Image.Image, random: Generator) -> Image.Image:
    return ImageOps.mirror(image)


def rotate(image: Image.Image, random: Generator) -> Image.Image:
    """Turn about the center at the same size; the corners that come in mirror what lies inside the edge."""
    degrees = random.uniform(*DEGREES) * random.choice([-1, 1])
    width, height = image.size
    margin = max(width, height) // 8 + 1
    wide = np.pad(np.asarray(image), ((margin, margin), (margin, margin), (0, 0)), mode="symmetric")
    turned = Image.fromarray(wide).rotate(degrees, Image.Resampling.BICUBIC)
    return turned.crop((margin, margin, margin + width, margin + height))


def brightness(image: Image.Image, random: Generator) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(_factor(BRIGHTNESS, random))


def contrast(image: Image.Image, random: Generator) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(_factor(CONTRAST, random))


def blur(image: Image.Image, random: Generator) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(random.uniform(*BLUR) * min(image.size)))


def noise(image: Image.Image, random: Generator) -> Image.Image:
    """Add independent Gaussian noise to each pixel and channel."""
    pixels = np.asarray(image, dtype=np.float32)
    grain = random.standard_normal(pixels.shape, dtype=np.float32) * np.float32(random.uniform(*NOISE))
    return Image.fromarray((pixels + grain).round().clip(0, 255).astype(np.uint8))


def text(image: Image.Image, random: Generator) -> Image.Image:
    """Write a word somewhere, light with a dark rim."""
    changed = image.copy()
    size = max(6, round(random.uniform(*TEXT) * min(image.size)))
    word = str(random.choice(WORDS))
    font = ImageFont.load_default(size)
    draw = ImageDraw.Draw(changed)
    right, bottom = draw.textbbox((0, 0), word, font)[2:]
    x = int(random.uniform(0, max(0.0, image.width - right)))
    y = int(random.uniform(0, max(0.0, image.height - bottom)))
    draw.text((x, y), word, (255, 255, 230), font, stroke_width=max(1, size // 16), stroke_fill=(20, 20, 20))
    return changed


def border(image: Image.Image, random: Generator) -> Image.Image:
    """Paint a frame of one gray over the edge; the size stays."""
    width = max(1, round(random.uniform(*BORDER) * min(image.size)))
    gray = int(random.integers(0, 256))
    changed = image.copy()
    ImageDraw.Draw(changed).rectangle((0, 0, image.width - 1, image.height - 1), outline=(gray,) * 3, width=width)
    return changed


def gray(image: Image.Image, random: Generator) -> Image.Image:
    return image.convert("L").convert("RGB")


EDITS: dict[str, Callable[[Image.Image, Generator], Image.Image]] = {
    "resize": resize,
    "re-encode": reencode,
    "crop": crop,
    "shift": shift,
    "flip": flip,
    "rotate": rotate,
    "brightness": brightness,
    "contrast": contrast,
    "blur": blur,
    "noise": noise,
    "text": text,
    "border": border,
    "gray": gray,
}


def _factor(span: tuple[float, float], random: Generator) -> float:
    """Return 1 plus or minus a draw from `span`."""
    return float(1 + random.uniform(*span) * random.choice([-1, 1]))
