"""What all tests share."""

import pytest
import torch
from hypothesis import settings

settings.register_profile("here", deadline=None)  # a busy machine is no fault
settings.load_profile("here")


def pytest_configure() -> None:
    torch.set_num_threads(1)  # as the pipeline's workers do; more threads change sums in the last bit


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not torch.cuda.is_available():
        skip = pytest.mark.skip(reason="no CUDA device")
        for item in items:
            if "gpu" in item.keywords:
                item.add_marker(skip)
