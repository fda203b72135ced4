"""Croissant metadata: the data set described for programs.

Format: MLCommons, Croissant 1.0 (http://mlcommons.org/croissant/1.0).
"""

from typing import Any

from dataprep.config import Card

VERSION = "1.0"
PARQUET = "application/x-parquet"
MEDIA = {".parquet": PARQUET, ".tar": "application/x-tar"}
SHARDS = "image-shards"
TYPES = {"image": "sc:ImageObject", "label": "sc:Integer"}  # all others are texts
COLUMNS = {
    "image": "the file's bytes as they were taken in",
    "label": "place of the label among the classes",
    "label_name": "the label after correction",
    "given_label": "the label in the source",
    "image_id": "the file's path in the source",
    "sha256": "of the file's bytes",
    "reason": "why the label changed, or why a finding was overruled",
    "decided_by": "a reviewer, or policy",
}


def croissant(card: Card, version: str, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the metadata as JSON-LD values.

    entries: of the manifest, file and sha256 each; shards are described, records where they are Parquet. The version id
    stands behind the plus sign of a semantic version, as the format wants.
    """
    shards = [entry for entry in entries if _suffix(entry["file"]) in MEDIA]
    described: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": f"http://mlcommons.org/croissant/{VERSION}",
        "name": card.name,
        "description": card.description,
        "version": f"1.0.0+{version}",
        "distribution": [_file(entry) for entry in shards],
    }
    optional = {"license": card.license, "url": card.url, "datePublished": card.published}
    described |= {key: value for key, value in optional.items() if value is not None}
    if card.creator is not None:
        described["creator"] = {"@type": "sc:Organization", "name": card.creator}
    if any(entry["file"].startswith("images/") for entry in shards):
        described["distribution"].append(
            {"@type": "cr:FileSet", "@id": SHARDS, "includes": "images/*.parquet", "encodingFormat": PARQUET}
        )
        described["recordSet"] = [{"@type": "cr:RecordSet", "@id": "images", "field": _fields()}]
    return described


def _suffix(name: str) -> str:
    return "." + name.rpartition(".")[2]


def _file(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": entry["file"],
        "contentUrl": entry["file"],
        "encodingFormat": MEDIA[_suffix(entry["file"])],
        "sha256": entry["sha256"],
    }


def _fields() -> list[dict[str, Any]]:
    split = {
        "fileSet": {"@id": SHARDS},
        "extract": {"fileProperty": "filename"},
        "transform": {"regex": "^(.+)-\\d+\\."},
    }
    fields = [_field("split", "the split, as in the shard's name", "sc:Text", split)]
    for name, what in COLUMNS.items():
        source: dict[str, Any] = {"fileSet": {"@id": SHARDS}, "extract": {"column": name}}
        if name == "image":
            source["transform"] = {"jsonPath": "bytes"}
        fields.append(_field(name, what, TYPES.get(name, "sc:Text"), source))
    return fields


def _field(name: str, what: str, kind: str, source: dict[str, Any]) -> dict[str, Any]:
    return {"@type": "cr:Field", "@id": f"images/{name}", "description": what, "dataType": kind, "source": source}


CROISSANT_TERMS = (
    "citeAs column conformsTo extract field fileProperty fileObject fileSet format includes isLiveDataset jsonPath key "
    "md5 parentField path recordSet references regex repeated replace samplingRate separator source subField transform"
)
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    **{term: f"cr:{term}" for term in CROISSANT_TERMS.split()},
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
}
