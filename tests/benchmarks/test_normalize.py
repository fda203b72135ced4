"""The peers of the normalization benchmark compute the same as this project."""

import numpy as np
import pytest
import torch

from benchmarks import normalize
from dataprep.normalization.contrast import global_contrast
from dataprep.normalization.local import local_contrast

IMAGES = torch.rand(6, 3, 20, 20, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "blur", [normalize.kornia_blur, normalize.separable_blur, normalize.dense_blur, normalize.scipy_blur]
)
def test_every_blur_gives_the_same_lcn(blur: normalize.Blur) -> None:
    expected = local_contrast(IMAGES, normalize.WINDOW, normalize.SIGMA)
    assert torch.allclose(normalize.lcn(IMAGES, blur), expected, atol=1e-4)


def test_opencv_and_numpy_give_the_same() -> None:
    expected = local_contrast(IMAGES, normalize.WINDOW, normalize.SIGMA)
    assert torch.allclose(normalize.opencv_lcn(IMAGES), expected, atol=1e-4)
    array = IMAGES.numpy()
    for found in (
        normalize.usual_gcn(array),
        normalize.plain_gcn(array),
        normalize.numpy_gcn(array, np.empty_like(array)),
    ):
        assert np.allclose(found, global_contrast(IMAGES).numpy(), atol=1e-5)


def test_a_peer_that_computes_something_else_stops_the_run() -> None:
    with pytest.raises(SystemExit, match=r"a peer's result differs by 1; the timings would not compare"):
        normalize.agree(torch.zeros(2), torch.ones(2))


def test_slow_ones_take_part_in_fewer_rounds() -> None:
    calls: list[str] = []
    runs = {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}
    cpu, wall = normalize.timed(runs, 5, slow=("b",))
    assert set(cpu) == set(wall) == {"a", "b"}
    assert (calls.count("a"), calls.count("b")) == (6, 4)
    assert calls[:4] == ["a", "b", "a", "b"]
