"""A small data set for the page: the report's fake inputs with names made to break pages, varied numbers, and files."""

import dataclasses
import io
import json
import struct
import zlib
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

from dataprep.originals import Originals, PartWriter
from dataprep.report.inputs import Inputs
from tests.report.builders import inputs

EVIL = {
    5: '"><script>window.broken = 1</script>',
    9: "' onerror='window.broken = 2' </script><!--",
    14: "\u202eexe.gpj שלום \u2066",
    21: "long" * 75,
}
BRIGHTEST = 0.9


def page_inputs(**changes: Any) -> Inputs:
    """Return the inputs of `builders` with EVIL behind some names, and brightness from 0 to BRIGHTEST in even steps."""
    made = inputs()
    ids = made.images["image_id"].to_list()
    names = {name: name + EVIL.get(number, "") for number, name in enumerate(ids)}
    values = {field.name: getattr(made, field.name) for field in dataclasses.fields(Inputs)}
    tables = {
        name: table.with_columns(pl.col("image_id").replace_strict(names))
        for name, table in values.items()
        if isinstance(table, pl.DataFrame) and "image_id" in table.columns and name != "faults"
    }
    steps = pl.Series("brightness", np.linspace(0, BRIGHTEST, len(ids)), pl.Float32)
    unreadable = pl.col("unreadable").is_not_null()
    measured = tables["measurements"].with_columns(steps)
    measured = measured.with_columns(brightness=pl.when(unreadable).then(None).otherwise("brightness"))
    return Inputs(**(values | tables | {"measurements": measured} | changes))


def originals(folder: Path, made: Inputs, side: int = 8) -> Originals:
    """Write a PNG file of random pixels per readable image, an empty one for the others, and return them."""
    random = np.random.default_rng(3)
    folder.mkdir(parents=True, exist_ok=True)
    writer = PartWriter(folder)
    readable = made.measurements["unreadable"].is_null()
    for name, good in zip(made.images["image_id"], readable, strict=True):
        stream = io.BytesIO()
        if good:
            pixels = random.integers(0, 256, (side, side // 2, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(stream, "PNG")
        writer.add(name, stream.getvalue())
    writer.flush()
    return Originals(folder)


def unpacked(text: str) -> tuple[dict[str, Any], list[list[float]]]:
    """Return header and columns of `encoding.pack` by plain loops: floats and integers of 4 bytes, bytes."""
    raw = zlib.decompress(b64decode(text))
    (size,) = struct.unpack_from("<I", raw)
    header = json.loads(raw[4 : 4 + size])
    kinds = "iiB" + "f" * len(header["axes"]) + "i" * len(header["categories"])
    for finding in header["findings"]:
        kinds += "Bi" if finding["grouped"] else "B"
    rows, at, columns = header["rows"], 4 + size, []
    for kind in kinds:
        wide = struct.calcsize(kind)
        columns.append([_value(raw, at, rows, row, wide, kind) for row in range(rows)])
        at += rows * wide
    assert at == len(raw)
    return header, columns


def _value(raw: bytes, at: int, rows: int, row: int, wide: int, kind: str) -> float:
    return struct.unpack(f"<{kind}", bytes(raw[at + plane * rows + row] for plane in range(wide)))[0]


def parts(page: str) -> tuple[str, list[bytes]]:
    """Return the packed data and the blocks of thumbnails of a page."""
    found = [piece.split("</script>")[0] for piece in page.split('<script type="text/plain" class="')[1:]]
    (packed,) = [text.partition('">')[2] for text in found if text.startswith("data")]
    return packed, [b64decode(text.partition('">')[2]) for text in found if text.startswith("tiles")]
