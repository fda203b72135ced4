import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from dataprep.training import batches
from tests.training import builders


def plain(image: np.ndarray, mirrored: bool, down: int, across: int) -> np.ndarray:
    side = len(image)
    result = np.empty_like(image)
    for row in range(side):
        for column in range(side):
            y = min(max(row + down, 0), side - 1)
            x = min(max(column + across, 0), side - 1)
            result[row, column] = image[y, side - 1 - x if mirrored else x]
    return result


def test_moved_is_one_of_the_plain_shifts() -> None:
    random = np.random.default_rng(0)
    images = torch.from_numpy(random.integers(0, 256, (5, 10, 10, 3), np.uint8))
    rows = torch.tensor([4, 0, 4, 2])
    mirrored = torch.tensor([True, False, False, True])
    found = batches.moved(images, rows, mirrored, 0.2, torch.Generator().manual_seed(3)).permute(0, 2, 3, 1).numpy()
    for shown, row, flip in zip(found, rows, mirrored, strict=True):
        every = [plain(images[row].numpy(), bool(flip), y, x) for y in range(-2, 3) for x in range(-2, 3)]
        assert any(np.array_equal(shown, candidate) for candidate in every)


def test_shifts_are_uniform_along_each_axis() -> None:
    image = torch.arange(10, dtype=torch.uint8).view(1, 1, 10, 1).expand(1, 10, 10, 3)
    none = torch.zeros(2000, dtype=torch.bool)
    found = batches.moved(image, torch.zeros(2000, dtype=torch.int64), none, 0.2, torch.Generator().manual_seed(0))
    counts = torch.bincount(found[:, 0, 0, 5].long() - 3, minlength=5)
    assert int(counts.min()) > 300
    assert int(counts.sum()) == 2000


def test_every_image_is_mirrored_in_every_second_epoch() -> None:
    images = torch.zeros(64, 8, 8, 3, dtype=torch.uint8)
    images[:, :, 0] = 255
    data = batches.Data(images, torch.arange(64))
    params = builders.params(flip=True, shift=0.0, batch=16)
    seen = []
    for epoch in batches.shuffled(data, params, 3, torch.Generator().manual_seed(0)):
        sides = {
            int(label): int(shown[0, 0, 0])
            for pictures, labels in epoch
            for shown, label in zip(pictures, labels, strict=True)
        }
        seen.append([sides[n] for n in range(64)])
    assert set(seen[0]) == {0, 255}
    assert all(a != b for a, b in zip(seen[0], seen[1], strict=True))
    assert seen[0] == seen[2]


@given(images=st.integers(2, 500), batch=st.integers(2, 300), epochs=st.integers(1, 20), steps=st.integers(10, 300))
def test_there_are_enough_steps_and_epochs(images: int, batch: int, epochs: int, steps: int) -> None:
    params = builders.params().model_copy(update={"batch": batch, "epochs": epochs, "min_steps": steps})
    count = batches.epochs(images, params)
    per_epoch = images // batches.batch_size(images, params)
    assert count >= epochs
    assert count * per_epoch >= steps
    assert count == epochs or (count - 1) * per_epoch < steps
