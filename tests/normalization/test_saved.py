"""A fitted normalization comes back from its files, and its programs do the same."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dataprep.config import Normalize
from dataprep.errors import DataprepError
from dataprep.normalization import saved
from dataprep.normalization.fitting import fit
from dataprep.normalization.modules import Normalization

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (60, 3, 12, 12), np.uint8))
PIPELINES: dict[str, list[dict[str, Any]]] = {
    "scale": [],
    "crops": [{"step": "gcn", "preset": "small_random_crops", "s": "fitted"}, {"step": "standardize"}],
    "zca": [{"step": "gcn"}, {"step": "whiten"}],
    "lcn": [{"step": "lcn", "window": 5}],
    "floor": [{"step": "lcn", "divisor": "floor", "regularizer": 0.1, "channels": "separate"}],
    "old": [{"step": "pylearn2_gcn", "use_std": True}, {"step": "lecun_lcn"}],
}


def fitted(name: str, scale: str = "[0, 1]", images: torch.Tensor = IMAGES) -> Normalization:
    params = {"scale": scale, "steps": tuple(PIPELINES[name]), "training_split": "train", "onnx": "auto"}
    return fit(lambda: iter(images.split(25)), (3, *images.shape[2:]), Normalize.model_validate(params))  # type: ignore[arg-type]


@pytest.mark.parametrize("scale", ["[0, 1]", "[-1, 1]", "[0, 255]"])
@pytest.mark.parametrize("name", PIPELINES)
def test_files_and_program_give_the_same_bits_for_any_number_of_images(tmp_path: Path, name: str, scale: str) -> None:
    module = fitted(name, scale)
    saved.save(module, tmp_path / "n")
    program = torch.export.load(tmp_path / "n" / "program.pt2").module()
    again = saved.load(tmp_path / "n")
    expected = module(IMAGES)
    assert expected.dtype == torch.float32
    assert torch.equal(again(IMAGES), expected)
    for count in (1, 2, 7, 60):
        assert torch.equal(program(IMAGES[:count]), expected[:count])
    assert torch.equal(program(IMAGES.contiguous(memory_format=torch.channels_last)), expected)


@pytest.mark.parametrize("side", [8, 9, 11, 13, 33, 105, 129, 133, 193])
@pytest.mark.parametrize("name", ["crops", "lcn", "floor", "old"])
def test_one_image_gives_the_same_bits_alone_and_among_others_with_any_threads(name: str, side: int) -> None:
    images = torch.randint(0, 256, (17, 3, side, side), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    module = fitted(name, images=images)
    whole, threads = module(images), torch.get_num_threads()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            assert torch.equal(module(images), whole)
            for batch in (1, 2, 5):
                assert torch.equal(module(images[:batch]), whole[:batch])
    finally:
        torch.set_num_threads(threads)


def test_blocks_of_a_large_batch_give_the_bits_that_serving_gives(tmp_path: Path) -> None:
    images = torch.randint(0, 256, (600, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    images[5] = 77
    for name in ("crops", "lcn"):
        module = fitted(name, images=images)
        program = saved.program(module).module()
        whole = module(images)
        for row in (0, 5, 300, 599):
            assert torch.equal(program(images[row : row + 1])[0], whole[row])


@pytest.mark.parametrize("name", ["crops", "lcn", "zca"])
def test_an_onnx_runtime_gives_the_same_to_rounding(tmp_path: Path, name: str) -> None:
    runtime = pytest.importorskip("onnxruntime")
    module = fitted(name)
    saved.save(module, tmp_path / "n", onnx="always")
    session = runtime.InferenceSession((tmp_path / "n" / "program.onnx").read_bytes())
    for count in (1, 60):
        (found,) = session.run(None, {"images": IMAGES[:count].numpy()})
        assert np.allclose(found, module(IMAGES[:count]).numpy(), atol=2e-5)


def test_the_same_normalization_is_the_same_bytes_and_names_no_place(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        saved.save(fitted("crops"), tmp_path / folder, onnx="auto")
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name
        assert str(Path.cwd()).encode() not in path.read_bytes(), path.name


def test_onnx_that_must_be_but_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "PACKAGES", ("onnx_that_is_not_there",))
    with pytest.raises(
        DataprepError, match=r"onnx_that_is_not_there cannot be imported\n.*onnx: always\n.*pip install"
    ):
        saved.save(fitted("lcn"), tmp_path / "n", onnx="always")
    assert not list(tmp_path.iterdir())
    saved.save(fitted("lcn"), tmp_path / "n", onnx="auto")
    assert not (tmp_path / "n" / "program.onnx").exists()


def test_damaged_files_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "n"
    with pytest.raises(DataprepError, match=r"the normalization cannot be read: .*No such file.*\n.*\n.*dvc repro"):
        saved.load(folder)
    saved.save(fitted("crops"), folder)
    spec = json.loads((folder / "normalization.json").read_text())
    (folder / "normalization.json").write_text(json.dumps(spec | {"steps": spec["steps"][:1]}))
    with pytest.raises(DataprepError, match=r"(?s)cannot be read: .*Unexpected key"):
        saved.load(folder)
    (folder / "values.safetensors").write_bytes(b"no such thing")
    with pytest.raises(DataprepError, match="cannot be read"):
        saved.load(folder)


def test_a_program_that_gives_other_bits_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, other = fitted("scale"), saved.program(fitted("lcn"))
    monkeypatch.setattr(saved, "program", lambda _: other)
    with pytest.raises(DataprepError, match="the exported program does not give the same bits"):
        saved.save(module, tmp_path / "n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES.float(), r"images are torch.float32, not uint8; `from_unit` takes floating point from 0 to 1"),
        (
            IMAGES[:, :1],
            r"the shape \(60, 1, 12, 12\), but .* fitted on \(N, 3, 12, 12\); gray images need equal channels",
        ),
        (IMAGES[..., :9], r"the shape \(60, 3, 12, 9\), but .* others a resize"),
    ],
)
def test_images_that_do_not_fit_are_refused(images: torch.Tensor, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        fitted("crops")(images)


@pytest.mark.parametrize("name", PIPELINES)
def test_floating_point_images_are_normalized_alike(name: str) -> None:
    module = fitted(name, "[-1, 1]")
    assert torch.allclose(module.from_unit(IMAGES / 255), module(IMAGES), atol=1e-5)
