"""Pictures that are odd to look at: unreadable, dark, light, blurry, empty, noisy, of odd size or shape."""

import polars as pl

from dataprep.config import OddPixels
from dataprep.detectors.rows import issue_rows

STATISTICS = ("brightness", "contrast", "entropy", "noise", "sharpness")
LEAST_DEVIATION = 0.01  # of each statistic's range: a set of like images must not flag harmless specks


def detect(measurements: pl.DataFrame, params: OddPixels) -> pl.DataFrame:
    """Return ISSUES, one row per image and kind.

    Absolute rules: dark when the 99th percentile of luma is below `dark`, light when the 1st is above
    `light`, blurry by `sharpness`, low_information by `entropy_bits`, noisy by `noise`. Relative to the
    data set's median: odd_size by `size_factor`, odd_aspect by `aspect_factor`, and odd_statistics
    when brightness, contrast, entropy, noise or sharpness lies more than `deviations` robust standard
    deviations (1.4826 x median absolute deviation) from its median. An unreadable image is only that.
    """
    area = pl.col("pixel_count") / pl.col("pixel_count").median()
    shape = pl.col("aspect_ratio") / pl.col("aspect_ratio").median()
    size_score = pl.min_horizontal(area, 1 / area)
    table = measurements.with_columns(**_deviations())
    worst = pl.max_horizontal(*(f"{name}_z" for name in STATISTICS))

    def rows(kind: str, score: pl.Expr, is_issue: pl.Expr, note: pl.Expr) -> pl.DataFrame:
        return issue_rows(table, kind, score=score, is_issue=is_issue, note=note)

    return pl.concat(
        [
            rows(
                "unreadable",
                pl.when(pl.col("unreadable").is_null()).then(1.0).otherwise(0.0),
                pl.col("unreadable").is_not_null(),
                pl.col("unreadable"),
            ),
            rows(
                "dark",
                pl.col("brightness_p99"),
                pl.col("brightness_p99") < params.dark,
                _value("brightness_p99"),
            ),
            rows(
                "light",
                1 - pl.col("brightness_p1"),
                pl.col("brightness_p1") > params.light,
                _value("brightness_p1"),
            ),
            rows("blurry", pl.col("sharpness"), pl.col("sharpness") < params.sharpness, _value("sharpness")),
            rows(
                "low_information",
                pl.col("entropy") / 8,
                pl.col("entropy") < params.entropy_bits,
                _value("entropy"),
            ),
            rows("noisy", 1 - pl.col("noise"), pl.col("noise") > params.noise, _value("noise")),
            rows(
                "odd_size",
                size_score,
                size_score < 1 / params.size_factor,
                pl.format("{} px, {} times the median", "pixel_count", area.round(3)),
            ),
            rows(
                "odd_aspect",
                1 / shape,
                shape > params.aspect_factor,
                pl.format("longer side {} times the shorter", pl.col("aspect_ratio").round(2)),
            ),
            rows(
                "odd_statistics",
                params.deviations / (params.deviations + worst),
                worst > params.deviations,
                _odd_note(params.deviations),
            ),
        ]
    )


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
