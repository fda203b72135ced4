"""Pictures are small, the same each time, and hold what their captions say."""

import io

import numpy as np
import polars as pl
import pytest
from PIL import Image

from dataprep.report import pictures, plots
from dataprep.report.grids import TILE, Tile, clusters, encode, enlarged, grid, label_lines
from dataprep.report.lettering import REGULAR, drawable, fit, font, wrapped
from tests.report.builders import HOSTILE, inputs


def noise(height: int, width: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def flat(value: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.full((5, 7, 3), value, np.uint8)


@pytest.mark.parametrize("budget", [40_000, 150_000])
def test_a_picture_of_noise_keeps_to_its_budget(budget: int) -> None:
    made = encode(noise(600, 1000), "x", "alt", budget)
    assert len(made.data) <= budget
    assert made.name == "x.jpg"


def test_a_plain_picture_stays_lossless() -> None:
    made = encode(Image.new("RGB", (300, 200), (1, 2, 3)), "x", "alt", 40_000)
    assert made.name == "x.png"
    assert opened(made.data).convert("RGB").getpixel((9, 9)) == (1, 2, 3)


def test_a_grid_shows_its_tiles_in_reading_order() -> None:
    made = grid([Tile(flat(value), ("c",)) for value in (10, 90, 170)], columns=2)
    step = made.width // 2
    centers = [
        (TILE // 2, TILE // 2),
        (TILE // 2 + step, TILE // 2),
        (TILE // 2, TILE // 2 + made.height // 2),
    ]
    assert [made.getpixel(center)[0] for center in centers] == [10, 90, 170]  # type: ignore[index]


def test_clusters_wrap_and_stay_on_the_page() -> None:
    groups = [(HOSTILE, [Tile(flat(9), (HOSTILE, "train"))] * size) for size in (2, 3, 6, 1)]
    assert clusters(groups).width <= 8 * (TILE + 12) + 36


def test_the_suggested_label_follows_the_given_one() -> None:
    assert label_lines("3", "8") == (("3 → 8",), 0)
    assert label_lines("automobile", "fire truck") == (("automobile", "→ fire truck"), 1)
    assert label_lines(None, None) == (("no label",), None)


def test_what_the_fonts_lack_is_spelled_out() -> None:
    assert drawable("猫 é\n") == "\\u732b é\\n"
    assert font(REGULAR, 16).getlength(fit("a" * 99, font(REGULAR, 16), 100)) <= 100


def test_small_pictures_are_enlarged_to_sharp_squares_and_large_ones_smoothed() -> None:
    small = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    made = np.asarray(enlarged(small, 128))
    assert (made.reshape(16, 8, 16, 8, 3) == small[:, None, :, None]).all()
    odd = np.zeros((5, 7, 3), np.uint8)
    assert enlarged(odd, 128).size == enlarged(odd.repeat(40, 0), 128).size == (128, 128)


def test_captions_break_at_spaces_and_lose_their_middle_last() -> None:
    face = font(REGULAR, 16)
    assert wrapped("golden retriever", face, 90) == ["golden", "retriever"]
    assert wrapped("cat", face, 90) == ["cat"]
    broken = wrapped("→ " + "x" * 300, face, 90)
    assert len(broken) == 2 and broken[0].startswith("→ x") and "…" in broken[1]
    assert all(face.getlength(line) <= 90 for line in broken)


def test_rows_of_a_grid_are_equally_long() -> None:
    ten, eight = (grid([Tile(flat(9), ())] * number) for number in (10, 8))
    assert ten.width < eight.width and ten.height > eight.height


def test_worst_shows_lowest_scores_groups_and_nothing_unreadable() -> None:
    made = {kind: pictures.worst(inputs(), kind) for kind in ("label_error", "near_duplicate", "unreadable")}
    assert made["label_error"] is not None and "2 images" in made["label_error"].alt
    assert made["near_duplicate"] is not None and "2 groups" in made["near_duplicate"].alt
    assert made["unreadable"] is None


def test_file_names_are_plain_and_differ() -> None:
    names = [pictures.file_name(kind) for kind in ("a_b", "a b", "a/b", "../x")]
    assert len(set(names)) == 4
    assert not any(set(name) & set("/. ") for name in names)


def test_displayed_maps_the_range_to_gray() -> None:
    values = np.stack([np.full((2, 5), v, np.float32) for v in (-9.0, 0.0, 1.0)])
    shown = pictures.displayed(values, -1.0, 1.0)
    assert shown.shape == (2, 5, 3)
    assert shown[0, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("classes", [1, 3, 20, 100])
def test_plots_take_any_number_of_classes_and_stay_small(classes: int) -> None:
    names = [f"{HOSTILE[:12]} {i}" for i in range(classes)]
    rows = [(f"{i}", names[i % classes], names[(i + i % 2) % classes]) for i in range(3 * classes)]
    judged = pl.DataFrame(rows, schema=["image_id", "given", "predicted"], orient="row")
    images = pl.DataFrame({"label": [row[1] for row in rows], "split": ["_s"] * len(rows)})
    for data in (plots.confusion(judged, names), plots.class_balance(images, names)):
        assert len(data) < 200_000
        assert max(opened(data).size) < 1400


def test_many_splits_are_all_in_the_bars() -> None:
    images = pl.DataFrame({"label": ["a"] * 12, "split": [f"s{i:02d}" for i in range(12)]})
    merged, splits = plots._few_splits(images)
    assert splits[-1] == "5 smaller splits"
    assert merged.filter(pl.col("split").is_in(splits)).height == 12


def test_plots_carry_no_date_and_no_version() -> None:
    assert set(opened(plots.training(inputs().history)).info) <= {"dpi"}


def test_a_users_matplotlib_style_changes_nothing() -> None:
    import matplotlib

    usual = plots.training(inputs().history)
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 30}):
        assert plots.training(inputs().history) == usual


def test_flat_pixels_have_a_histogram() -> None:
    assert plots.pixel_histograms([("raw", np.zeros((2, 3, 4, 4), np.float32))] * 3)
