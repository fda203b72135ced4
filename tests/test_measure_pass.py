"""The pass over all images: what it writes, and what it takes from an earlier one."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from dataprep import config, measure, measure_pass, pixels
from dataprep.errors import DataprepError
from dataprep.measure_pass import Results, measure_all, method_key, side_for
from dataprep.originals import Originals, PartWriter
from dataprep.schema import MEASURED
from tests import frames
from tests.test_measure import PARAMS, batch_of, noise
from tests.test_pixels import encoded

FILES = {f"{number:03d}": encoded(noise(24 + number % 3, number)) for number in range(40)}


def source(folder: Path, files: dict[str, bytes]) -> tuple[pl.DataFrame, Originals]:
    folder.mkdir(parents=True, exist_ok=True)
    writer = PartWriter(folder)
    for name in sorted(files):
        writer.add(name, files[name], None if files[name] else "the source cannot give it")
    writer.flush()
    rows = [
        {"image_id": name, "width": 24, "height": 24, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in files.items()
    ]
    return frames.images(rows), Originals(folder)


def results(folder: Path) -> Results:
    folder.mkdir(parents=True, exist_ok=True)
    return Results(*(folder / name for name in ("measurements.parquet", "pixels.npy", "measured.parquet")))


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The image_ids that are decoded, as the test goes on."""
    names: list[str] = []
    plain: Callable[..., tuple[pl.DataFrame, np.ndarray]] = measure.measure_batch

    def counting(batch: pl.DataFrame, side: int, params: config.Measure) -> tuple[pl.DataFrame, np.ndarray]:
        names.extend(batch["image_id"])
        return plain(batch, side, params)

    monkeypatch.setattr(measure, "measure_batch", counting)
    return names


def run(
    tmp_path: Path, name: str, files: dict[str, bytes], out: Results, params: config.Measure = PARAMS
) -> list[bytes]:
    """Return the bytes of all files that the pass writes."""
    table, originals = source(tmp_path / "originals" / name, files)
    measure_all(table, originals, params, 2, out)
    return [path.read_bytes() for path in (out.measurements, out.pixels, out.measured)]


@pytest.mark.parametrize("workers", [1, 3])
def test_results_do_not_depend_on_workers(tmp_path: Path, workers: int) -> None:
    table, originals = source(tmp_path / "originals", FILES)
    found = measure_all(table, originals, PARAMS, workers, results(tmp_path))
    frame, block = measure.measure_batch(batch_of(list(FILES.values())), 16, PARAMS)
    assert found.equals(frame)
    assert np.array_equal(np.load(tmp_path / "pixels.npy"), block)


def test_only_new_contents_are_decoded_and_the_files_are_those_of_a_full_pass(
    tmp_path: Path, decoded: list[str]
) -> None:
    out = results(tmp_path / "out")
    run(tmp_path, "first", FILES, out)
    assert sorted(decoded) == sorted(FILES)
    decoded.clear()
    kept = {name: data for name, data in FILES.items() if name not in ("003", "017")}
    # One new image, one changed, one renamed, two gone, one that is a copy of another.
    changed = kept | {
        "000a": encoded(noise(24, 99)),
        "020": encoded(noise(24, 98)),
        "zz": FILES["017"],
        "zzz": FILES["005"],
    }
    again = run(tmp_path, "second", changed, out)
    assert sorted(decoded) == ["000a", "020"]
    assert again == run(tmp_path, "third", changed, results(tmp_path / "anew"))


def test_equal_files_are_decoded_once(tmp_path: Path, decoded: list[str]) -> None:
    files = dict.fromkeys(("a", "b", "c"), FILES["001"]) | {"d": FILES["002"]}
    run(tmp_path, "copies", files, results(tmp_path / "out"))
    assert sorted(decoded) == ["a", "d"]
    found = pl.read_parquet(tmp_path / "out/measurements.parquet")
    assert found["image_id"].to_list() == ["a", "b", "c", "d"]
    assert found["pixel_hash"].n_unique() == 2
    pixels = np.load(tmp_path / "out/pixels.npy")
    assert np.array_equal(pixels[0], pixels[2])
    assert not np.array_equal(pixels[0], pixels[3])


def test_images_that_the_source_could_not_give_are_tried_anew(tmp_path: Path, decoded: list[str]) -> None:
    files = {"a": FILES["001"], "b": b"", "c": b"", "junk": b"no picture"}
    out = results(tmp_path / "out")
    run(tmp_path, "first", files, out)
    decoded.clear()
    run(tmp_path, "second", files, out)
    assert sorted(decoded) == ["b", "c"]
    found = dict(pl.read_parquet(out.measurements).select("image_id", "unreadable").iter_rows())
    assert found["b"] == "the source cannot give it"
    assert found["junk"] == "no image format that Pillow knows"


@pytest.mark.parametrize("change", [{"background": 0}, {"fit": "crop"}, {"size": 24}, {"max_pixels": 1000}])
def test_another_parameter_measures_all_anew(tmp_path: Path, decoded: list[str], change: dict[str, int | str]) -> None:
    out = results(tmp_path / "out")
    run(tmp_path, "first", FILES, out)
    decoded.clear()
    again = run(tmp_path, "second", FILES, out, PARAMS.model_copy(update=change))
    assert sorted(decoded) == sorted(FILES)
    assert again[1] == run(tmp_path, "third", FILES, results(tmp_path / "anew"), PARAMS.model_copy(update=change))[1]


def test_another_version_or_code_measures_all_anew(
    tmp_path: Path, decoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = results(tmp_path / "out")
    run(tmp_path, "first", FILES, out)
    decoded.clear()
    changed = tmp_path / "texture.py"
    changed.write_text(Path(str(measure_pass.texture.__file__)).read_text() + "# changed\n")
    monkeypatch.setattr(measure_pass.texture, "__file__", str(changed))
    run(tmp_path, "second", FILES, out)
    assert sorted(decoded) == sorted(FILES)
    decoded.clear()
    monkeypatch.setattr(measure_pass, "version", lambda name: "0.0")
    run(tmp_path, "third", FILES, out)
    assert sorted(decoded) == sorted(FILES)


def test_the_number_of_workers_is_no_part_of_the_method() -> None:
    assert method_key(16, PARAMS) == method_key(16, PARAMS.model_copy())
    assert method_key(16, PARAMS.model_copy(update={"size": "auto"})) == method_key(16, PARAMS)
    assert method_key(24, PARAMS) != method_key(16, PARAMS)


@pytest.mark.parametrize("fault", ["no key", "pixels are cut", "measurements are no table", "other pixels"])
def test_what_does_not_fit_together_is_not_relied_on(tmp_path: Path, decoded: list[str], fault: str) -> None:
    out = results(tmp_path / "out")
    first = run(tmp_path, "first", FILES, out)
    decoded.clear()
    match fault:
        case "no key":
            out.measured.unlink()
        case "pixels are cut":
            out.pixels.write_bytes(first[1][:200])
        case "measurements are no table":
            out.measurements.write_text("junk")
        case _:
            np.save(out.pixels, np.zeros((3, 16, 16, 3), np.uint8))
    assert run(tmp_path, "second", FILES, out) == first
    assert sorted(decoded) == sorted(FILES)


def test_a_pass_that_fails_loses_nothing_of_the_earlier_one(
    tmp_path: Path, decoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = results(tmp_path / "out")
    run(tmp_path, "first", FILES, out)
    changed = FILES | {"zz": encoded(noise(24, 77))}

    def failing(*_: object, **__: object) -> None:
        raise RuntimeError("no more")

    with monkeypatch.context() as context:
        context.setattr(measure, "measure_batch", failing)
        with pytest.raises(RuntimeError, match="no more"):
            run(tmp_path, "second", changed, out)
    decoded.clear()
    assert run(tmp_path, "third", changed, out) == run(tmp_path, "fourth", changed, results(tmp_path / "anew"))
    assert decoded == ["zz", *sorted(changed)]


def test_files_of_two_runs_are_not_mixed(tmp_path: Path, decoded: list[str]) -> None:
    """As a partial `dvc checkout` leaves them: the same size, other pictures."""
    out, other = results(tmp_path / "out"), results(tmp_path / "other")
    first = run(tmp_path, "first", FILES, out)
    run(tmp_path, "second", {name: encoded(noise(24, 200 + int(name))) for name in FILES}, other)
    decoded.clear()
    out.pixels.write_bytes(other.pixels.read_bytes())
    assert run(tmp_path, "third", FILES, out) == first
    assert sorted(decoded) == sorted(FILES)


def test_want_of_memory_is_not_remembered(tmp_path: Path, decoded: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    out = results(tmp_path / "out")

    def short(data: bytes, *_: object) -> None:
        raise pixels.Unreadable(pixels.NO_MEMORY)

    with monkeypatch.context() as context:
        context.setattr(measure, "decode", short)
        run(tmp_path, "first", {"a": FILES["001"]}, out)
    assert pl.read_parquet(out.measurements)["unreadable"].to_list() == ["too large for this machine's memory"]
    decoded.clear()
    run(tmp_path, "second", {"a": FILES["001"]}, out)
    assert decoded == ["a"]
    assert pl.read_parquet(out.measurements)["unreadable"].to_list() == [None]


def test_bytes_of_another_run_are_told(tmp_path: Path) -> None:
    table, _ = source(tmp_path / "one", FILES)
    _, originals = source(tmp_path / "two", {name: FILES[name] for name in sorted(FILES)[3:]})
    with pytest.raises(DataprepError, match="not of the same run"):
        measure_all(table, originals, PARAMS, 1, results(tmp_path / "out"))


def test_the_table_of_what_was_measured_names_every_content(tmp_path: Path) -> None:
    out = results(tmp_path / "out")
    run(tmp_path, "first", {"a": FILES["001"], "b": b""}, out)
    found = pl.read_parquet(out.measured)
    assert found.schema == MEASURED.empty().schema
    assert found["image_id"].to_list() == ["a"]


@pytest.mark.parametrize(("side", "expected"), [(8, 16), (28, 32), (32, 32), (33, 32), (500, 64)])
def test_automatic_size_follows_the_median_within_bounds(side: int, expected: int) -> None:
    table = frames.images([{"image_id": str(n), "width": side, "height": side * 2} for n in range(3)])
    assert side_for(table, "auto") == expected
    assert side_for(table, 24) == 24


def test_automatic_size_without_a_readable_image() -> None:
    assert side_for(frames.images([{"image_id": "x", "width": None, "height": None}]), "auto") == 16
