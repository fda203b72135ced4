import polars as pl
import pytest

from dataprep.config import OddPixels
from dataprep.detectors import REGISTRY, odd_pixels
from tests import frames

PARAMS = OddPixels(
    dark=0.3,
    light=0.9,
    clipped=0.2,
    sharpness=0.1,
    entropy_bits=1.0,
    plain=0.95,
    gray=0.01,
    noise=0.6,
    blocky=0.65,
    transparent=0.01,
    rare=0.1,
    aspect_factor=3.0,
    size_factor=10.0,
    deviations=6.0,
)


def detect(rows: list[dict[str, object]], params: OddPixels = PARAMS, **columns: object) -> pl.DataFrame:
    """Find what is odd; `columns` are of IMAGES, the same in all rows."""
    images = frames.images([{"image_id": row["image_id"]} | columns for row in rows])
    return odd_pixels.detect(images, frames.measurements(rows), params)


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
    found = detect([{"image_id": "odd"} | odd, *usual], params)
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
        ({"unreadable": "damaged: the file is truncated: image file is truncated"}, "truncated"),
        ({"clipped_white": 0.25}, "overexposed"),
        ({"clipped_black": 0.25}, "underexposed"),
        ({"background": 0.98}, "near_empty"),
        ({"chroma": 0.0}, "grayscale"),
        ({"blockiness": 0.8}, "blocky"),
        ({"transparency": 0.1}, "transparent"),
        ({"orientation": 6}, "exif_rotated"),
    ],
)
def test_each_kind_fires(odd: dict[str, object], kind: str) -> None:
    assert kind in kinds_of(odd)


def test_an_unreadable_image_is_only_that_and_says_why() -> None:
    assert kinds_of({"unreadable": "the file is empty (0 bytes)"}) == {"unreadable"}
    found = detect([{"image_id": "x", "unreadable": "empty"}])
    assert found.filter("is_issue")["note"].to_list() == ["empty"]


def test_a_usual_image_is_none() -> None:
    assert kinds_of({}) == set()


def test_like_images_with_specks_are_not_odd() -> None:
    rows = [{"image_id": str(n), "brightness": 0.5} for n in range(9)] + [{"image_id": "x", "brightness": 0.52}]
    assert detect(rows).filter("is_issue").is_empty()


def test_the_note_of_odd_statistics_names_value_and_median() -> None:
    rows = [{"image_id": str(n)} for n in range(9)] + [{"image_id": "x", "brightness": 0.9}]
    found = detect(rows).filter("is_issue")
    assert found["note"].to_list() == ["brightness 0.9 (median 0.5)"]


@pytest.mark.parametrize(
    "usual",
    [
        {"sharpness": 0.05},
        {"entropy": 0.5},
        {"noise": 0.9},
        {"clipped_white": 0.25},
        {"clipped_black": 0.25},
        {"background": 0.98},
        {"chroma": 0.0},
        {"blockiness": 0.8},
        {"transparency": 0.1},
        {"orientation": 6},
        {"pixel_count": 10**7},
        {"aspect_ratio": 9.0},
    ],
)
def test_what_all_images_have_is_not_odd(usual: dict[str, object]) -> None:
    assert detect([{"image_id": str(n)} | usual for n in range(9)]).filter("is_issue").is_empty()


def test_a_set_of_flat_images_is_not_thrown_away_but_a_flat_one_among_others_is_found() -> None:
    flat: dict[str, object] = {"entropy": 0.0, "contrast": 0.0, "background": 1.0}
    assert detect([{"image_id": str(n)} | flat for n in range(9)]).filter("is_issue").is_empty()
    found = detect([{"image_id": str(n)} | (flat if n == 3 else {}) for n in range(9)])
    assert {"low_information", "near_empty"} <= set(found.filter("is_issue", image_id="3")["issue"])


def test_a_picture_without_contrast_is_not_blurry() -> None:
    assert "blurry" not in kinds_of({"sharpness": 0.0, "contrast": 0.005})


@pytest.mark.parametrize(
    ("name", "format", "note"),
    [
        ("a/b.jpg", "WEBP", "WEBP in a file named as JPEG"),
        ("a/b.PNG", "JPEG", "JPEG in a file named as PNG"),
        ("a/b.jpeg", "MPO", None),
        ("a/b.jfif", "JPEG", None),
        ("a/b.pgm", "PPM", None),
        ("a/b.TIF", "TIFF", None),
        ("a.png/b", "JPEG", None),
        ("train/000001", "PNG", None),
        ("a/b.dat", "PNG", None),
        ("a/.png", "JPEG", None),
        ("a/b.png", None, None),
    ],
)
def test_an_extension_is_wrong_only_where_it_names_another_format(
    name: str, format: str | None, note: str | None
) -> None:
    found = detect([{"image_id": name}], format=format).filter(issue="wrong_extension")
    assert found.select("is_issue", "note").rows() == [(note is not None, note)]
