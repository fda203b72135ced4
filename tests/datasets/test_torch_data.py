"""What torch reads, alone and by worker processes."""

import io
import pickle
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from dataprep.datasets.reader import DataSet, open_dataset
from dataprep.datasets.torch_data import Batches, loader, targets
from dataprep.datasets.writer import write_dataset
from dataprep.errors import DataprepError
from tests.datasets.builders import CLASSES, PARTNERED, content, originals, params, picture, pictures, written


@pytest.fixture
def data(tmp_path: Path) -> DataSet:
    return open_dataset(written(tmp_path)[0])


@pytest.mark.parametrize("formats", [("parquet",), ("webdataset",)])
def test_images_are_those_that_pillow_decodes(formats: tuple[str, ...], tmp_path: Path) -> None:
    folder, files = written(tmp_path, write=params(formats=formats))
    data = open_dataset(folder)
    images = data.images("train")
    assert len(images) == data.splits["train"] == 7
    for n in range(-1, len(images)):
        pixels, label = images[n]
        name = images.image_ids[n]
        expected = np.asarray(Image.open(io.BytesIO(files[name])).convert("RGB"))
        assert pixels.dtype == torch.uint8
        assert np.array_equal(pixels.permute(1, 2, 0).numpy(), expected)
        assert data.classes[label] == name.split("/")[0]
        assert data.read(name) == files[name]
    with pytest.raises(IndexError):
        images[7]


def test_images_take_a_transform_and_give_batches(data: DataSet) -> None:
    plain, halved = data.images("te/st"), data.images("te/st", lambda pixels: pixels[:, ::2, ::2])
    batch, labels = halved[[4, 0, 2]]
    assert batch.shape == (3, 3, 4, 6)
    for place, number in enumerate((4, 0, 2)):
        assert torch.equal(batch[place], plain[number][0][:, ::2, ::2])
        assert labels[place] == plain[number][1]


def test_a_picture_that_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    files = pictures(14)
    files["x/000 ü.png"] = files["x/000 ü.png"][:60]
    write_dataset(content(tmp_path, files), originals(files), params(), tmp_path / "data")
    images = open_dataset(tmp_path / "data").images("train")
    with pytest.raises(DataprepError, match=r"x/000 ü.png cannot be decoded: damaged.*\n.*images/train-0"):
        images[images.image_ids.to_list().index("x/000 ü.png")]


def test_tensors_are_those_written(data: DataSet, tmp_path: Path) -> None:
    made = content(tmp_path, pictures(14))
    tensors = data.tensors("train")
    assert len(tensors) == 14
    assert len(data.tensors("train", copies=False)) == 7
    own = {name: n for n, name in enumerate(made.kept["image_id"])}
    copies = {name: n for n, name in enumerate(made.augmented_index["image_id"])}
    batch, labels = tensors[[13, 0, 7, 0]]
    for place, number in enumerate((13, 0, 7, 0)):
        name, copy = tensors.image_ids[number], tensors.copies[number]
        expected = made.augmented[copies[name]] if copy else made.normalized[own[name]]
        pixels, label = tensors[number]
        assert np.array_equal(pixels.numpy(), expected)
        assert torch.equal(batch[place], pixels)
        assert labels[place] == label == data.classes.index(name.split("/")[0])
    assert torch.equal(tensors[-1][0], tensors[13][0])
    assert tensors[[]][0].shape == (0, 3, 5, 5)


WAYS = [("images", None), ("tensors", None), ("images", "fork"), ("tensors", "fork"), ("images", "spawn")]


@pytest.mark.parametrize(("kind", "start"), WAYS)
def test_epochs_are_the_same_with_workers_and_without(kind: str, start: str | None, data: DataSet) -> None:
    split = data.images("train") if kind == "images" else data.tensors("train")
    split[0]  # maps a file before any worker starts
    workers = {"workers": 2, "multiprocessing_context": start, "persistent_workers": True} if start else {}
    pass_of = loader(split, 4, seed=3, **workers)
    first, second = list(pass_of), list(pass_of)
    orders = [list(Batches(len(split), 4, seed=3))]
    again = Batches(len(split), 4, seed=3)
    again.set_epoch(1)
    orders.append(list(again))
    for batches, order in zip((first, second), orders, strict=True):
        assert sorted(number for batch in order for number in batch) == list(range(len(split)))
        for (pixels, labels), numbers in zip(batches, order, strict=True):
            expected = split[numbers]
            assert torch.equal(pixels, expected[0])
            assert torch.equal(labels, expected[1])
    assert orders[0] != orders[1]


def test_any_torch_loader_will_do(data: DataSet) -> None:
    batches = list(torch.utils.data.DataLoader(data.tensors("te/st"), batch_size=4))
    assert [len(pixels) for pixels, _ in batches] == [4, 3]
    assert torch.equal(torch.cat([labels for _, labels in batches]), data.tensors("te/st").labels)


def test_a_pickle_holds_no_pixels(data: DataSet) -> None:
    for split in (data.images("train"), data.tensors("train")):
        split[0]
        again = pickle.loads(pickle.dumps(split))  # noqa: S301 (its own)
        assert torch.equal(again[3][0], split[3][0])
    split = data.tensors("train")
    fresh = len(pickle.dumps(split))
    split[list(range(len(split)))]
    assert len(pickle.dumps(split)) == fresh


def test_batches_cover_each_image_once_in_an_order_of_seed_and_epoch() -> None:
    one, other = Batches(10, 4, seed=1), Batches(10, 4, seed=2)
    assert [len(batch) for batch in one] == [4, 4, 2] and len(one) == 3
    assert list(one) != list(other)
    assert list(Batches(10, 4, shuffle=False)) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert [len(batch) for batch in Batches(10, 4, drop_last=True)] == [4, 4]
    assert len(Batches(10, 4, drop_last=True)) == 2


def test_mixed_labels_are_probabilities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("tensor_shards", "reader"):
        monkeypatch.setattr(f"dataprep.datasets.{module}.TENSORS", PARTNERED)
    files = pictures(14)
    made = content(tmp_path, files)
    index = made.augmented_index.with_columns(partner_label=pl.lit("z"), partner_share=pl.lit(0.25, pl.Float32))
    write_dataset(content(tmp_path, files, augmented_index=index), originals(files), params(), tmp_path / "data")
    data = open_dataset(tmp_path / "data")
    tensors = data.tensors("train")
    for number in range(len(tensors)):
        own = data.classes.index(tensors.image_ids[number].split("/")[0])
        expected = torch.zeros(3)
        share = 0.25 if tensors.copies[number] else 0.0
        expected[own] += 1 - share
        expected[data.classes.index("z")] += share
        assert torch.equal(tensors[number][1], expected)
    assert data.tensors("train", copies=False).labels.dtype == torch.int64
    assert targets(data.tensor_index.filter(copy=1), data.classes).sum(1).tolist() == [1.0] * 7


def test_a_version_without_tensors_says_so(tmp_path: Path) -> None:
    folder, _ = written(tmp_path, write=params(tensors="none"))
    with pytest.raises(DataprepError, match=r"version .* has no tensors\n.*\n.*write.tensors"):
        open_dataset(folder).tensors("train")


def test_the_program_normalizes_the_measured_pixels(tmp_path: Path) -> None:
    class Halved(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.float() / 510 - 1

    folder = tmp_path / "normalization"
    folder.mkdir()
    batch = torch.export.Dim("batch", min=1)
    exported = torch.export.export(
        Halved(), (torch.zeros(2, 3, 5, 5, dtype=torch.uint8),), dynamic_shapes={"images": {0: batch}}
    )
    torch.export.save(exported, folder / "normalize.pt2")
    files = pictures(14)
    made = content(tmp_path, files, normalization=folder, augmented=np.zeros((0, 3, 5, 5), np.float32))
    none = content(tmp_path, files, normalization=folder, augmented_index=made.augmented_index[:0])
    write_dataset(none, originals(files), params(tensors="uint8"), tmp_path / "data")
    data = open_dataset(tmp_path / "data")
    pixels, _ = data.tensors("train")[[0, 3, 5]]
    assert pixels.dtype == torch.uint8
    assert torch.equal(data.program()(pixels), pixels.float() / 510 - 1)
    with pytest.raises(DataprepError, match=r"carries no exported program\n.*normalization\n.*dvc repro"):
        (tmp_path / "b").mkdir()
        open_dataset(written(tmp_path / "b")[0]).program()


def test_images_of_many_sizes_need_a_transform(tmp_path: Path) -> None:
    files = {name: picture(n, "PNG", (4 + n, 9)) for n, name in enumerate(pictures(14))}
    write_dataset(content(tmp_path, files), originals(files), params(), tmp_path / "data")
    data = open_dataset(tmp_path / "data")
    assert len({tuple(pixels.shape) for pixels, _ in (data.images("train")[n] for n in range(7))}) == 7
    assert data.images("train", lambda pixels: pixels[:, :4])[[0, 1]][0].shape == (2, 3, 4, 9)
    assert set(CLASSES) == set(data.classes)
