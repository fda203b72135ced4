"""Map a function over batches of a table: local processes now, a cluster behind the same signature later."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

import polars as pl
from tqdm import tqdm

from dataprep.errors import DataprepError

T = TypeVar("T")


def map_batches(
    function: Callable[[pl.DataFrame], T],
    batches: Iterable[pl.DataFrame],
    *,
    workers: int,
    rows: int,
    description: str,
    threads: bool = False,
) -> Iterator[T]:
    """Yield `function(batch)` for each batch, in order, with a progress bar over `rows` rows.

    With one worker it runs in this thread; with more, in spawned processes with at most two
    batches waiting for each, so that memory does not grow with the table. `function` must be
    importable by name (functools.partial of such a one will do). With `threads` the workers are threads: for
    functions that leave the interpreter's lock alone most of the time, and would else wait for processes to start.
    Raises DataprepError when a worker process dies.
    """
    with tqdm(total=rows, desc=description, unit="row", smoothing=0.1) as bar:
        for height, result in _results(function, batches, workers, threads):
            bar.update(height)
            yield result


def _pool(workers: int, threads: bool) -> Executor:
    if threads:
        return ThreadPoolExecutor(workers)
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def _results(
    function: Callable[[pl.DataFrame], T], batches: Iterable[pl.DataFrame], workers: int, threads: bool
) -> Iterator[tuple[int, T]]:
    if workers == 1:
        yield from ((batch.height, function(batch)) for batch in batches)
        return
    waiting: deque[tuple[int, Future[T]]] = deque()
    with _pool(workers, threads) as pool:
        try:
            for batch in batches:
                waiting.append((batch.height, pool.submit(function, batch)))
                if len(waiting) > 2 * workers:
                    height, done = waiting.popleft()
                    yield height, done.result()
            while waiting:
                height, done = waiting.popleft()
                yield height, done.result()
        except BrokenProcessPool as error:
            raise DataprepError(
                "a worker process was killed, most likely for want of memory",
                where="params.yaml, workers",
                remedy="set workers: 1, or lower measure.max_pixels",
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
