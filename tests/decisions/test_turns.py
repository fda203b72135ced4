"""The order of turns: probable faults first, chance by name alone."""

import numpy as np
import polars as pl
import pytest

from dataprep.decisions.turns import ranks, turns
from tests import frames


def made(count: int = 2000, flagged: int = 100) -> pl.DataFrame:
    rows = [{"image_id": f"{n:05}", "label": "x"} for n in range(count)]
    scores = [0.1 if n < flagged else 0.99 for n in range(count)]
    errors = [{"image_id": f"{n:05}", "score": s, "is_issue": s < 0.5} for n, s in enumerate(scores)]
    return turns(frames.images(rows), frames.measurements(rows), frames.issues("label_error", errors))


def test_probable_faults_come_first_but_not_alone() -> None:
    table = made()
    first = ranks(table).sort("review_order")["image_id"].head(120).to_list()
    suspects = sum(int(name) < 100 for name in first)
    assert 75 < suspects < 100


def test_turns_are_exponential_with_the_weight_as_rate() -> None:
    table = made(20_000, 0)
    assert table["weight"].to_numpy() == pytest.approx(0.01, abs=1e-6)
    unit = table["turn"].to_numpy() * table["weight"].to_numpy()
    assert unit.mean() == pytest.approx(1.0, abs=0.03)
    assert np.quantile(unit, 0.9) == pytest.approx(np.log(10), abs=0.08)


def test_weights_by_hand() -> None:
    rows = [{"image_id": name, "label": None if name == "e" else "x"} for name in "abcdef"]
    measured = [{"image_id": name} | ({"unreadable": "cut"} if name == "f" else {}) for name in "abcdef"]
    labels = frames.issues(
        "label_error", [{"image_id": n, "score": s} for n, s in zip("abc", (1, 0.5, 1), strict=True)]
    )
    dark = frames.issues("dark", [{"image_id": "a", "score": 0.25, "is_issue": True}, {"image_id": "b", "score": 0.0}])
    copy = frames.issues("near_duplicate", [{"image_id": "c", "score": 0.0, "group": 1}])
    table = turns(frames.images(rows), frames.measurements(measured), pl.concat([labels, dark, copy]))
    least = 0.25 * (0.75 + 0.5 + 0 + 1) / 4
    assert table.select("image_id", "weight", "copy").rows() == [
        ("a", 0.75, False),
        ("b", 0.5, False),
        ("c", least, True),
        ("d", 1.0, False),  # no label was judged
    ]


def test_without_any_doubt_all_weigh_the_same() -> None:
    rows = [{"image_id": name, "label": "x"} for name in "ab"]
    sure = frames.issues("label_error", [row | {"score": 1.0} for row in rows])
    assert turns(frames.images(rows), frames.measurements(rows), sure)["weight"].to_list() == [1.0, 1.0]


def test_another_image_changes_nobodys_chance() -> None:
    one, more = (made(count, 0).head(10) for count in (10, 400))
    assert one["turn"].to_list() == pytest.approx(more["turn"].to_list())
