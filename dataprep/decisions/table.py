"""The decisions file: read, written, and what of it can be applied."""

import io
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path, PurePosixPath

import polars as pl
from polars.exceptions import PolarsError

from dataprep import files
from dataprep.errors import DataprepError, listing, nearest
from dataprep.schema import DECISIONS, VERDICTS, check, class_names

KEY = list(DECISIONS.key)
HINTS = 20  # decisions that get the nearest name: looking through names takes long
CANDIDATES = 2000  # names that are looked through


@dataclass(frozen=True)
class Settled:
    """What holds, one row per image, and what does not.

    agreed: DECISIONS, of several people who say the same the names, notes and the latest time in one row.
    disputed: image_id and `said`, who said what. unused: a line for each decision that cannot be applied, and why.
    """

    agreed: pl.DataFrame
    disputed: pl.DataFrame
    unused: list[str]


def read_decisions(path: Path) -> pl.DataFrame:
    """Return DECISIONS from the CSV file; a missing or empty file has none.

    Raises DataprepError for a file that is no CSV, lacks image_id or verdict, has an unknown
    column or verdict, or two decisions of one reviewer about one image.
    """
    return decisions_from(path.read_bytes(), str(path)) if path.is_file() else DECISIONS.empty()


def decisions_from(data: bytes, path: str) -> pl.DataFrame:
    """Return DECISIONS from the bytes of the CSV file at `path`; as `read_decisions`."""
    if not data:
        return DECISIONS.empty()
    try:
        frame = pl.read_csv(data, infer_schema=False)
    except PolarsError as error:
        raise _wrong(f"the decisions are not valid CSV: {str(error).splitlines()[0]}", path) from error
    for name in DECISIONS.required:
        if name not in frame.columns:
            raise _wrong(f"the decisions have no column '{name}'", path)
    unknown = [name for name in frame.columns if name not in DECISIONS.columns]
    if unknown:
        raise _wrong(f"unknown column {unknown[0]!r}: {nearest(unknown[0], DECISIONS.columns)}", path)
    frame = frame.with_columns(pl.lit(None, pl.String).alias(n) for n in DECISIONS.columns if n not in frame.columns)
    frame = frame.with_columns(pl.all().replace("", None))
    return _checked(frame.filter(~pl.all_horizontal(pl.all().is_null())), path)


def _checked(frame: pl.DataFrame, path: str) -> pl.DataFrame:
    if frame["image_id"].null_count():
        raise _wrong("a decision has no image_id", path)
    verdicts = frame.filter(~pl.col("verdict").is_in(VERDICTS) | pl.col("verdict").is_null())["verdict"]
    if verdicts.len():
        raise _wrong(f"the verdict {verdicts[0]!r} is not one of {', '.join(VERDICTS)}", path)
    twice = frame.filter(pl.struct(KEY).is_duplicated())["image_id"].unique().sort()
    if twice.len():
        raise _wrong(f"two decisions about the same image by one reviewer: {listing(twice)}", path)
    return check(frame, DECISIONS, path)


def write_decisions(frame: pl.DataFrame, path: Path) -> None:
    """Write DECISIONS as CSV, sorted by image and reviewer, whole or not at all, and wait until it is on disk."""
    text = io.BytesIO()
    check(frame, DECISIONS, str(path)).write_csv(text)
    with files.replacing(path) as part, part.open("wb") as stream:
        stream.write(text.getvalue())
        stream.flush()
        os.fsync(stream.fileno())


def settle(
    images: pl.DataFrame,
    unreadable: Iterable[str],
    decisions: pl.DataFrame,
    classes: list[str] | None = None,
    hints: int = HINTS,
) -> Settled:
    """Tell the decisions that hold from those in dispute and those that fit no image or class.

    Not applied is one about an unknown image or one whose sha256 has changed since, with an unknown class, to keep or
    relabel one of the `unreadable` images, or to keep one without a label. Among the rest reviewers agree when verdict
    and label are the same; a relabeling to the given label is a keep. Those who differ are in dispute; nobody wins.
    images: IMAGES, of which image_id, sha256 and label are read. classes: by default those of `images`.
    hints: how many lines of `unused` name an image that may be meant; 0 where nobody reads them.
    """
    classes = class_names(images) if classes is None else classes
    good, unused = usable(images, classes, set(unreadable), decisions.sort(KEY), hints)
    given = images.select("image_id", pl.col("label").alias("given"))
    judged = good.join(given, on="image_id", how="left", validate="m:1", maintain_order="left")
    same = (pl.col("verdict") == "relabel") & (pl.col("label") == pl.col("given"))
    judged = judged.with_columns(
        verdict=pl.when(same).then(pl.lit("keep")).otherwise("verdict"),
        label=pl.when((pl.col("verdict") == "relabel") & ~same.fill_null(False)).then("label"),
    )
    moments = [found and found.timestamp() for found in map(time_of, judged["decided_at"])]
    differ = pl.struct("verdict", "label").n_unique().over("image_id") > 1
    judged = judged.with_columns(pl.Series("moment", moments, pl.Float64), differ=differ)
    said = pl.format("{} {}", pl.col("reviewer").fill_null("somebody"), _verdict_in_words())
    disputed = judged.filter("differ").group_by("image_id", maintain_order=True).agg(said=said.str.join(", "))
    unused += [f"{name}: reviewers differ ({who}); decide again together" for name, who in disputed.iter_rows()]
    agreed = (
        judged.filter(~pl.col("differ"))
        .group_by("image_id", maintain_order=True)
        .agg(
            pl.col("sha256", "verdict", "label").first(),
            pl.col("reviewer").drop_nulls().str.join(", ").replace("", None),
            pl.col("decided_at").sort_by("moment", "decided_at").last(),
            pl.col("note").drop_nulls().str.join("; ").replace("", None),
        )
    )
    return Settled(check(agreed, DECISIONS, "decisions"), disputed, unused)


def time_of(text: str | None) -> datetime | None:
    """Return the time of `decided_at`, by default in UTC; None where it is no ISO 8601.

    >>> time_of("2026-01-01T12:00:00+09:00") < time_of("2026-01-01T11:00:00Z")
    True
    """
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _verdict_in_words() -> pl.Expr:
    return pl.when(pl.col("verdict") == "relabel").then(pl.format("relabel to {}", "label")).otherwise("verdict")


def usable(
    images: pl.DataFrame, classes: list[str], unreadable: set[str], decisions: pl.DataFrame, hints: int = HINTS
) -> tuple[pl.DataFrame, list[str]]:
    """Return the decisions that fit an image and a class as `settle` says, and a line for each other."""
    current = {
        name: (sha256, label) for name, sha256, label in images.select("image_id", "sha256", "label").iter_rows()
    }
    known = set(classes)
    good: list[bool] = []
    unused: list[str] = []
    for row in decisions.iter_rows(named=True):
        name, label = row["image_id"], row["label"]
        fault = None
        if name not in current:
            hint = _meant(name, current) if len(unused) < hints else ""
            fault = f"not in the data ({hint})" if hint else "not in the data"
        elif row["sha256"] and row["sha256"] != current[name][0]:
            fault = "the image has changed since the decision; review it again"
        elif row["verdict"] == "relabel" and label not in known:
            hint = nearest(label or "", classes).strip() or f"the classes are {listing(classes)}"
            fault = f"'{label}' is no class ({hint})" if label else f"relabel names no class ({hint})"
        elif name in unreadable and row["verdict"] != "drop":
            fault = "unreadable, so it cannot be kept"
        elif row["verdict"] == "keep" and current[name][1] is None:
            fault = "it has no label, so it cannot be kept; relabel it"
        good.append(fault is None)
        if fault:
            unused.append(f"{name}: {fault}")
    return decisions.filter(pl.Series(good, dtype=pl.Boolean)), unused


def _meant(name: str, names: Collection[str]) -> str:
    """Return which of the names may be meant: among many only those of the same file name are compared."""
    few = len(names) <= CANDIDATES
    last = PurePosixPath(name).name
    compared = names if few else list(islice((other for other in names if other.endswith(last)), CANDIDATES))
    return nearest(name, compared).strip() or ("no name is close" if few else "")


def _wrong(what: str, path: str) -> DataprepError:
    return DataprepError(what, where=path, remedy=f"mend the file; its columns are {', '.join(DECISIONS.columns)}")
