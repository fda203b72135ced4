"""What all tests share."""

import pytest
import torch
from hypothesis import settings

settings.register_profile("here", deadline=None)  # a busy machine is no fault
settings.load_profile("here")


def pytest_configure() -> None:
    torch.set_num_threads(1)  # as the pipeline's workers do; more threads change sums in the last bit


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Fast files first, so that failures show early. Of several processes one begins with the longest file instead:
    # the others would else wait for it in the end.
    slow = {item.path for item in items if "slow" in item.keywords}
    several = hasattr(config, "workerinput")
    items.sort(key=lambda item: (not (several and item.path.name == "test_pipeline.py"), item.path in slow))
    if not torch.cuda.is_available():
        skip = pytest.mark.skip(reason="no CUDA device")
        for item in items:
            if "gpu" in item.keywords:
                item.add_marker(skip)
