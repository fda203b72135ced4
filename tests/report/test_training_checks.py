import io

import numpy as np
import polars as pl
from PIL import Image

from dataprep.report import check_plots, training_checks
from dataprep.report.grids import Picture
from dataprep.report.summary import compose
from dataprep.schema import WATCHED
from tests.report import builders


def text(**changes: object) -> str:
    return compose(builders.inputs(**changes), "figures")[0]


def test_what_fails_comes_first_with_its_remedy() -> None:
    shown = text()
    assert "Of 3 checks 1 fails and 1 warns." in shown
    order = [shown.index(name) for name in ("Same seed, same network", "More capacity helps", "Loss at the start")]
    assert order == sorted(order)
    assert "- Same seed, same network: find what draws without a seed." in shown
    assert "1.05 times &#124; the usual" in shown


def test_all_passing_is_one_sentence() -> None:
    checks = builders.inputs().checks.filter(pl.col("status") == "passes")
    assert training_checks.verdict(checks) == "All 1 checks pass."


def test_each_picture_is_linked_and_decodes() -> None:
    shown, pictures = compose(builders.inputs(), "figures")
    mine = [picture for picture in pictures if picture.name.startswith("checks_")]
    assert {picture.name.partition(".")[0] for picture in mine} == {
        "checks_inputs",
        "checks_watched",
        "checks_filters",
        "checks_insides",
    }
    for picture in mine:
        assert f"figures/{picture.name}" in shown
        assert Image.open(io.BytesIO(picture.data)).size[0] > 200


def test_without_networks_there_are_no_pictures() -> None:
    nothing = pl.DataFrame(schema=WATCHED.columns | {"probabilities": pl.Array(pl.Float32, 1)})
    inputs = builders.inputs(watched=nothing, check_arrays={"none": np.zeros(0, np.float32)})
    assert not [block for block in training_checks.section(inputs) if isinstance(block, Picture)]


def test_plots_are_the_same_twice() -> None:
    inputs = builders.inputs()
    arrays = inputs.check_arrays
    for _ in range(2):
        first = check_plots.insides(arrays["activations"], arrays["gradients"], arrays["ratios"])
        second = check_plots.insides(arrays["activations"], arrays["gradients"], arrays["ratios"])
        assert first == second
    assert check_plots.watched(inputs.watched, inputs.images) == check_plots.watched(inputs.watched, inputs.images)
