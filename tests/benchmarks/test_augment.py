import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import augment
from dataprep.augmentation.draws import draw
from tests.augmentation.samples import digests


def test_the_task_is_flip_crop_and_color_in_the_same_ranges() -> None:
    draws = draw(digests(300), 1, augment.params(0.0), 0)
    changing = {name for name in draws.values if draws.active(name).any()}
    assert changing == {"horizontal_flip", "crop", "brightness", "contrast", "saturation", "hue"}
    assert 100 < int(draws.active("horizontal_flip").sum()) < 200
    for name, (low, high) in {"crop": (0.5, 1.0), "saturation": (0.8, 1.2), "hue": (-18, 18)}.items():
        assert low <= draws.values[name].min() < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < draws.values[name].max() <= high
    assert draw(digests(9), 1, augment.params(1.0), 0).active("rotation").all()


def test_rates_are_of_the_median_turn() -> None:
    assert augment.rates(10, [(1.0, 2.0), (5.0, 4.0), (2.0, 5.0)]) == {"per_cpu_second": 5.0, "per_second": 2.5}


def test_all_take_turns_and_are_told() -> None:
    asked = []

    def other() -> tuple[float, float]:
        asked.append(1)
        return 0.5, 1.0

    found = {side: augment.compared(side, 16, 2, other) for side in (8, 32)}
    assert len(asked) == 2 * 3
    assert found[8]["albumentations"] == {"per_cpu_second": 32.0, "per_second": 16.0}
    values = augment.keyed(found)
    ratio = found[32]["dataprep"]["per_cpu_second"] / found[32]["kornia"]["per_cpu_second"]
    assert values["augment_over_kornia"] == ratio
    assert values["augment_over_albumentations_8"] == found[8]["dataprep"]["per_cpu_second"] / 32
    text = augment.table(found, 2)
    assert "| | 8 px | 32 px |" in text
    assert "| albumentations | 32 (16) | 32 (16) |" in text


def test_every_contestant_returns_all_pictures() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (20, 16, 16, 3), np.uint8)
    batch = torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous().float() / 255
    assert augment.ours(batch, digests(20), augment.params(0.0)).shape == batch.shape
    assert torch.cat(augment.in_parts(batch, augment.theirs(16), 8)).shape == batch.shape
    assert {image.size for image in augment.looped(pictures)} == {(16, 16)}


def test_without_albumentations_the_rest_is_measured(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "peers.py").write_text("raise ModuleNotFoundError('not here')")
    monkeypatch.setattr(augment, "PEERS", tmp_path / "peers.py")
    with augment.peer(sys.executable, 8, 4) as turn:
        assert turn is None
    assert "albumentations not measured: ModuleNotFoundError" in capsys.readouterr().err


def test_the_peers_process_answers_turn_by_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = tmp_path / "peers.py"
    stand_in.write_text(
        "import sys\nprint('ready', flush=True)\nfor _ in sys.stdin:\n    print(1.5, 2.5, flush=True)\n"
    )
    monkeypatch.setattr(augment, "PEERS", stand_in)
    with augment.peer(sys.executable, 8, 4) as turn:
        assert turn is not None
        assert [turn(), turn()] == [(1.5, 2.5)] * 2
