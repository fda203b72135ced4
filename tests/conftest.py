"""What all tests share."""

import pytest
import torch
from hypothesis import settings

settings.register_profile("here", deadline=None)  # a busy machine is no fault
settings.load_profile("here")


def pytest_configure() -> None:
    torch.set_num_threads(1)  # as the pipeline's workers do; more threads change sums in the last bit


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Fast files first, so that failures show early. The longest begins the slow ones: it would else be waited for.
    slow = {item.path for item in items if "slow" in item.keywords}
    items.sort(key=lambda item: (item.path in slow, item.path.name != "test_pipeline.py"))
    if not torch.cuda.is_available():
        skip = pytest.mark.skip(reason="no CUDA device")
        for item in items:
            if "gpu" in item.keywords:
                item.add_marker(skip)
