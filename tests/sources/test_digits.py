from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from dataprep.config import DigitsFaults
from dataprep.errors import DataprepError
from dataprep.schema import FAULTS, check
from dataprep.sources.digits import write_digits
from tests.sources.builders import decoded

COUNTS = {
    "exact_copies": 7,
    "near_copies": 12,
    "split_copies": 13,
    "swapped_labels": 11,
    "odd_images": 9,
    "unreadable_files": 6,
}


def params(seed: int = 3, **changed: int) -> DigitsFaults:
    return DigitsFaults(seed=seed, **(COUNTS | changed))


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pl.DataFrame]:
    folder = tmp_path_factory.mktemp("digits") / "data"
    return folder, write_digits(folder, params())


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain") / "data"
    assert write_digits(folder, params(**dict.fromkeys(COUNTS, 0))).is_empty()
    return folder


def rows(planted: tuple[Path, pl.DataFrame], fault: str) -> Iterator[tuple[Path, Path | None, str | None]]:
    folder, faults = planted
    for row in faults.filter(fault=fault).iter_rows(named=True):
        source = folder / row["source_id"] if row["source_id"] else None
        yield folder / row["image_id"], source, row["true_label"]


def content(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def place(path: Path) -> tuple[str, str]:
    return path.parent.parent.name, path.parent.name


def test_the_scans_are_all_there_enlarged_and_in_a_stratified_split(plain: Path) -> None:
    scans = load_digits()
    files = sorted(plain.rglob("*.png"))
    assert len(files) == len(scans.target) == 1797
    assert Counter(path.parent.name for path in files) == Counter(str(label) for label in scans.target)
    for label, count in Counter(scans.target.tolist()).items():
        assert len(list((plain / f"test/{label}").iterdir())) == round(0.2 * count)
    shown = {(path.parent.name, decoded(path.read_bytes()).tobytes()) for path in files}
    levels = np.rint(scans.images[0] * 255 / 16).astype(np.uint8)
    first = Image.fromarray(levels).resize((32, 32), Image.Resampling.BICUBIC)
    assert (str(scans.target[0]), np.asarray(first).tobytes()) in shown
    assert len(shown) == 1797


def test_the_faults_table(planted: tuple[Path, pl.DataFrame]) -> None:
    folder, faults = planted
    assert check(faults, FAULTS, "here").equals(faults)
    assert dict(faults["fault"].value_counts().iter_rows()) == {
        "exact_copy": 7,
        "near_copy": 12,
        "split_copy": 13,
        "swapped_label": 11,
        "odd_image": 9,
        "unreadable_file": 6,
    }
    assert all((folder / name).is_file() for name in faults["image_id"])
    assert len(content(folder)) == 1797 + 7 + 12 + 13


def test_each_image_takes_part_in_one_fault(planted: tuple[Path, pl.DataFrame]) -> None:
    touched = [*planted[1]["image_id"], *planted[1]["source_id"].drop_nulls()]
    assert len(touched) == len(set(touched))


def test_exact_copies(planted: tuple[Path, pl.DataFrame]) -> None:
    for copy, source, _ in rows(planted, "exact_copy"):
        assert source is not None and place(copy) == place(source)
        assert copy != source and copy.read_bytes() == source.read_bytes()


def edit(copy: Path, source: Path) -> str:
    new, old = (decoded(path.read_bytes()).astype(float) for path in (copy, source))
    if copy.suffix == ".jpg":
        assert 0 < np.abs(new - old).mean() < 8
        return "jpeg"
    for y in range(-2, 3):
        for x in range(-2, 3):
            shifted = np.zeros((36, 36))
            shifted[2 + y : 34 + y, 2 + x : 34 + x] = old
            if (shifted[2:34, 2:34] == new).all():
                assert (y, x) != (0, 0)
                return "shift"
    gain = np.median(new[(old > 60) & (old < 200)] / old[(old > 60) & (old < 200)])
    assert 0.09 < abs(gain - 1) < 0.26
    assert np.abs(new - (old * gain).clip(0, 255)).max() < 3
    return "brightness"


def test_near_copies_are_edited_in_equal_parts(planted: tuple[Path, pl.DataFrame]) -> None:
    edits: Counter[str] = Counter()
    for copy, source, _ in rows(planted, "near_copy"):
        assert source is not None and place(copy) == place(source)
        edits[edit(copy, source)] += 1
    assert edits == {"shift": 4, "brightness": 4, "jpeg": 4}


def test_split_copies_lead_from_train_to_test(planted: tuple[Path, pl.DataFrame]) -> None:
    edits: Counter[str] = Counter()
    for copy, source, _ in rows(planted, "split_copy"):
        assert source is not None
        assert (place(copy)[0], place(source)[0]) == ("test", "train")
        assert place(copy)[1] == place(source)[1]
        exact = copy.read_bytes() == source.read_bytes()
        edits["exact" if exact else edit(copy, source)] += 1
    assert edits == {"exact": 7, "shift": 2, "brightness": 2, "jpeg": 2}


def test_swapped_labels_keep_their_picture_and_true_label(planted: tuple[Path, pl.DataFrame], plain: Path) -> None:
    original = {path.read_bytes(): place(path) for path in plain.rglob("*.png")}
    for path, source, true_label in rows(planted, "swapped_label"):
        assert source is None
        assert original[path.read_bytes()] == (place(path)[0], true_label)
        assert place(path)[1] != true_label


def test_odd_images_are_blank_noise_or_inverted(planted: tuple[Path, pl.DataFrame], plain: Path) -> None:
    original = {decoded(path.read_bytes()).tobytes() for path in plain.rglob("*.png")}
    kinds: Counter[str] = Counter()
    blank_levels = set()
    for path, _, true_label in rows(planted, "odd_image"):
        assert true_label is None
        pixels = decoded(path.read_bytes())
        if pixels.min() == pixels.max():
            kinds["blank"] += 1
            blank_levels.add(pixels.max())
        else:
            kinds["inverted" if (255 - pixels).tobytes() in original else "noise"] += 1
            assert pixels.std() > 50
    assert kinds == {"blank": 3, "noise": 3, "inverted": 3}
    assert len(blank_levels) == 3


def test_unreadable_files(planted: tuple[Path, pl.DataFrame]) -> None:
    kinds: Counter[str] = Counter()
    for path, _, _ in rows(planted, "unreadable_file"):
        data = path.read_bytes()
        kinds["empty" if not data else "cut" if data.startswith(b"\x89PNG") else "text"] += 1
        with pytest.raises(Exception, match=r"truncated|cannot identify|broken"):
            decoded(data)
    assert kinds == {"empty": 2, "cut": 2, "text": 2}


def test_all_other_files_are_the_scans(planted: tuple[Path, pl.DataFrame], plain: Path) -> None:
    folder, faults = planted
    untouched = set(content(folder)) - set(faults["image_id"])
    originals = Counter((place(path), path.read_bytes()) for path in plain.rglob("*.png"))
    left = Counter((place(folder / name), (folder / name).read_bytes()) for name in untouched)
    assert not left - originals
    assert sum((originals - left).values()) == 11 + 9 + 6


def test_names_do_not_give_the_faults_away(planted: tuple[Path, pl.DataFrame]) -> None:
    folder, faults = planted
    for place_ in {path.parent for path in folder.rglob("*") if path.is_file()}:
        numbers = sorted(int(path.stem.removeprefix("digit-")) for path in place_.iterdir())
        assert numbers == list(range(len(numbers)))
    position = [
        int(Path(name).stem.removeprefix("digit-")) / len(list((folder / name).parent.iterdir()))
        for name in faults["image_id"]
    ]
    assert 0.3 < np.mean(position) < 0.7
    pairs = faults.filter(fault="exact_copy").select("image_id", "source_id").iter_rows()
    numbers_of = [tuple(int(Path(name).stem.removeprefix("digit-")) for name in pair) for pair in pairs]
    assert max(abs(copy - source) for copy, source in numbers_of) > 5


def test_same_seed_same_bytes_and_another_seed_another_split(
    planted: tuple[Path, pl.DataFrame], tmp_path: Path
) -> None:
    folder, faults = planted
    assert write_digits(tmp_path / "again", params()).equals(faults)
    assert content(tmp_path / "again") == content(folder)
    assert not write_digits(tmp_path / "other", params(seed=4)).equals(faults)


def test_all_images_may_take_a_fault(tmp_path: Path) -> None:
    faults = write_digits(tmp_path / "d", params(**(dict.fromkeys(COUNTS, 0) | {"odd_images": 1797})))
    assert faults.height == 1797


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"odd_images": 1797}, "1846 faults, 13 of them split_copies, do not fit into 1797 images, 1438 "),
        (dict.fromkeys(COUNTS, 0) | {"split_copies": 1439}, "1439 faults, 1439 of them"),
    ],
)
def test_faults_that_do_not_fit_leave_nothing_behind(changed: dict[str, int], message: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/old.txt").write_text("as it was")
    with pytest.raises(DataprepError, match=message):
        write_digits(tmp_path / "data", params(**changed))
    assert content(tmp_path) == {"data/old.txt": b"as it was"}


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataprepError, match="cannot write the output"):
        write_digits(tmp_path / "file/data", params())
