import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image, ImageFilter
from scipy import fft

from dataprep import config, measure
from dataprep.schema import ORIGINALS
from tests.test_pixels import encoded

PARAMS = config.Measure(size=16, fit="stretch", max_pixels=10_000_000, background=255)


def noise(side: int = 64, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8))


def scene(side: int = 256) -> Image.Image:
    """Sharp edges at several scales on a plain background."""
    image = Image.new("L", (side, side), 230)
    for number in range(6):
        at, size = side * number // 7, side // (number + 3)
        image.paste(40 * number, (at, at, at + size, at + size // 2))
    return image.convert("RGB")


def measured(*pictures: Image.Image, params: config.Measure = PARAMS, **options: Any) -> list[dict[str, Any]]:
    """Return the MEASUREMENTS of pictures by way of PNG files in one batch."""
    return rows_of([encoded(picture, **options) for picture in pictures], params)


def rows_of(files: list[bytes], params: config.Measure = PARAMS) -> list[dict[str, Any]]:
    return measure.measure_batch(batch_of(files), 16, params)[0].to_dicts()


def batch_of(files: list[bytes]) -> pl.DataFrame:
    names = [f"{number:03d}" for number in range(len(files))]
    columns = {"image_id": names, "bytes": files, "fault": [None] * len(files)}
    return pl.DataFrame(columns, schema=ORIGINALS.columns)


@pytest.mark.parametrize(("color", "expected"), [("black", 0.0), ("white", 1.0)])
@pytest.mark.parametrize("size", [(20, 10), (400, 200)])
def test_black_is_zero_and_white_is_one(color: str, expected: float, size: tuple[int, int]) -> None:
    (found,) = measured(Image.new("RGB", size, color))
    assert found["brightness"] == found["brightness_p1"] == found["brightness_p99"] == expected
    assert found["contrast"] == found["entropy"] == found["noise"] == found["chroma"] == found["transparency"] == 0.0
    assert found["clipped_black"] == found["clipped_white"] == 0.0  # it is all background
    assert found["background"] == found["orientation"] == found["sharpness"] == 1.0  # no edge that could be blurred
    assert found["blockiness"] == 0.5
    assert found["aspect_ratio"] == 2.0
    assert found["pixel_count"] == size[0] * size[1]


def test_statistics_equal_plain_loops() -> None:
    red, green, blue = np.moveaxis(np.asarray(noise()).astype(np.int64), 2, 0).reshape(3, -1)
    luma = np.rint(0.299 * red + 0.587 * green + 0.114 * blue)
    (found,) = measured(noise())
    mean = sum(luma) / len(luma) / 255
    assert found["brightness"] == pytest.approx(mean, abs=1e-5)
    assert found["contrast"] == pytest.approx(math.sqrt(sum((v / 255 - mean) ** 2 for v in luma) / len(luma)), abs=1e-5)
    shares = [sum(luma == level) / len(luma) for level in set(luma)]
    assert found["entropy"] == pytest.approx(-sum(s * math.log2(s) for s in shares), abs=1e-2)
    assert found["brightness_p1"] == pytest.approx(np.percentile(luma, 1, method="inverted_cdf") / 255, abs=1 / 255)
    assert found["brightness_p99"] == pytest.approx(np.percentile(luma, 99, method="inverted_cdf") / 255, abs=1 / 255)
    windows = [sum((luma >= low) & (luma < low + 5)) / len(luma) for low in range(252)]
    assert found["background"] == pytest.approx(max(windows), abs=1e-2)


def plain_texture(luma: Any) -> dict[str, float]:
    """Sharpness, noise and blockiness by loops, of a picture that is not shrunk."""
    total = lost = 0.0
    rough, blocks = [], []
    for lines in (luma.astype(np.float64), luma.T.astype(np.float64)):
        phases = [0.0] * 8
        squares = []
        for line in lines:
            steps = [abs(line[x + 1] - line[x]) for x in range(len(line) - 1)]
            squares += [step**2 for step in steps]
            for x in range((len(line) - 1) // 8 * 8):
                phases[x % 8] += steps[x]
            for x in range(4, len(line) - 5):
                means = [sum(line[at - 4 : at + 5]) / 9 for at in (x, x + 1)]
                total += steps[x] ** 2
                lost += steps[x] * max(np.rint(steps[x] - 1 - abs(means[1] - means[0])), 0.0)
        rough.append(sum(squares) / len(squares))
        blocks.append(phases[7] / (phases[7] + max(phases[:7])))
    return {
        "sharpness": lost / total,
        "noise": (rough[0] + rough[1]) / 2 / (2 * luma.astype(np.float64).var()),
        "blockiness": min(blocks),
    }


@pytest.mark.parametrize("size", [(40, 33), (64, 64), (100, 90)])
def test_texture_equals_plain_loops(size: tuple[int, int]) -> None:
    image = Image.effect_noise(size, 60).filter(ImageFilter.GaussianBlur(0.7)).convert("RGB")
    found = measured(image, image)
    luma = np.asarray(image)[:, :, 0]
    for name, expected in plain_texture(luma).items():
        assert found[0][name] == found[1][name] == pytest.approx(expected, rel=1e-4), name


def test_half_and_half_has_one_bit_of_entropy() -> None:
    image = Image.new("RGB", (4, 4), "white")
    image.paste("black", (0, 0, 4, 2))
    (found,) = measured(image)
    assert found["entropy"] == pytest.approx(1.0)
    assert found["contrast"] == pytest.approx(0.5)


def test_noise_tells_white_noise_from_a_gradient() -> None:
    assert measured(noise())[0]["noise"] == pytest.approx(1.0, abs=0.05)
    assert measured(Image.linear_gradient("L").convert("RGB"))[0]["noise"] < 0.01


def test_sharpness_falls_with_blur_and_not_with_size() -> None:
    blurred = [scene().filter(ImageFilter.GaussianBlur(radius)) for radius in (0, 1, 2, 4)]
    values = [row["sharpness"] for row in measured(*blurred)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 2 * values[-1]
    large = scene().resize((1024, 1024), Image.Resampling.NEAREST)
    assert measured(large)[0]["sharpness"] == pytest.approx(values[0], abs=0.05)


def test_a_plain_background_does_not_make_a_sharp_object_blurry() -> None:
    shaded = Image.linear_gradient("L").resize((1000, 1000)).convert("RGB")
    for canvas in (Image.new("RGB", (1000, 1000), "white"), shaded):
        canvas.paste(scene(100), (450, 450))
        assert measured(canvas)[0]["sharpness"] > 0.6
        assert measured(canvas.filter(ImageFilter.GaussianBlur(30)))[0]["sharpness"] < 0.2


def test_clipping_counts_inside_and_not_in_a_plain_background() -> None:
    background = Image.new("RGB", (100, 100), "white")
    background.paste("gray", (30, 30, 70, 70))
    overexposed = Image.new("RGB", (100, 100), "gray")
    overexposed.paste("white", (30, 30, 70, 70))
    negative = Image.fromarray(255 - np.asarray(overexposed.convert("L").point(lambda v: 255 if v == 255 else 100)))
    found = measured(background, overexposed, negative.convert("RGB"))
    assert [row["clipped_white"] for row in found] == pytest.approx([0.0, 0.16, 0.0])
    assert [row["clipped_black"] for row in found] == pytest.approx([0.0, 0.0, 0.16])


def test_strong_compression_shows_its_blocks() -> None:
    photo = Image.effect_noise((128, 96), 120).filter(ImageFilter.GaussianBlur(3)).convert("RGB")
    values = [rows_of([encoded(photo, "JPEG", quality=quality)])[0]["blockiness"] for quality in (95, 5)]
    assert values[0] < 0.55
    assert values[1] > 0.7


def test_chroma_is_the_span_of_the_colors() -> None:
    found = measured(Image.new("RGB", (30, 30), (255, 0, 0)), Image.new("RGB", (30, 30), (90, 80, 39)))
    assert [row["chroma"] for row in found] == pytest.approx([1.0, 0.2])


def test_transparency_counts_what_changes_when_it_is_dropped() -> None:
    half = Image.new("RGBA", (10, 10), (255, 0, 0, 255))
    half.paste((255, 0, 0, 0), (0, 0, 10, 5))
    harmless = Image.new("RGBA", (10, 10), (255, 255, 255, 0))
    palette = Image.new("P", (10, 10), 0)
    palette.putpalette([10, 20, 30, 255, 255, 255])
    palette.paste(1, (0, 0, 10, 9))
    found = measured(half, harmless, half.convert("RGB")) + measured(palette, transparency=0)
    assert [row["transparency"] for row in found] == pytest.approx([0.5, 0.0, 0.0, 0.1])


def test_orientation_is_as_stored() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    (found,) = rows_of([encoded(Image.new("RGB", (6, 2)), "JPEG", exif=exif)])
    assert (found["orientation"], found["aspect_ratio"]) == (6, 3.0)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (1, 5000), (700, 2)])
def test_thin_images_are_measured(size: tuple[int, int]) -> None:
    (found,) = measured(Image.new("RGB", size, "gray"))
    assert all(math.isfinite(value) for value in found.values() if isinstance(value, float))


def thumbnail(gray: Image.Image) -> Any:
    return measure.resized(np.asarray(gray), 32)


def test_perceptual_hash_equals_its_definition() -> None:
    gray = scene().convert("L")
    low = fft.dct(fft.dct(thumbnail(gray).astype(np.float64), axis=0), axis=1)[:8, :8]
    # The scaling of SciPy differs from the plain sum by a factor common to all coefficients.
    bits = (low > np.median(low)).ravel()
    expected = sum(int(bit) << (63 - place) for place, bit in enumerate(bits))
    assert measured(gray.convert("RGB"))[0]["perceptual_hash"] == expected


def test_perceptual_hash_survives_resizing_and_flat_is_zero() -> None:
    found = [
        row["perceptual_hash"] for row in measured(scene(), scene().resize((100, 100)), Image.new("RGB", (50, 50)))
    ]
    assert (found[0] ^ found[1]).bit_count() <= 6
    assert found[2] == 0


def test_pixel_hash_ignores_the_file_format_and_sees_one_pixel() -> None:
    image = noise(8)
    files = [encoded(image), encoded(image, "BMP"), encoded(image, "TIFF")]
    assert len({row["pixel_hash"] for row in rows_of(files)}) == 1
    same = measured(image)[0]["pixel_hash"]
    image.putpixel((3, 3), (1, 2, 3))
    assert measured(image)[0]["pixel_hash"] != same
    flat = [row["pixel_hash"] for row in measured(*[Image.new("RGB", size) for size in ((2, 8), (8, 2))])]
    assert flat[0] != flat[1]


def test_pictures_that_differ_in_transparency_alone_have_different_hashes() -> None:
    icons = [Image.new("RGBA", (8, 8), (255, 255, 255, 0)) for _ in range(2)]
    icons[1].paste((255, 255, 255, 255), (2, 2, 5, 5))
    opaque = Image.new("RGBA", (8, 8), (1, 2, 3, 255))
    one, other, first, second = (row["pixel_hash"] for row in measured(*icons, opaque, opaque.convert("RGB")))
    assert one != other
    assert first == second


def test_a_batch_of_one_gives_what_a_batch_of_many_gives() -> None:
    random = np.random.default_rng(3)
    sizes = [(32, 32)] * 5 + [(16, 16), (65, 64), (64, 64), (300, 200), (28, 28), (32, 32), (600, 90)]
    scans = [Image.effect_noise(size, float(random.uniform(5, 90))).convert("RGB") for size in sizes]
    files = [encoded(scan, format) for scan, format in zip(scans, ["PNG", "JPEG"] * 6, strict=True)]
    files.insert(2, b"junk")
    for side in (16, 32, 64):
        frame, block = measure.measure_batch(batch_of(files), side, PARAMS)
        for number, row in enumerate(batch_of(files).iter_slices(1)):
            alone, pixels = measure.measure_batch(row, side, PARAMS)
            assert alone.equals(frame[number : number + 1])
            assert np.array_equal(pixels[0], block[number])


def test_a_batch_gives_a_row_per_image_and_black_pixels_where_unreadable() -> None:
    batch = pl.DataFrame({"image_id": ["a", "b"], "bytes": [encoded(noise()), b"junk"], "fault": None})
    frame, block = measure.measure_batch(batch, 16, PARAMS)
    assert frame["unreadable"].to_list() == [None, "no image format that Pillow knows"]
    assert block.shape == (2, 16, 16, 3)
    assert block[0].any()
    assert not block[1].any()


def test_a_picture_too_large_to_measure_is_unreadable_and_the_pass_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = measure.texture_sums

    def short(light: np.ndarray) -> dict[str, np.ndarray]:
        if light.shape[1] == 300:
            raise MemoryError
        return plain(light)

    monkeypatch.setattr(measure, "texture_sums", short)
    found = measured(noise(64), noise(300), noise(100))
    assert [row["unreadable"] for row in found] == [None, "too large for this machine's memory", None]
    assert found[2]["pixel_count"] == 10_000
