"""The session's saved views: what is to review, each kind of issue worst first, groups, what was decided."""

import json
from typing import Any

from dataprep.review.identity import WRITTEN, object_id
from dataprep.review.samples import title, worst_first
from dataprep.wording import wording

DECISION = "decision"  # what reviewers said; filled when the App opens, as decisions are no input of the session
ORDER = "review_order"
ALL_ISSUES = "All issues"
TO_REVIEW = "To review"
DISPUTED = "Disputed"
DECIDED = "Decided"
Stage = tuple[str, list[Any]]  # a view stage's name and its arguments


def saved_views(name: str, kinds: list[str], columns: list[str]) -> list[dict[str, Any]]:
    """Return the documents of the data set's saved views, in their order.

    name: of the data set. kinds: those with issues. columns: those of the sample table.
    """
    worst = ["worst_score", "image_id"]
    views = [_view(name, title(kind), wording(kind).meaning, [kind], worst_first(kind, columns)) for kind in kinds]
    return [
        _stages_view(name, TO_REVIEW, "undecided, in the order that saves work", _undecided(), _sorted([ORDER])),
        *views,
        *([_view(name, ALL_ISSUES, "worst score first", kinds, worst)] if kinds else []),
        *_groups(name, kinds, columns),
        _stages_view(name, DISPUTED, "reviewers differ", _with_decision(["disputed"]), _sorted(["image_id"])),
        _stages_view(name, DECIDED, "what people said", ("Exists", [["field", DECISION], ["bool", True]])),
    ]


def _groups(name: str, kinds: list[str], columns: list[str]) -> list[dict[str, Any]]:
    """Return a view per kind that has groups, with one tile for each group, which opens on all its members."""
    grouped = [kind for kind in kinds if f"{kind}_group" in columns]
    return [
        _stages_view(
            name,
            f"{title(kind)}, by group",
            "a tile per group; open it to see its images together",
            ("MatchTags", [["tags", [kind]], ["bool", True], ["all", False]]),
            ("GroupBy", [["field_or_expr", f"{kind}_group"], ["order_by", f"{kind}_score"], ["reverse", False],
                         ["flat", False], ["match_expr", None], ["sort_expr", None], ["create_index", False]]),
        )
        for kind in grouped
    ]  # fmt: skip


def _undecided() -> Stage:
    return "Match", [["filter", {DECISION: None, ORDER: {"$ne": None}}]]


def _with_decision(labels: list[str]) -> Stage:
    return "Match", [["filter", {f"{DECISION}.label": {"$in": labels}}]]


def _sorted(order: list[str]) -> Stage:
    return "SortBy", [
        ["field_or_expr", [[column, 1] for column in order]],
        ["reverse", False],
        ["create_index", False],
    ]


def _view(dataset: str, name: str, meaning: str, tags: list[str], order: list[str]) -> dict[str, Any]:
    tagged = ("MatchTags", [["tags", tags], ["bool", True], ["all", False]])
    return _stages_view(dataset, name, meaning, tagged, _sorted(order))


def _stages_view(dataset: str, name: str, meaning: str, *stages: Stage) -> dict[str, Any]:
    return {
        "_id": object_id(name, "view"),
        "_dataset_id": object_id(dataset, "dataset"),
        "name": name,
        "description": meaning,
        "slug": slug(name),
        "view_stages": [
            json.dumps({"_cls": f"fiftyone.core.stages.{stage}", "kwargs": arguments}) for stage, arguments in stages
        ],
        "created_at": WRITTEN,
        "last_modified_at": WRITTEN,
        "last_loaded_at": None,
    }


def slug(view: str) -> str:
    """Return the view's name as FiftyOne writes it into addresses.

    >>> slug("Label error")
    'label-error'
    """
    return view.lower().replace(",", "").replace(" ", "-")
