"""The table, the page and the picture of a search."""

import csv
import io
from pathlib import Path

import pytest
from PIL import Image

from dataprep.config import Choices, Search, Span
from dataprep.search.plot import parallel_coordinates
from dataprep.search.results import ACCURACY, LOG_LOSS, Outcome, as_csv, as_markdown, ranked
from dataprep.search.search import closing, write
from tests.closure import ROOT

SPACE: dict[str, Span | Choices] = {
    "learning_rate": Span(low=0.001, high=1.0, scale="log"),
    "epochs": Span(low=1, high=9, integer=True),
    "early_stopping": Choices(choices=(None, {"share": 0.1, "patience": 3})),
}


def outcome(number: int, accuracy: float | None, log_loss: float = 0.5, reason: str = "") -> Outcome:
    stopping = {"share": 0.1, "patience": 3} if number % 2 else None
    values = {"learning_rate": 0.01 * number if number else "auto", "epochs": 1 + number, "early_stopping": stopping}
    scores = {} if accuracy is None else {ACCURACY: accuracy, LOG_LOSS: log_loss}
    return Outcome(number, f"search-0-{number:03}", values, scores, reason)


OUTCOMES = [
    outcome(0, 0.9),
    outcome(1, 0.92, 0.3),
    outcome(2, None, reason="the loss | is nan, in fold 0"),
    outcome(3, 0.92, 0.2),
    outcome(4, 0.1),
]


def test_the_best_is_first_and_a_tie_goes_to_the_lower_log_loss() -> None:
    assert [found.number for found in ranked(OUTCOMES)] == [3, 1, 0, 4]


def test_the_table_has_a_row_per_trial() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(OUTCOMES))))
    assert [row["number"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert rows[0]["learning_rate"] == "auto"
    assert rows[1]["early_stopping"] == '{"share": 0.1, "patience": 3}'
    assert (rows[1][ACCURACY], rows[1]["status"], rows[1]["reason"]) == ("0.92", "done", "")
    assert (rows[2][ACCURACY], rows[2]["status"], rows[2]["reason"]) == ("", "failed", "the loss | is nan, in fold 0")


def test_the_page_shows_the_best_and_how_to_take_it_over() -> None:
    page = as_markdown(OUTCOMES, "predict")
    assert "5 trials, 4 with a result" in page
    assert "dvc exp apply search-0-003\n" in page
    assert "The parameters as they are: 90.0%" in page
    assert "](parallel_coordinates.png)" in page
    assert page.index("search-0-003</code> |") < page.index("search-0-001</code> |") < page.index("search-0-004</code>")
    assert "the loss &#124; is nan" in page


def test_nothing_better_than_the_parameters_as_they_are() -> None:
    page = as_markdown([outcome(0, 0.9), outcome(1, 0.8)], "predict")
    assert "dvc exp apply" not in page
    assert "There is nothing to take over." in page


@pytest.mark.parametrize(
    "outcomes",
    [OUTCOMES, OUTCOMES[1:2], [outcome(1, 0.5), outcome(2, 0.5)], [outcome(n, 0.5 + n / 20) for n in range(9)]],
    ids=["mixed", "one", "equal", "many"],
)
def test_the_picture_is_the_same_twice(outcomes: list[Outcome]) -> None:
    first = parallel_coordinates(outcomes, SPACE)
    assert first == parallel_coordinates(outcomes, SPACE)
    with Image.open(io.BytesIO(first)) as image:
        assert image.width > image.height


def test_what_is_written_is_the_same_twice_and_goes_when_there_is_nothing_to_draw(tmp_path: Path) -> None:
    search = Search(trials=4, seed=0, space=SPACE)
    for _ in range(2):
        write(OUTCOMES, search, tmp_path / "a")
    write(OUTCOMES, search, tmp_path / "b")
    names = {"trials.csv", "summary.md", "parallel_coordinates.png"}
    assert {path.name for path in (tmp_path / "a").iterdir()} == names
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)
    write([outcome(0, 0.9), outcome(1, None, reason="bad")], search, tmp_path / "a")
    assert {path.name for path in (tmp_path / "a").iterdir()} == names - {"parallel_coordinates.png"}


def test_the_closing_words_name_the_best_and_count_the_failed() -> None:
    said = closing(OUTCOMES, ROOT / "x")
    assert "1 of 5 trials failed" in said
    assert "to take it over: dvc exp apply search-0-003, then dvc repro" in said
    assert "take it over" not in closing([outcome(0, None, reason="bad")], ROOT / "x")
