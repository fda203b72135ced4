"""Score the detectors against the faults that were planted into the built-in data.

When a planted fault counts as found (issue rows count only where `is_issue`):

- exact_copy: the copy is an exact_duplicate in one group with its source;
- near_copy: the copy is a near_duplicate or an exact_duplicate in one group with its source;
- split_copy: the copy is a split_leak in one group with its source;
- swapped_label: the image is a label_error;
- odd_image: the image is flagged by any kind of odd pixels or outliers;
- unreadable_file: the file is unreadable;
- any other kind of fault: the image is flagged by any kind of issue. It has no precision.

recall = found / planted. precision = the share of the images flagged by those kinds that are
planted faults of that kind. Two rules for copies: an image flagged as a duplicate or a leak is
right when it is a planted copy of any kind (a copy across the split is an exact duplicate as
well) or the source of one; and near_copy is charged for the near_duplicate flags only.
The scanned digits have faults of their own, such as odd strokes and doubtful labels, that
nobody listed: they count against precision, which is therefore a lower bound.
"""

import polars as pl

from dataprep.detectors import REGISTRY

COPIES = {
    "exact_copy": ("exact_duplicate",),
    "near_copy": ("near_duplicate", "exact_duplicate"),
    "split_copy": ("split_leak",),
}
UNREADABLE_KINDS = ("unreadable", "truncated")
ODD_KINDS = tuple(
    kind for name in ("odd_pixels", "outliers") for kind in REGISTRY[name].kinds if kind not in UNREADABLE_KINDS
)
SINGLES = {"swapped_label": ("label_error",), "odd_image": ODD_KINDS, "unreadable_file": ("unreadable",)}
ORDER = [*COPIES, *SINGLES]

SCHEMA = {
    "fault": pl.String,
    "planted": pl.Int64,
    "found": pl.Int64,
    "recall": pl.Float64,
    "flagged": pl.Int64,  # images flagged by the kinds that look for this fault
    "precision": pl.Float64,  # null when nothing was flagged
}


def score(faults: pl.DataFrame, issues: pl.DataFrame) -> pl.DataFrame:
    """Return fault, planted, found, recall, flagged and precision, one row per kind of fault in `faults`."""
    flagged = issues.filter("is_issue")
    kinds = faults["fault"].unique().to_list()
    kinds.sort(key=lambda kind: (ORDER.index(kind) if kind in ORDER else len(ORDER), kind))
    rows = [_score_kind(kind, faults, flagged) for kind in kinds]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _score_kind(
    kind: str, faults: pl.DataFrame, flagged: pl.DataFrame
) -> tuple[str, int, int, float, int, float | None]:
    planted = faults.filter(pl.col("fault") == kind)
    if kind in COPIES:
        found = _copies_found(planted, flagged, COPIES[kind])
        every_copy = faults.filter(pl.col("fault").is_in(list(COPIES)))
        right = set(every_copy["image_id"]) | set(every_copy["source_id"].drop_nulls())
        judged = _images(flagged, COPIES[kind][:1])
    else:
        judged = _images(flagged, SINGLES[kind]) if kind in SINGLES else set(flagged["image_id"])
        right = set(planted["image_id"])
        found = len(right & judged)
    precision = len(judged & right) / len(judged) if judged and kind in ORDER else None
    return kind, planted.height, found, found / planted.height, len(judged), precision


def _images(flagged: pl.DataFrame, kinds: tuple[str, ...]) -> set[str]:
    return set(flagged.filter(pl.col("issue").is_in(kinds))["image_id"])


def _copies_found(planted: pl.DataFrame, flagged: pl.DataFrame, kinds: tuple[str, ...]) -> int:
    rows = flagged.filter(pl.col("issue").is_in(kinds) & pl.col("group").is_not_null())
    columns = rows["issue", "image_id", "group"]
    groups = {(issue, image_id): group for issue, image_id, group in columns.iter_rows()}

    def together(image_id: str, source_id: str | None, kind: str) -> bool:
        group = groups.get((kind, image_id))
        return group is not None and source_id is not None and group == groups.get((kind, source_id))

    pairs = planted["image_id", "source_id"].iter_rows()
    return sum(any(together(image_id, source_id, kind) for kind in kinds) for image_id, source_id in pairs)
