import polars as pl
import pytest

from dataprep.config import OddPixels
from dataprep.detectors import REGISTRY, odd_pixels
from tests import frames

PARAMS = OddPixels(
    dark=0.3,
    light=0.9,
    sharpness=0.1,
    entropy_bits=1.0,
    noise=0.6,
    aspect_factor=3.0,
    size_factor=10.0,
    deviations=6.0,
)


def kinds_of(odd: dict[str, object], params: OddPixels = PARAMS) -> set[str]:
    """Return the kinds that flag one odd image among nine usual ones, which none may flag."""
    usual = [
        {
            "image_id": f"usual{n}",
            "brightness": 0.4 + n / 50,
            "contrast": 0.15 + n / 100,
            "entropy": 5.5 + n / 10,
        }
        | {"noise": 0.1 + n / 100, "sharpness": 0.4 + n / 50}
        for n in range(9)
    ]
    found = odd_pixels.detect(frames.measurements([{"image_id": "odd"} | odd, *usual]), params)
    assert found.filter("is_issue", pl.col("image_id") != "odd").is_empty()
    assert found.group_by("image_id").len()["len"].unique().to_list() == [len(REGISTRY["odd_pixels"].kinds)]
    return set(found.filter("is_issue")["issue"])


@pytest.mark.parametrize(
    ("odd", "kind"),
    [
        ({"brightness_p99": 0.2}, "dark"),
        ({"brightness_p1": 0.95}, "light"),
        ({"sharpness": 0.05}, "blurry"),
        ({"entropy": 0.5}, "low_information"),
        ({"noise": 0.9}, "noisy"),
        ({"pixel_count": 64 * 11}, "odd_size"),
        ({"pixel_count": 6}, "odd_size"),
        ({"aspect_ratio": 3.5}, "odd_aspect"),
        ({"brightness": 0.99}, "odd_statistics"),
        ({"unreadable": "empty"}, "unreadable"),
    ],
)
def test_each_kind_fires(odd: dict[str, object], kind: str) -> None:
    assert kind in kinds_of(odd)


def test_an_unreadable_image_is_only_that_and_says_why() -> None:
    assert kinds_of({"unreadable": "the file is empty (0 bytes)"}) == {"unreadable"}
    found = odd_pixels.detect(frames.measurements([{"image_id": "x", "unreadable": "empty"}]), PARAMS)
    assert found.filter("is_issue")["note"].to_list() == ["empty"]


def test_a_usual_image_is_none() -> None:
    assert kinds_of({}) == set()


def test_like_images_with_specks_are_not_odd() -> None:
    rows = [{"image_id": str(n), "brightness": 0.5} for n in range(9)] + [{"image_id": "x", "brightness": 0.52}]
    assert odd_pixels.detect(frames.measurements(rows), PARAMS).filter("is_issue").is_empty()


def test_the_note_of_odd_statistics_names_value_and_median() -> None:
    rows = [{"image_id": str(n)} for n in range(9)] + [{"image_id": "x", "brightness": 0.9}]
    found = odd_pixels.detect(frames.measurements(rows), PARAMS).filter("is_issue")
    assert found["note"].to_list() == ["brightness 0.9 (median 0.5)"]
