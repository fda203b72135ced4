"""Find, review, correct, normalize and version image classification data.

The library knows no DVC and no fixed paths; `stages/` and `dvc.yaml` wire it up.

What a training script needs: `dataprep.open_dataset(folder)` opens the version of a data set that lies there,
`dataprep.load(version)` brings any version back beside it.
"""

from importlib import import_module
from typing import Any

_FOUND_IN = {"open_dataset": "dataprep.datasets.reader", "load": "dataprep.datasets.versions"}


def __getattr__(name: str) -> Any:
    # Looked up when asked for: importing dataprep costs nothing, and no stage depends on what it does not use.
    if name in _FOUND_IN:
        return getattr(import_module(_FOUND_IN[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
