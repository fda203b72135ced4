"""Pictures that are odd to look at, or that other programs would see otherwise; each kind by one stated rule."""

import polars as pl
from PIL import Image

from dataprep.config import OddPixels
from dataprep.detectors.rows import issue_rows

STATISTICS = ("brightness", "contrast", "entropy", "noise", "sharpness")
LEAST_DEVIATION = 0.01  # of each statistic's range: a set of like images must not flag harmless specks
USUAL_SHARE = 0.5  # of the median: less is unlike the rest of the set
BLOCKIER = 0.1
OFTEN = 0.9  # quantile: what a tenth of the set has is usual
FAMILIES = {"MPO": "JPEG"}  # formats that go by another one's file names

Rule = tuple[str, pl.Expr, pl.Expr, pl.Expr]  # kind, score, is_issue, note


def detect(images: pl.DataFrame, measurements: pl.DataFrame, params: OddPixels) -> pl.DataFrame:
    """Return ISSUES, one row per image and kind.

    An unreadable image is that and, where the decoder tells that its file ends early, truncated. `_light_rules`,
    `_shape_rules`, `_file_rules` and `_odd_statistics` state the other rules. No rule but those of darkness, light and
    file names fires on what is usual in the data set: thresholds meet the set's median, and kinds that are no fault in
    themselves (gray, transparent, turned) count only while no more than the share `rare` of the readable images has
    them.
    """
    table = measurements.join(images.select("image_id", "format"), on="image_id", how="left", validate="1:1")
    table = table.with_columns(wrong_format=_wrong_format(table), **_deviations())
    rules = [*_unreadable(), *_light_rules(params), *_shape_rules(params), *_file_rules(params)]
    rules.append(_odd_statistics(params))
    return pl.concat(
        [issue_rows(table, kind, score=score, is_issue=found, note=note) for kind, score, found, note in rules]
    )


def _unreadable() -> list[Rule]:
    reason = pl.col("unreadable")
    short = reason.is_not_null() & reason.str.contains("truncated")
    return [
        (kind, pl.when(found).then(0.0).otherwise(1.0), found, reason)
        for kind, found in (("unreadable", reason.is_not_null()), ("truncated", short))
    ]


def _light_rules(params: OddPixels) -> list[Rule]:
    """dark: the 99th percentile of luma is below `dark`; light: the 1st is above `light`.

    underexposed, overexposed: `clipped` more of the pixels than in nine of ten pictures are quite black or white,
    beyond the share along the border. low_information: entropy below `entropy_bits`; near_empty: `plain` or more
    of the pixels are of one brightness; both below half of the median: of entropy, or of what is not background.
    grayscale: chroma below `gray`, and rare.
    """
    entropy, rest, chroma = pl.col("entropy"), 1 - pl.col("background"), pl.col("chroma")
    bits = pl.min_horizontal(pl.lit(params.entropy_bits), entropy.median() * USUAL_SHARE)
    gray = chroma < params.gray
    limits = []
    for kind, name in (("underexposed", "clipped_black"), ("overexposed", "clipped_white")):
        share = pl.col(name)
        limits.append((kind, 1 - share, share > params.clipped + share.quantile(OFTEN), _value(name)))
    return [
        ("dark", pl.col("brightness_p99"), pl.col("brightness_p99") < params.dark, _value("brightness_p99")),
        ("light", 1 - pl.col("brightness_p1"), pl.col("brightness_p1") > params.light, _value("brightness_p1")),
        *limits,
        ("low_information", entropy / 8, entropy < bits, _value("entropy")),
        ("near_empty", rest, (rest < 1 - params.plain) & (rest < rest.median() * USUAL_SHARE), _value("background")),
        ("grayscale", chroma, gray & _rare(gray, params), _value("chroma")),
    ]


def _shape_rules(params: OddPixels) -> list[Rule]:
    """blurry: sharpness below `sharpness` and half of its median, in a picture with contrast.

    noisy: noise above `noise` and halfway from the median to 1. blocky: blockiness above `blocky`, and BLOCKIER above
    the median. odd_size: `size_factor` times more or fewer pixels than the median. odd_aspect: `aspect_factor` times
    the median aspect ratio.
    """
    sharp, blocks, rough = pl.col("sharpness"), pl.col("blockiness"), pl.col("noise")
    soft = pl.min_horizontal(pl.lit(params.sharpness), sharp.median() * USUAL_SHARE)
    area = pl.col("pixel_count") / pl.col("pixel_count").median()
    size = pl.min_horizontal(area, 1 / area)
    shape = pl.col("aspect_ratio") / pl.col("aspect_ratio").median()
    return [
        ("blurry", sharp, (sharp < soft) & (pl.col("contrast") > LEAST_DEVIATION), _value("sharpness")),
        (
            "noisy",
            1 - rough,
            (rough > params.noise) & (rough > rough.median() + (1 - rough.median()).abs() * USUAL_SHARE),
            _value("noise"),
        ),
        (
            "blocky",
            2 * (1 - blocks),
            (blocks > params.blocky) & (blocks > blocks.median() + BLOCKIER),
            _value("blockiness"),
        ),
        (
            "odd_size",
            size,
            size < 1 / params.size_factor,
            pl.format("{} px, {} times the median", "pixel_count", area.round(3)),
        ),
        (
            "odd_aspect",
            1 / shape,
            shape > params.aspect_factor,
            pl.format("longer side {} times the shorter", pl.col("aspect_ratio").round(2)),
        ),
    ]


def _file_rules(params: OddPixels) -> list[Rule]:
    """What a program sees otherwise that goes by the file's name, or drops transparency or EXIF.

    wrong_extension: the name ends as files of another image format do. transparent: dropping transparency changes
    `transparent` or more of the pixels; exif_rotated: EXIF turns or mirrors the picture; both if rare.
    """
    hidden, stored = pl.col("transparency"), pl.col("orientation")
    clear, turned, wrong = hidden >= params.transparent, stored != 1, pl.col("wrong_format").is_not_null()
    return [
        (
            "wrong_extension",
            pl.when(wrong).then(0.0).otherwise(1.0),
            wrong,
            pl.format("{} in a file named as {}", "format", "wrong_format"),
        ),
        ("transparent", 1 - hidden, clear & _rare(clear, params), _value("transparency")),
        (
            "exif_rotated",
            pl.when(turned).then(0.0).otherwise(1.0),
            turned & _rare(turned, params),
            pl.format("EXIF orientation {}", stored),
        ),
    ]


def _odd_statistics(params: OddPixels) -> Rule:
    """odd_statistics: brightness, contrast, entropy, noise or sharpness lies more than `deviations` robust standard
    deviations (1.4826 x median absolute deviation) from its median.
    """
    worst = pl.max_horizontal(*(f"{name}_z" for name in STATISTICS))
    score = params.deviations / (params.deviations + worst)
    return "odd_statistics", score, worst > params.deviations, _odd_note(params.deviations)


def _rare(found: pl.Expr, params: OddPixels) -> pl.Expr:
    return found.mean() <= params.rare


def _wrong_format(table: pl.DataFrame) -> pl.Series:
    """Return the format that the end of each image_id stands for where the file is in another one, else null."""
    named = {suffix: FAMILIES.get(kind, kind) for suffix, kind in Image.registered_extensions().items()}
    wrong = []
    for image_id, kind in table.select("image_id", "format").iter_rows():
        name, dot, end = image_id.rpartition("/")[2].rpartition(".")
        by_name = named.get(f".{end.lower()}") if name and dot else None
        wrong.append(by_name if kind and by_name and by_name != FAMILIES.get(kind, kind) else None)
    return pl.Series("wrong_format", wrong, pl.String)


def _deviations() -> dict[str, pl.Expr]:
    spans = {"entropy": 8.0}
    result = {}
    for name in STATISTICS:
        away = (pl.col(name) - pl.col(name).median()).abs()
        deviation = pl.max_horizontal(1.4826 * away.median(), pl.lit(LEAST_DEVIATION * spans.get(name, 1.0)))
        result[f"{name}_z"] = away / deviation
    return result


def _value(name: str) -> pl.Expr:
    return pl.format("{} {}", pl.lit(name), pl.col(name).round(3))


def _odd_note(limit: float) -> pl.Expr:
    parts = [
        pl.when(pl.col(f"{name}_z") > limit).then(
            pl.format("{} {} (median {})", pl.lit(name), pl.col(name).round(2), pl.col(name).median().round(2))
        )
        for name in STATISTICS
    ]
    return pl.concat_str(parts, separator=", ", ignore_nulls=True)
