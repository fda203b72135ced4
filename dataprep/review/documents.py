"""FiftyOne's on-disk format (fiftyone.types.FiftyOneDataset), written without FiftyOne.

The format is that of fiftyone.utils.data.importers.FiftyOneDatasetImporter, version 1.22:
metadata.json holds the data set's document with its fields and saved views, samples.json the
samples; both are MongoDB extended JSON. Identifiers are hashes and times are constant, so that
equal sessions have equal bytes.
"""

from typing import Any

import polars as pl

from dataprep import files
from dataprep.review.identity import WRITTEN, object_id
from dataprep.review.media import FOLDER
from dataprep.review.samples import MEASURES
from dataprep.review.views import DECISION, ORDER, saved_views

VERSION = "1.22.0"  # FiftyOne migrates a data set from the version that it states
FIELDS = "fiftyone.core.fields."
CLASSIFICATION = "fiftyone.core.labels.Classification"
LABELS = ("ground_truth", "predictions", "suggested_label")
IMAGE_METADATA = ("size_bytes", "mime_type", "width", "height", "num_channels")


def metadata_document(
    name: str, class_names: list[str], columns: list[str], kinds: list[str], info: dict[str, Any]
) -> dict[str, Any]:
    """Return metadata.json: the data set `name` with the fields of `columns` and a saved view per kind.

    columns: those of the sample table; kinds: those with issues, in the order of the views.
    """
    identity = object_id(name, "dataset")
    scores = sorted(column for column in columns if column.endswith(("_score", "_group")))
    return {
        "_id": identity,
        "name": name,
        "slug": name,
        "version": VERSION,
        "created_at": WRITTEN,
        "last_modified_at": WRITTEN,
        "last_deletion_at": None,
        "last_loaded_at": None,
        "sample_collection_name": f"samples.{identity['$oid']}",
        "persistent": False,
        "media_type": "image",
        "group_media_types": {},
        "tags": [],
        "info": info,
        "app_config": _app_config(scores),
        "classes": {},
        "default_classes": class_names,
        "mask_targets": {},
        "default_mask_targets": {},
        "skeletons": {},
        "sample_fields": _sample_fields(scores),
        "frame_fields": [],
        "saved_views": saved_views(name, kinds, columns),
        "workspaces": [],
        "annotation_runs": {},
        "brain_methods": {},
        "evaluations": {},
        "runs": {},
    }


def sample_documents(samples: pl.DataFrame, plan: pl.DataFrame, kinds: list[str]) -> pl.Series:
    """Return one JSON text per sample, in order. `plan` is that of the media, with the same rows."""
    ids = samples["image_id"].to_list()
    numbers = [int(files.sha256(f"rand:{name}".encode())[:13], 16) / 16**13 for name in ids]
    scores = sorted(column for column in samples.columns if column.endswith(("_score", "_group")))
    fits_tags = ~pl.col("split").is_in(kinds)  # else the split's tag would pass for an issue
    split = pl.when(fits_tags).then(pl.concat_list("split")).otherwise(pl.lit([], dtype=pl.List(pl.String)))
    rows = samples.select(
        _oids(ids, "sample").alias("_id"),
        (pl.lit(f"{FOLDER}/") + plan["file"]).alias("filepath"),
        pl.concat_list(split, "flags").alias("tags"),
        pl.lit("image").alias("_media_type"),
        pl.Series(numbers, dtype=pl.Float64).alias("_rand"),
        _image_metadata().alias("metadata"),
        *_classifications(ids),
        pl.lit(None).alias(DECISION),
        *("image_id", "sha256", "split", "issue", "notes", ORDER, *MEASURES, *scores),
        pl.struct(pl.lit(WRITTEN["$date"]).alias("$date")).alias("created_at"),
        pl.struct(pl.lit(WRITTEN["$date"]).alias("$date")).alias("last_modified_at"),
    )
    return rows.select(pl.struct(pl.all()).struct.json_encode()).to_series()


def _oids(ids: list[str], role: str) -> pl.Expr:
    texts = pl.Series([object_id(name, role)["$oid"] for name in ids], dtype=pl.String)
    return pl.struct(pl.lit(texts).alias("$oid"))


def _image_metadata() -> pl.Expr:
    described = pl.struct(
        pl.lit("ImageMetadata").alias("_cls"),
        pl.col("bytes").alias("size_bytes"),
        (pl.lit("image/") + pl.col("format").str.to_lowercase()).alias("mime_type"),
        "width",
        "height",
        pl.col("channels").alias("num_channels"),
    )
    return pl.when(pl.col("unreadable").is_null() & pl.col("width").is_not_null()).then(described)


def _classifications(ids: list[str]) -> list[pl.Expr]:
    columns = dict(zip(LABELS, ("label", "predicted_label", "suggested_label"), strict=True))
    sure = {"predictions": "confidence", "suggested_label": "suggested_probability"}
    return [
        pl.when(pl.col(column).is_not_null())
        .then(
            pl.struct(
                _oids(ids, name).alias("_id"),
                pl.lit("Classification").alias("_cls"),
                pl.lit([], dtype=pl.List(pl.String)).alias("tags"),
                pl.col(column).alias("label"),
                (pl.col(sure[name]) if name in sure else pl.lit(None)).alias("confidence"),
            )
        )
        .alias(name)
        for name, column in columns.items()
    ]


def _app_config(scores: list[str]) -> dict[str, Any]:
    groups = {
        "tags": ["tags"],
        "labels": [*LABELS, DECISION],
        "image": ["image_id", "split", "issue", "notes", ORDER],
        "issues": scores,
        "measures": list(MEASURES),
        "other": ["sha256", "id", "filepath", "created_at", "last_modified_at"],
        "metadata": [f"metadata.{part}" for part in IMAGE_METADATA],
    }
    return {
        "active_fields": {"exclude": False, "paths": ["ground_truth", "suggested_label", DECISION]},
        "sidebar_groups": [
            {"name": name, "paths": paths, "expanded": name in {"tags", "labels", "image", "issues"}}
            for name, paths in groups.items()
        ],
    }


def _sample_fields(scores: list[str]) -> list[dict[str, Any]]:
    label = [
        _field("id", "ObjectIdField", db="_id"),
        _field("tags", "ListField", inner="StringField"),
        _field("label", "StringField"),
        _field("confidence", "FloatField"),
        _field("logits", "VectorField"),
    ]
    image = [_field(name, "StringField" if name == "mime_type" else "IntField") for name in IMAGE_METADATA]
    return [
        _field("id", "ObjectIdField", db="_id"),
        _field("filepath", "StringField"),
        _field("tags", "ListField", inner="StringField"),
        _field("metadata", "EmbeddedDocumentField", "fiftyone.core.metadata.ImageMetadata", image),
        _field("_media_type", "StringField"),
        _field("_rand", "FloatField"),
        _field("_dataset_id", "ObjectIdField"),
        _field("created_at", "DateTimeField", read_only=True),
        _field("last_modified_at", "DateTimeField", read_only=True),
        *(_field(name, "EmbeddedDocumentField", CLASSIFICATION, label) for name in (*LABELS, DECISION)),
        *(_field(name, "StringField") for name in ("image_id", "sha256", "split", "issue", "notes")),
        _field(ORDER, "IntField"),
        *(_field(name, "FloatField") for name in MEASURES),
        *(_field(name, "FloatField" if name.endswith("_score") else "IntField") for name in scores),
    ]


def _field(
    name: str,
    kind: str,
    document: str | None = None,
    fields: list[dict[str, Any]] | None = None,
    *,
    inner: str | None = None,
    db: str | None = None,
    read_only: bool = False,
) -> dict[str, Any]:
    return {
        "name": name,
        "ftype": FIELDS + kind,
        "embedded_doc_type": document,
        "subfield": FIELDS + inner if inner else None,
        "fields": fields or [],
        "db_field": db or name,
        "description": None,
        "info": None,
        "read_only": read_only,
        "created_at": WRITTEN,
    }
