"""Review, cleaning, and what is written."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator

from dataprep.config.section import Section, Share
from dataprep.detectors import KINDS
from dataprep.errors import nearest


class Session(Section):
    max_side: Annotated[int, Field(ge=16)]
    enough: Share


Action = Literal["keep", "drop", "drop_extra", "drop_train", "drop_other", "relabel"]


GROUP_ACTIONS = ("drop_extra", "drop_train", "drop_other")
GROUPED_KINDS = ("exact_duplicate", "near_duplicate", "split_leak", "label_conflict")


class Clean(Section):
    policy: dict[str, Action]
    relabel_confidence: Share

    @field_validator("policy")
    @classmethod
    def _fits_its_kinds(cls, policy: dict[str, Action]) -> dict[str, Action]:
        for kind, action in policy.items():
            if kind not in KINDS:
                raise ValueError(f"'{kind}' is no issue kind; {nearest(kind, KINDS)}the kinds are {', '.join(KINDS)}")
            if kind == "unreadable" and action != "drop":
                raise ValueError(f"'{action}' is no policy for unreadable images, of which nothing can be kept")
            if action in GROUP_ACTIONS and kind not in GROUPED_KINDS:
                raise ValueError(f"'{action}' is for groups of copies, and {kind} has none; use keep or drop")
            if action == "relabel" and kind != "label_error":
                raise ValueError(f"'relabel' is for label_error alone; {kind} suggests no label")
        return policy


class Audit(Section):
    """Do augmented images keep their class? `bound`: of the mean probability that the given class may lose."""

    bound: Annotated[float, Field(gt=0.0, lt=1.0)]
    images: Annotated[int, Field(ge=10, le=10_000)]


class Card(Section):
    """What the data-set card and the Croissant metadata say that the data cannot."""

    name: Annotated[str, Field(min_length=1)]
    description: str
    license: str | None
    url: str | None
    creator: str | None
    published: str | None

    @field_validator("published")
    @classmethod
    def _is_a_date(cls, published: str | None) -> str | None:
        if published is not None:
            try:
                date.fromisoformat(published)
            except ValueError:
                raise ValueError(f"'{published}' is no date; write it as \"2026-01-31\", in quotes") from None
        return published


class Write(Section):
    formats: tuple[Literal["parquet", "webdataset"], ...]
    tensors: Literal["none", "float32", "float16", "uint8"]
    shard_rows: Annotated[int, Field(ge=1)]
    shard_mib: Annotated[int, Field(ge=1, le=1024)]
    card: Card

    @field_validator("formats")
    @classmethod
    def _holds_the_images(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        if not formats or len(set(formats)) < len(formats):
            raise ValueError("name parquet, webdataset or both, each once: they hold the images")
        return formats


class Report(Section):
    worst: Annotated[int, Field(ge=1, le=64)]
    page_megabytes: Annotated[int, Field(ge=1, le=1000)]
