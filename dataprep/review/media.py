"""The pictures of a review session: files that any browser shows."""

import io
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import polars as pl
from PIL import Image, ImageDraw, ImageFont

from dataprep import engine, files, pixels

SHOWN_BY_BROWSERS = {
    "JPEG": ".jpg",
    "MPO": ".jpg",  # a JPEG file with further pictures behind the first
    "PNG": ".png",
    "WEBP": ".webp",
    "GIF": ".gif",
    "BMP": ".bmp",
}
BACKGROUND = 255  # gray value behind transparent pixels of pictures that are converted
BATCH_ROWS = 64
FOLDER = "data"


def plan(samples: pl.DataFrame, max_side: int) -> pl.DataFrame:
    """Return image_id, `file` (name in the folder `data`), `action` (copy, convert, replace), width, height.

    Files keep their bytes (copy) when browsers show their format and no side exceeds `max_side` px.
    Other readable ones become PNG (convert); unreadable ones a placeholder (replace). Names come from
    the SHA-256 of image_id, so that no character of it reaches the file system.
    """
    extension = pl.col("format").replace_strict(SHOWN_BY_BROWSERS, default=None, return_dtype=pl.String)
    fits = pl.max_horizontal("width", "height") <= max_side
    action = (
        pl.when(pl.col("unreadable").is_not_null() | pl.col("width").is_null())
        .then(pl.lit("replace"))
        .when(extension.is_not_null() & fits)
        .then(pl.lit("copy"))
        .otherwise(pl.lit("convert"))
    )
    stems = [files.sha256(name.encode())[:32] for name in samples["image_id"]]
    suffix = pl.when(action == "copy").then(extension).otherwise(pl.lit(".png"))
    return samples.select(
        "image_id",
        (pl.Series(stems, dtype=pl.String) + suffix).alias("file"),
        action.alias("action"),
        "width",
        "height",
    )


def write_media(
    plan: pl.DataFrame, read_original: Callable[[str], bytes], max_side: int, folder: Path, workers: int
) -> None:
    """Write the planned files into `folder`, with a progress bar; several processes when any are converted.

    A file that turns out to be unreadable gets the placeholder.
    """
    folder.mkdir()
    batches = _batches(plan, read_original)
    write = partial(_write_batch, folder=folder, max_side=max_side)
    processes = workers if (plan["action"] == "convert").any() else 1
    for _ in engine.map_batches(write, batches, workers=processes, rows=plan.height, description="session"):
        pass


@cache
def placeholder() -> bytes:
    """Return the PNG file, 160 x 120 px, that stands for an unreadable image."""
    image = Image.new("RGB", (160, 120), (226, 226, 230))
    draw = ImageDraw.Draw(image)
    draw.rectangle((4, 4, 155, 115), outline=(160, 160, 170))
    draw.text((80, 60), "unreadable", fill=(90, 90, 100), anchor="mm", font=ImageFont.load_default(20))
    return _png(image)


def _batches(plan: pl.DataFrame, read_original: Callable[[str], bytes]) -> Iterator[pl.DataFrame]:
    for rows in plan.iter_slices(BATCH_ROWS):
        data = [
            None if action == "replace" else read_original(image_id)
            for image_id, action in rows.select("image_id", "action").iter_rows()
        ]
        yield rows.with_columns(pl.Series("bytes", data, dtype=pl.Binary))


def _write_batch(rows: pl.DataFrame, folder: Path, max_side: int) -> None:
    for row in rows.iter_rows(named=True):
        data = row["bytes"]
        if row["action"] == "convert":
            data = _converted(data, row["width"] * row["height"], max_side)
        (folder / row["file"]).write_bytes(placeholder() if data is None else data)


def _converted(data: bytes, max_pixels: int, max_side: int) -> bytes | None:
    try:
        image = pixels.decode(data, max_pixels, BACKGROUND)
    except pixels.Unreadable:
        return None
    image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return _png(image)


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
