"""A small data set with hostile names, and the session made of it."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

from dataprep import config, files
from dataprep.review.session import write_session
from dataprep.schema import IMAGES, ISSUES, MEASUREMENTS

MARKUP = "train/cat/</script><script>alert(1)</script>.png"
IDS = sorted(
    [
        MARKUP,
        "test/cat/a b, \"c\" 'd' & <b>.png",
        "test/dog/" + "x" * 300 + ".png",
        "train/cat/../\x01\n\u2028 猫é.png",
        "train/dog/big.png",
        "train/dog/broken.png",
        "train/dog/photo.jpg",
        "train/dog/scan.tif",
    ]
)
LABELS = {name: "dog & <i>co</i>" if "/dog/" in name else "cat" for name in IDS}
SIZES = {"train/dog/big.png": (90, 45), "train/dog/scan.tif": (12, 7)}
FORMATS = {"train/dog/photo.jpg": "JPEG", "train/dog/scan.tif": "TIFF"}
BROKEN = "train/dog/broken.png"
MAX_SIDE = 64


@dataclass(frozen=True)
class Found:
    images: pl.DataFrame
    measurements: pl.DataFrame
    predictions: pl.DataFrame
    issues: pl.DataFrame
    originals: dict[str, bytes]

    def write(self, folder: Path, name: str = "pets") -> Path:
        params = config.Session(max_side=MAX_SIDE, enough=0.01)
        write_session(
            self.images, self.measurements, self.predictions, self.issues,
            self.originals.__getitem__, params, folder, name,
        )  # fmt: skip
        return folder


def found() -> Found:
    originals = {name: _encoded(name, level) for level, name in enumerate(IDS)}
    return Found(_images(originals), _measurements(), _predictions(), pl.concat(_issues()), originals)


def issue(kind: str, scores: dict[str, float], groups: dict[str, int], suggested: str | None = None) -> pl.DataFrame:
    """Return a row per image; those in `scores` are issues."""
    rows = {
        "image_id": IDS,
        "issue": [kind] * len(IDS),
        "score": [scores.get(name, 1.0) for name in IDS],
        "is_issue": [name in scores for name in IDS],
        "group": [groups.get(name) for name in IDS],
        "suggested_label": [suggested if name in scores else None for name in IDS],
        "suggested_probability": [0.75 if suggested and name in scores else None for name in IDS],
        "note": [f"<u>{kind}</u>" if name in scores else None for name in IDS],
    }
    return pl.DataFrame(rows, schema=ISSUES.columns)


def _issues() -> list[pl.DataFrame]:
    return [
        issue("label_error", {IDS[4]: 0.3, IDS[2]: 0.125, IDS[1]: 0.3, MARKUP: 0.2}, {}, "cat"),
        issue(
            "near_duplicate",
            {IDS[0]: 0.0, IDS[1]: 0.25, IDS[6]: 0.125, IDS[7]: 0.0},
            {IDS[0]: 1, IDS[1]: 0, IDS[6]: 0, IDS[7]: 1},
        ),
        issue("unreadable", {BROKEN: 0.0}, {}),
        issue("dark", {}, {}),
    ]


def _encoded(name: str, level: int) -> bytes:
    if name == BROKEN:
        return b"not an image"
    stream = io.BytesIO()
    Image.new("RGB", SIZES.get(name, (10, 6)), (level * 20, 200, 100)).save(stream, FORMATS.get(name, "PNG"))
    return stream.getvalue()


def _images(originals: dict[str, bytes]) -> pl.DataFrame:
    readable = [name != BROKEN for name in IDS]
    sizes = [SIZES.get(name, (10, 6)) for name in IDS]
    rows = {
        "image_id": IDS,
        "sha256": [files.sha256(originals[name]) for name in IDS],
        "bytes": [len(originals[name]) for name in IDS],
        "format": [FORMATS.get(name, "PNG") if ok else None for name, ok in zip(IDS, readable, strict=True)],
        "width": [size[0] if ok else None for size, ok in zip(sizes, readable, strict=True)],
        "height": [size[1] if ok else None for size, ok in zip(sizes, readable, strict=True)],
        "channels": [3 if ok else None for ok in readable],
        "label": [LABELS[name] for name in IDS],
        "split": [name.split("/")[0] for name in IDS],
    }
    return pl.DataFrame(rows, schema=IMAGES.columns)


def _measurements() -> pl.DataFrame:
    columns: dict[str, list[object]] = {name: [None] * len(IDS) for name in MEASUREMENTS.columns if name != "image_id"}
    columns["unreadable"] = ["damaged" if name == BROKEN else None for name in IDS]
    columns["brightness"] = [None if name == BROKEN else 0.5 for name in IDS]
    return pl.DataFrame({"image_id": IDS, **columns}, schema=MEASUREMENTS.columns)


def _predictions() -> pl.DataFrame:
    names = [name for name in IDS if name != BROKEN]
    probabilities = np.tile(np.array([0.75, 0.25], dtype=np.float32), (len(names), 1))
    probabilities[0] = probabilities[0, ::-1]
    vectors = pl.Series(probabilities, dtype=pl.Array(pl.Float32, 2))
    return pl.DataFrame(
        {
            "image_id": names,
            "label": [LABELS[name] for name in names],
            "fold": pl.Series([0] * len(names), dtype=pl.Int32),
            "probabilities": vectors,
            "joint_logits": pl.Series(np.log(probabilities), dtype=pl.Array(pl.Float32, 2)),
            "embedding": vectors,
        }
    )
