"""The tables that stages hand on: columns, dtypes, units and keys.

`image_id` is the key everywhere and every table but ISSUES and DECISIONS has one row per image, sorted by it.
"""

from dataclasses import dataclass

import polars as pl

from dataprep.errors import DataprepError, listing

ANNOTATOR_PREFIX = "annotator:"
POLICY = "policy"  # who decided, where no person did


@dataclass(frozen=True)
class Table:
    """A table's contract. `key` columns are unique together and give the row order.

    A column whose dtype is the bare class `pl.Array` may have any width.
    `prefixes` maps the start of an optional column's name to its dtype.
    """

    name: str
    columns: dict[str, pl.DataType | type[pl.DataType]]
    key: tuple[str, ...] = ("image_id",)
    required: tuple[str, ...] = ("image_id",)
    prefixes: tuple[tuple[str, type[pl.DataType]], ...] = ()

    def empty(self) -> pl.DataFrame:
        """Return the table without rows; no column may be a bare `pl.Array`."""
        return pl.DataFrame(schema=self.columns)


IMAGES = Table(
    "IMAGES",
    {
        "image_id": pl.String,  # relative POSIX path, or the path that a table gives
        "sha256": pl.String,  # of the file's bytes
        "bytes": pl.Int64,  # file size, bytes
        "format": pl.String,  # as Pillow names it (PNG, JPEG, ...); null when the header is unreadable
        "width": pl.Int32,  # px, as displayed (after EXIF orientation); null when unreadable
        "height": pl.Int32,  # px, likewise
        "channels": pl.Int32,  # bands in the file (palette 1, RGBA 4); null when unreadable
        "label": pl.String,  # the given class; null when the source gives none
        "split": pl.String,  # train, test, ...; "train" when the source has no splits
    },
    required=("image_id", "sha256", "bytes", "split"),
    prefixes=((ANNOTATOR_PREFIX, pl.String),),
)

ORIGINALS = Table(
    "ORIGINALS",
    {
        "image_id": pl.String,
        "bytes": pl.Binary,  # the encoded file, as in the source
        "fault": pl.String,  # why the source could not give the bytes, which are empty then; else null
    },
    required=("image_id", "bytes"),
)

SKIPPED = Table("SKIPPED", {"path": pl.String, "reason": pl.String}, key=("path",), required=("path", "reason"))

MEASUREMENTS = Table(
    "MEASUREMENTS",
    {
        "image_id": pl.String,
        "unreadable": pl.String,  # why the image cannot be decoded; null when it can: then the rest is set
        "pixel_hash": pl.String,  # XXH3-128 of width, height, transparency and the decoded RGB pixels at full size
        "perceptual_hash": pl.UInt64,  # pHash, for queries of your own: 64 signs of DCT coefficients
        "brightness": pl.Float32,  # mean luma, 0 (black) to 1 (white)
        "brightness_p1": pl.Float32,  # 1st percentile of luma, 0 to 1: a light image has no dark pixel
        "brightness_p99": pl.Float32,  # 99th percentile of luma, 0 to 1: a dark image has no bright pixel
        "contrast": pl.Float32,  # standard deviation of luma, 0 to 0.5
        "sharpness": pl.Float32,  # share of the strong edges' contrast that a blur removes, 0 (blurred) to 1
        "entropy": pl.Float32,  # bits of the 256-bin luma histogram, 0 to 8
        "noise": pl.Float32,  # share of luma variance between neighbors, 0 (smooth) to about 1 (white noise)
        "background": pl.Float32,  # largest share of pixels within 5 neighboring levels of luma, 0 to 1 (plain)
        "clipped_black": pl.Float32,  # share of pixels of luma 0, less the share along the border, 0 to 1
        "clipped_white": pl.Float32,  # the same for luma 255
        "blockiness": pl.Float32,  # how far 8 x 8 blocks stand out, 0.5 or less (not at all) to 1 (all there is)
        "chroma": pl.Float32,  # mean of largest minus least of R, G and B of the square pixels, 0 (gray) to 1
        "transparency": pl.Float32,  # share of pixels that look different when transparency is dropped, 0 to 1
        "orientation": pl.Int32,  # EXIF's, as stored, 1 (upright) to 8
        "aspect_ratio": pl.Float32,  # longer side over shorter side, 1 or more
        "pixel_count": pl.Int64,  # width times height, px
    },
)

MEASURED = Table(
    "MEASURED",
    {
        "image_id": pl.String,  # every image whose bytes the source gave
        "sha256": pl.String,  # of the file's bytes that were measured
        "key": pl.String,  # of the method; see measure_pass.method_key
        "digest": pl.String,  # of the files of measurements and pixels, in which these contents stand
    },
    required=("image_id", "sha256", "key", "digest"),
)

FOLDS = Table("FOLDS", {"image_id": pl.String, "label": pl.String, "fold": pl.Int32, "reason": pl.String})

PREDICTIONS = Table(
    "PREDICTIONS",
    {
        "image_id": pl.String,  # every readable image
        "label": pl.String,
        "fold": pl.Int32,  # the fold that held the image out; null: in no fold, the mean of all folds' networks
        "probabilities": pl.Array,  # Float32, one per class in the order of class_names(IMAGES), sum 1
        # Float32, log P(right class | image) by all networks, also those that saw the image; or by one's own model
        "joint_logits": pl.Array,
        "embedding": pl.Array,  # Float32, input of the last layer; of the fold's own network
    },
    required=("image_id", "probabilities", "joint_logits", "embedding"),
)

CONSENSUS = Table(
    "CONSENSUS",
    {
        "image_id": pl.String,  # every image; the table is empty when there are no annotators
        "label": pl.String,  # what all labels and the networks together make most probable; null: nobody labeled it
        "probability": pl.Float32,  # of that label, 0 to 1
        "annotators": pl.Int32,  # how many labeled the image
        "agreement": pl.Float32,  # share of them who gave the consensus
    },
    required=("image_id", "annotators"),
)

ANNOTATORS = Table(
    "ANNOTATORS",
    {
        "annotator": pl.String,  # the name, without the prefix
        "labels": pl.Int64,  # how many were given
        "quality": pl.Float32,  # estimated share of them that are right; this and the rest null without labels
        "agreement_with_consensus": pl.Float32,  # share of them that are the consensus
        "agreement_with_others": pl.Float32,  # mean over the others of the share alike; null: no image in common
    },
    key=("annotator",),
    required=("annotator", "labels"),
)

HISTORY = Table(
    "HISTORY",
    {
        "fold": pl.Int32,
        "seed": pl.Int32,  # which of the fold's networks, from 0
        "epoch": pl.Int32,
        "train_loss": pl.Float32,  # mean over the epoch's steps, as trained (label smoothing included), nats
        "held_out_loss": pl.Float32,  # cross-entropy over the whole held-out fold, not calibrated yet, nats
        "held_out_accuracy": pl.Float32,  # share of the whole held-out fold, 0 to 1
    },
    key=("fold", "seed", "epoch"),
    required=("fold", "seed", "epoch", "train_loss", "held_out_loss", "held_out_accuracy"),
)

WATCHED = Table(
    "WATCHED",
    {
        "image_id": pl.String,  # a few images of the first fold
        "epoch": pl.Int32,
        "probabilities": pl.Array,  # Float32, after that epoch, in the order of class_names(IMAGES)
    },
    key=("image_id", "epoch"),
    required=("image_id", "epoch", "probabilities"),
)

CHECKS = Table(
    "CHECKS",
    {
        "check": pl.String,
        "status": pl.String,  # passes, warns, fails, or left out
        "value": pl.Float64,  # what was measured; null when left out
        "finding": pl.String,  # the value in words
        "rule": pl.String,  # what passes and what warns
        "remedy": pl.String,  # what to look at when it does not pass
    },
    key=("check",),
    required=("check", "status", "finding", "rule"),
)

LEARNING_CURVE = Table(
    "LEARNING_CURVE",
    {
        "images": pl.Int64,  # trained on
        "repeat": pl.Int32,
        "label": pl.String,  # a class, or null for all of them
        "judged": pl.Int64,  # held-out images
        "accuracy": pl.Float64,  # share of the judged ones whose given label is predicted
    },
    key=("images", "repeat", "label"),
    required=("images", "repeat", "judged", "accuracy"),
)

CLASS_PAIRS = Table(
    "CLASS_PAIRS",
    {
        "given": pl.String,  # the given label; a row per ordered pair of judged classes, equal ones included
        "right": pl.String,  # the right class
        "images": pl.Float64,  # estimated number of such images among the judged
        "probability": pl.Float64,  # estimated P(given | right), 0 to 1
        "overlap": pl.Float64,  # 0: told apart as well as is usual, 1: not at all; null: not looked at
        "overlapping": pl.Boolean,  # told apart far worse than is usual, in both directions
        "merge": pl.Boolean,  # hardly told apart
    },
    key=("given", "right"),
    required=("given", "right", "images", "probability", "overlapping", "merge"),
)

COVERAGE = Table(
    "COVERAGE",
    {
        "coverage": pl.Float64,  # share of the judged images, surest first, above 0 to 1
        "threshold": pl.Float64,  # lowest top probability among them
        "agreement": pl.Float64,  # share of them whose given label is predicted
        "estimated_accuracy": pl.Float64,  # estimated share of them whose right class is predicted
    },
    key=("coverage",),
    required=("coverage", "threshold", "agreement", "estimated_accuracy"),
)

SUBCLASSES = Table(
    "SUBCLASSES",
    {
        "label": pl.String,  # a class that falls into two groups
        "group": pl.Int32,  # 0 (the larger one) or 1
        "images": pl.Int64,  # in the group, of those looked at
        "share": pl.Float64,  # of those looked at, 0 to 1
        "separation": pl.Float64,  # 0: no valley between the groups, 1: an empty one
        "examples": pl.List(pl.String),  # image_ids, the most typical first
    },
    key=("label", "group"),
    required=("label", "group", "images", "share", "separation", "examples"),
)

SPURIOUS_CORRELATIONS = Table(
    "SPURIOUS_CORRELATIONS",
    {
        "property": pl.String,  # of the image: format, brightness, ...
        "label": pl.String,  # a class, told from all others; null: all classes told from each other
        "kind": pl.String,  # file, quality, light or background
        "images": pl.Int64,  # looked at, of the class or of all
        "strength": pl.Float64,  # 0: the property says nothing of the label, 1: all
        "chance": pl.Float64,  # what labels at random hardly ever reach, 0 to 1
        "spurious": pl.Boolean,  # above chance, and strong
        "auroc": pl.Float64,  # P(higher in the class than elsewhere), 0 to 1; null for categories and all classes
        "category": pl.String,  # the one that tells the class best; null for numbers
        "inside": pl.Float64,  # median in the class; of a category its share of the class
        "outside": pl.Float64,  # likewise of all others
    },
    key=("property", "label"),
    required=("property", "kind", "images", "strength", "chance", "spurious"),
)

AUGMENTATION_AUDIT = Table(
    "AUGMENTATION_AUDIT",
    {
        "operation": pl.String,  # one alone, at one value; or "as_configured": all as params.augment draws them
        "value": pl.Float64,  # of the operation's quantity; null as configured
        "label": pl.String,  # the given class of the images looked at
        "step": pl.Int32,  # 1 the mildest value tried; negative below the neutral value; 0 as configured
        "in_use": pl.Boolean,  # params.augment may draw this value
        "images": pl.Int64,  # looked at
        # mean probability of the given class, 0 to 1, of the images as they are; where the operation resamples them, of
        # the images shifted by half a pixel
        "before": pl.Float64,
        "after": pl.Float64,  # the same of the augmented images
        "loss": pl.Float64,  # before - after
        "loss_low": pl.Float64,  # lower bound of the mean loss, one-sided 95 %
        "becomes": pl.String,  # the class that gains most; null: none gains
        "gain": pl.Float64,  # what it gains, mean, 0 to 1
        "changes": pl.Boolean,  # loss_low is above the bound
        "another": pl.Boolean,  # and the class that gains most takes most of it: not unrecognized but something else
        "begins_at": pl.Float64,  # the mildest value on this side that changes the class; null: none does
        "example": pl.String,  # image_id of the clearest change, which has a picture; null: no picture
        "example_before": pl.Float64,  # its probability of the given class, 0 to 1
        "example_after": pl.Float64,  # the same, augmented
        "example_becomes": pl.String,  # the most probable class of it, augmented
    },
    key=("operation", "value", "label"),
    required=(
        *("operation", "label", "step", "in_use", "images", "before", "after", "loss", "loss_low", "gain"),
        *("changes", "another"),
    ),
)

AUGMENTED = Table(
    "AUGMENTED",
    {
        "image_id": pl.String,
        "copy": pl.Int32,  # counts from 1
        "partner_id": pl.String,  # the training image that it is mixed with (mixup, cutmix); null when it is not mixed
        "partner_label": pl.String,  # that image's label
        "partner_share": pl.Float32,  # how much of the mixture and so of the label is the partner's, 0 to 0.5
        "scene": pl.String,  # what is behind the object: background (drawn), hybrid (an image), null (its own)
        "scene_id": pl.String,  # with hybrid, that training image
        "masked": pl.Boolean,  # has a mask; null when none was looked for: background and hybrid are off
    },
    key=("image_id", "copy"),
    required=("image_id", "copy", "partner_share"),
)

AUGMENTED_LEFT_OUT = Table(
    "AUGMENTED_LEFT_OUT",
    {
        "image_id": pl.String,
        "copy": pl.Int32,  # the augmented copy that is not in AUGMENTED
        "reason": pl.String,
        "nearest": pl.String,  # image_id of the held-out image that it comes too near to
        "closeness": pl.Float32,  # to that image, 0 (as is usual) to 1 (the same picture)
    },
    key=("image_id", "copy"),
    required=("image_id", "copy", "reason", "nearest", "closeness"),
)

ISSUES = Table(
    "ISSUES",
    {
        "image_id": pl.String,
        "issue": pl.String,  # the kind
        "score": pl.Float32,  # 0 (worst) to 1
        "is_issue": pl.Boolean,
        "group": pl.UInt32,  # images that belong together within this kind, else null
        "suggested_label": pl.String,
        "suggested_probability": pl.Float32,  # that it is the right one, 0 to 1
        "note": pl.String,  # what a person should know, such as why a file is unreadable
    },
    key=("issue", "image_id"),
    required=("image_id", "issue", "score", "is_issue"),
)

VERDICTS = ("keep", "drop", "relabel")

DECISIONS = Table(
    "DECISIONS",
    {
        "image_id": pl.String,
        "sha256": pl.String,  # of the bytes the person saw
        "verdict": pl.String,  # keep, drop or relabel
        "label": pl.String,  # the new class, with relabel
        "reviewer": pl.String,
        "decided_at": pl.String,  # ISO 8601, UTC
        "note": pl.String,
    },
    key=("image_id", "reviewer"),
    required=("image_id", "verdict"),
)

TURNS = Table(
    "TURNS",
    {
        "image_id": pl.String,  # every readable image with a label
        "sha256": pl.String,
        "label": pl.String,  # the given one
        "weight": pl.Float64,  # probability that something is wrong, as far as detectors tell; above 0 to 1
        "turn": pl.Float64,  # smaller is earlier
        "copy": pl.Boolean,  # flagged as a copy, so that dropping it tells of no fault
    },
    required=("image_id", "sha256", "label", "weight", "turn", "copy"),
)

MAP = Table(
    "MAP",
    {"image_id": pl.String, "x": pl.Float64, "y": pl.Float64},  # place in a plane, without unit
    required=("image_id", "x", "y"),
)

KEPT = Table(
    "KEPT",
    {
        "image_id": pl.String,
        "sha256": pl.String,
        "split": pl.String,
        "label": pl.String,  # the label after correction
        "given_label": pl.String,  # the label in the source
        "reason": pl.String,  # why the label changed, or why a finding was overruled; null when nothing was
        "score": pl.Float32,  # of the finding that the policy acted on, 0 (worst) to 1; null where people decided
        "decided_by": pl.String,  # a reviewer's name, or "policy"; null when nothing was decided
        "decided_at": pl.String,  # ISO 8601; null for the policy
    },
    required=("image_id", "sha256", "split", "label"),
)

REMOVED = Table(
    "REMOVED",
    {
        "image_id": pl.String,
        "sha256": pl.String,
        "split": pl.String,
        "given_label": pl.String,
        "reason": pl.String,  # the issue kind and the rule that removed it, or the reviewer's verdict
        "score": pl.Float32,  # as in KEPT
        "decided_by": pl.String,
        "decided_at": pl.String,
    },
    required=("image_id", "sha256", "split", "reason", "decided_by"),
)

INDEX = Table(
    "INDEX",
    KEPT.columns
    | {
        "format": pl.String,  # as in IMAGES
        "width": pl.Int32,  # px, as displayed
        "height": pl.Int32,  # px, likewise
        "file": pl.String,  # the shard that holds the image's bytes, relative to the data set
        "offset": pl.Int64,  # where in it they begin, bytes
        "bytes": pl.Int64,  # how many they are
    },
    required=(*KEPT.required, "file", "offset", "bytes"),
)

TENSORS = Table(
    "TENSORS",
    AUGMENTED.columns  # copy 0 is the image itself, further columns are null there
    | {
        "split": pl.String,
        "label": pl.String,
        "file": pl.String,  # the .npy array that holds the pixels, relative to the data set
        "row": pl.Int64,  # their place in it
    },
    key=("image_id", "copy"),
    required=("image_id", "copy", "split", "label", "file", "row"),
)

CHANGES = Table(
    "CHANGES",
    {
        "image_id": pl.String,
        "change": pl.String,  # added, removed, renamed, relabeled, moved (to another split) or changed (other bytes)
        "label": pl.String,  # in the new version; of a removed image in the old one
        "old_label": pl.String,  # null for an added image
        "split": pl.String,  # likewise
        "old_split": pl.String,
        "reason": pl.String,
        "decided_by": pl.String,  # a reviewer's name, or "policy"; null when the source itself differs
        "old_id": pl.String,  # of a renamed image: its image_id in the old version
    },
    key=("change", "image_id"),
    required=("image_id", "change", "label", "split", "reason"),
)

FAULTS = Table(
    "FAULTS",
    {
        "image_id": pl.String,
        "fault": pl.String,  # kind of planted fault
        "source_id": pl.String,  # the image it was made from, or null
        "true_label": pl.String,
    },
    key=("image_id", "fault"),
    required=("image_id", "fault"),
)


def check(frame: pl.DataFrame, table: Table, where: str) -> pl.DataFrame:
    """Return `frame` with the table's columns in order and its rows sorted by key.

    Raises DataprepError, naming `where`, for a missing or surplus column, a wrong dtype,
    a null in a required column, or a repeated key.
    """
    extra = [c for c in frame.columns if c not in table.columns and not _prefix_dtype(table, c)]
    missing = [c for c in table.columns if c not in frame.columns]
    if missing or extra:
        what = f"{table.name} lacks {listing(missing)}" if missing else f"{table.name} has unknown {listing(extra)}"
        raise _broken(what, where)
    for name in frame.columns:
        wanted = table.columns.get(name) or _prefix_dtype(table, name)
        if wanted is not None and not _fits(frame.schema[name], wanted):
            raise _broken(f"{table.name}.{name} is {frame.schema[name]}, not {wanted}", where)
    for name in table.required:
        if frame[name].null_count():
            raise _broken(f"{table.name}.{name} has {frame[name].null_count()} nulls", where)
    repeated = frame.select(table.key).filter(frame.select(table.key).is_duplicated())
    if repeated.height:
        ids = repeated[table.key[-1]].unique().sort()
        raise _broken(f"{table.name} has the same {' and '.join(table.key)} twice: {listing(ids)}", where)
    order = [*table.columns, *sorted(c for c in frame.columns if c not in table.columns)]
    return frame.select(order).sort(table.key)


def class_names(images: pl.DataFrame) -> list[str]:
    """Return the classes in their one fixed order: by number when all are integers, else by text."""
    names = images["label"].drop_nulls().unique().to_list()
    if all(name.isascii() and name.removeprefix("-").isdigit() for name in names):
        return sorted(names, key=lambda name: (int(name), name))
    return sorted(names)


def annotator_columns(images: pl.DataFrame) -> list[str]:
    """Return the names of the annotator columns, prefix included."""
    return [name for name in images.columns if name.startswith(ANNOTATOR_PREFIX)]


def _prefix_dtype(table: Table, name: str) -> type[pl.DataType] | None:
    return next((dtype for prefix, dtype in table.prefixes if name.startswith(prefix)), None)


def _fits(actual: pl.DataType, wanted: pl.DataType | type[pl.DataType]) -> bool:
    if wanted is pl.Array:
        return isinstance(actual, pl.Array) and actual.inner == pl.Float32
    return actual == wanted


def _broken(what: str, where: str) -> DataprepError:
    return DataprepError(what, where=where, remedy="run `dvc repro --force` to make the table anew")
