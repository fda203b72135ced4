"""Agreement of reviewers against counts by hand."""

import pytest

from dataprep.decisions.agreement import mean_agreement, pairs
from tests import frames
from tests.decisions.test_table import decisions

IMAGES = frames.images([{"image_id": i, "label": "x"} for i in "abcd"])


def say(who: str, **verdicts: str) -> list[dict[str, str | None]]:
    plain = {"keep", "drop"}
    return [
        {"image_id": i, "reviewer": who, "verdict": v if v in plain else "relabel", "label": None if v in plain else v}
        for i, v in verdicts.items()
    ]


def test_by_hand() -> None:
    table = decisions(*say("Ada", a="keep", b="drop", c="y", d="keep"), *say("Bob", a="x", b="drop", c="keep"))
    (pair,) = pairs(table, IMAGES)
    assert (pair.one, pair.other, pair.images, pair.alike) == ("Ada", "Bob", 3, pytest.approx(2 / 3))
    chance = (1 * 2 + 1 * 1 + 1 * 0) / 9  # x, drop and y of Ada times those of Bob
    assert pair.kappa == pytest.approx((2 / 3 - chance) / (1 - chance))


def test_of_three_the_pairs_weigh_the_same() -> None:
    table = decisions(*say("Ada", a="keep", b="keep"), *say("Bob", a="keep", b="drop"), *say("Cem", a="keep"))
    assert mean_agreement(pairs(table, IMAGES)) == pytest.approx((0.5 + 1 + 1) / 3)


def test_what_counts_for_nobody() -> None:
    stale = {"image_id": "a", "reviewer": "Bob", "verdict": "drop", "sha256": "other"}
    unknown = [{"image_id": "?", "reviewer": who, "verdict": "keep"} for who in ("Ada", "Bob")]
    nameless = {"image_id": "a", "verdict": "keep"}
    assert pairs(decisions(*say("Ada", a="keep"), stale, nameless, *unknown), IMAGES) == []
    assert mean_agreement([]) is None


def test_one_judgment_only_has_no_kappa() -> None:
    (pair,) = pairs(decisions(*say("Ada", a="keep"), *say("Bob", a="keep")), IMAGES)
    assert (pair.alike, pair.kappa) == (1.0, None)
