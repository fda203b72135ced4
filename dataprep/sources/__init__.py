"""Where images come from. A source is one module with `open_source(params) -> Catalog`."""

from collections.abc import Callable
from typing import Any

from dataprep.sources import cifar, folder, mnist, table
from dataprep.sources.catalog import Catalog

OPENERS: dict[str, Callable[[Any], Catalog]] = {
    "digits": folder.open_source,  # the stage `digits` writes an ordinary folder
    "folder": folder.open_source,
    "table": table.open_source,
    "cifar": cifar.open_source,
    "mnist": mnist.open_source,
}


def open_source(params: Any) -> Catalog:
    """Return the catalog of the source that the params section `source` names.

    Raises DataprepError when the source is missing, empty or not of that kind.
    """
    return OPENERS[params.kind](params)
