"""What the report says of more data, from fake learning curves that follow known laws."""

from typing import Any

import polars as pl
import pytest

from dataprep.report import more_data, numbers
from dataprep.report.grids import Picture
from dataprep.report.inputs import Inputs
from dataprep.report.outlook import class_accuracies, outlook
from tests import frames
from tests.report.builders import LABELS, inputs, learning_curve, usual_error

NAMES = [f"class {number:02d}" for number in range(23)]


def blocks(made: Inputs) -> list[str]:
    return [block for block in more_data.section(made) if isinstance(block, str)]


def counted(**images: int) -> pl.DataFrame:
    return frames.images(
        [{"image_id": f"{label}{n}", "label": label} for label, count in images.items() for n in range(count)]
    )


def with_curve(images: pl.DataFrame, **changes: Any) -> Inputs:
    names = images["label"].drop_nulls().unique().sort().to_list()
    return inputs(images=images, learning_curve=learning_curve(names, **changes))


def enough(made: Inputs, number: int) -> Inputs:
    section = made.params.learning_curve.model_copy(update={"enough": number})
    fields = vars(made) | {"params": made.params.model_copy(update={"learning_curve": section})}
    return Inputs(**fields)


def test_nothing_is_said_when_nothing_was_asked() -> None:
    bare = inputs(learning_curve=learning_curve()[:0])
    assert list(more_data.section(bare)) == []
    assert "learning_curve" not in numbers.metrics(bare)


def test_twice_and_ten_times_the_data_follow_the_law() -> None:
    found = outlook(inputs())
    assert found is not None
    assert found.images == 1000
    usual = sum(1 + number / 10 for number in range(3)) / 3
    assert found.accuracy == pytest.approx(1 - usual * usual_error(1000), abs=0.005)
    for factor in (2, 10):
        expected = found.expected(factor)
        assert expected is not None
        middle, low, high = expected
        assert low <= 1 - usual * usual_error(1000 * factor) <= high
        assert low < middle < high


def test_metrics_have_the_accuracy_now_and_with_more() -> None:
    values = numbers.metrics(inputs())["learning_curve"]
    assert list(values) == ["images", "accuracy", "accuracy_with_2_times", "accuracy_with_10_times"]
    assert values["images"] == 1000
    assert values["accuracy"] < values["accuracy_with_2_times"] < values["accuracy_with_10_times"] < 1


def test_the_worst_classes_are_shown_first_and_the_rest_counted() -> None:
    made = with_curve(counted(**dict.fromkeys(NAMES, 2)))
    assert class_accuracies(made)["label"].to_list() == NAMES[::-1]
    text = "\n".join(blocks(made))
    assert text.index("class 22 |") < text.index("class 21 |") < text.index("class 03 |")
    assert "class 02 |" not in text
    assert "The 20 classes of lowest accuracy; 3 more classes have a higher one." in text


def test_classes_far_below_the_usual_number_are_named_fewest_first() -> None:
    made = enough(with_curve(counted(few=9, fewer=3, many=10)), 100)
    assert blocks(made)[-1] == (
        "Fewer than 10 images, far below the 100 images per class that usually suffice (rule of thumb: "
        "Goodfellow, Bengio and Courville, Deep Learning, 2016): fewer (3), few (9)."
    )
    assert blocks(enough(made, 20))[-1].startswith("Every class has at least 2 images, a tenth of the 20 images")


def test_all_classes_far_below_are_one_sentence() -> None:
    last = blocks(inputs())[-1]
    assert last.startswith("All 3 classes have fewer than 500 images, far below the 5,000 images per class")
    assert not any(name in last for name in LABELS)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (lambda _: 0.0, "**More data has next to nothing left to improve.**"),
        (lambda size: 0.3 + 1000 * size**-2.0, "**The fit expects hardly anything of more data of this kind,**"),
    ],
)
def test_where_more_data_do_not_help_the_report_says_so(error: Any, verdict: str) -> None:
    text = "\n".join(blocks(inputs(learning_curve=learning_curve(law=error))))
    assert verdict in text


def test_the_usual_curve_has_no_such_verdict() -> None:
    text = "\n".join(blocks(inputs()))
    assert "hardly" not in text
    assert "next to nothing" not in text


def test_one_size_of_training_set_is_reported_without_a_law() -> None:
    curve = learning_curve().filter(pl.col("images") == 1000)
    made = inputs(learning_curve=curve)
    text = "\n".join(blocks(made))
    assert "nothing can be said about more" in text
    assert "| — | — |" in text
    assert list(numbers.metrics(made)["learning_curve"]) == ["images", "accuracy"]
    assert any(isinstance(block, Picture) for block in more_data.section(made))


def test_the_plot_is_the_same_bytes_each_time() -> None:
    found = outlook(inputs())
    assert found is not None
    assert more_data.curve(found) == more_data.curve(found)
    assert more_data.curve(found).startswith(b"\x89PNG")
