from functools import partial

import polars as pl
import pytest

from dataprep.engine import map_batches
from dataprep.errors import DataprepError

TABLE = pl.DataFrame({"value": range(50)})


def total(batch: pl.DataFrame, extra: int) -> int:
    return int(batch["value"].sum()) + extra


def die(batch: pl.DataFrame) -> int:
    import os

    os._exit(9)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_results_come_in_order_whatever_the_workers(workers: int) -> None:
    found = list(map_batches(partial(total, extra=1), TABLE.iter_slices(7), workers=workers, rows=50, description="t"))
    assert found == [sum(range(s, min(s + 7, 50))) + 1 for s in range(0, 50, 7)]


@pytest.mark.slow
def test_a_killed_worker_is_explained() -> None:
    with pytest.raises(DataprepError, match=r"a worker process was killed.*memory\n.*workers\n.*set workers: 1"):
        list(map_batches(die, TABLE.iter_slices(7), workers=2, rows=50, description="t"))
