"""What the report says of several annotators."""

import numpy as np
import polars as pl
import pytest

from dataprep.annotators import judge
from dataprep.report import people
from dataprep.report.grids import Picture
from dataprep.report.inputs import Inputs
from tests.report.builders import COUNT, HOSTILE, LABELS, inputs


def labeled(names: tuple[str, ...] = ("Ann | Bob", HOSTILE, "猫"), wrong: float = 0.2, gaps: float = 0.0) -> Inputs:
    """Return Inputs whose images people labeled, each wrong as often; the last one gave no label at all."""
    made = inputs()
    numbers = np.random.default_rng(0)
    images = made.images
    for place, name in enumerate(names):
        column = [
            None
            if numbers.random() < gaps or (place and place == len(names) - 1)
            else str(numbers.choice(LABELS))
            if numbers.random() < wrong
            else label
            for label in images["label"]
        ]
        images = images.with_columns(pl.Series(f"annotator:{name}", column, dtype=pl.String))
    consensus, annotators = judge(images, made.predictions)
    return inputs(images=images, consensus=consensus, annotators=annotators)


def blocks(made: Inputs) -> list[str]:
    return [block for block in people.section(made) if isinstance(block, str)]


def test_nothing_is_said_without_annotators() -> None:
    assert list(people.section(inputs())) == []


def test_annotators_agreements_and_changed_labels_are_told() -> None:
    made = labeled()
    text = "\n".join(blocks(made))
    differ = (made.consensus["label"] != made.images["label"]).sum()
    assert f"It differs from the given label on {differ} images" in text
    assert f"3 annotators gave {2 * COUNT} labels to {COUNT} images" in text
    assert "Two people give the same label in **" in text
    assert "Ann &#124; Bob" in text
    assert "| — | — | — | — |" in text
    picture = next(block for block in people.section(made) if isinstance(block, Picture))
    assert picture.data[:8] == b"\x89PNG\r\n\x1a\n"
    again = next(block for block in people.section(made) if isinstance(block, Picture))
    assert picture == again


@pytest.mark.parametrize(
    ("values", "words"),
    [((0.7, 0.7), "about as well as"), ((0.6, 0.8), "better than another person"), ((0.9, 0.8), "can still improve")],
)
def test_the_verdict_follows_the_agreements(values: tuple[float, float], words: str) -> None:
    assert words in people._agreements(people.Baseline(*values, {}))


def test_one_person_is_set_beside_nobody() -> None:
    assert "no two people labeled the same image" in "\n".join(blocks(labeled(("Ann",))))


def test_of_many_annotators_the_worst_are_shown() -> None:
    made = labeled(tuple(f"p{number:02d}" for number in range(30)), gaps=0.5)
    text = "\n".join(blocks(made))
    assert "The 24 annotators of lowest quality, of 30." in text


def test_nobody_labeled_anything() -> None:
    text = "\n".join(blocks(labeled(gaps=1.0)))
    assert f"{COUNT} images have no label of anybody" in text
    assert not any(isinstance(block, Picture) for block in people.section(labeled(gaps=1.0)))
