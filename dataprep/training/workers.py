"""Many trainings: side by side on a CPU, one after another on a GPU."""

import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

import torch
from tqdm import tqdm

from dataprep.environment import variables
from dataprep.errors import DataprepError
from dataprep.training.fold import FoldTask, finished, train_fold

# glibc gives large blocks back to the system at once and takes them anew a moment later: with these the pages stay,
# which saves a third of the CPU time of a step.
MALLOC = {
    "MALLOC_TRIM_THRESHOLD_": "4000000000",
    "MALLOC_MMAP_THRESHOLD_": "4000000000",
    "MALLOC_TOP_PAD_": "100000000",
}


def run(tasks: list[FoldTask]) -> None:
    """Train all tasks: on a GPU one after another, on a CPU in `train.workers` processes of one thread each.

    Raises DataprepError when a training fails; finished folds stay finished.
    """
    waiting = [task for task in tasks if not finished(task)]
    if len(waiting) < len(tasks):
        print(f"{len(tasks) - len(waiting)} of {len(tasks)} networks were trained before the last run was interrupted")
    for _ in tqdm(_trained(waiting), total=len(waiting), desc="train", unit="network", position=len(tasks)):
        pass


def _trained(tasks: list[FoldTask]) -> Iterator[None]:
    if tasks and tasks[0].device != "cpu":
        _deterministic()
        try:
            yield from map(train_fold, tasks)
        except torch.OutOfMemoryError as error:
            raise DataprepError(
                f"the GPU's memory does not suffice: {str(error).splitlines()[0]}",
                where="params.yaml, train",
                remedy="lower train.batch, train.width, train.committee_width or measure.size, or set device: cpu",
            ) from error
    elif tasks:
        workers = min(tasks[0].params.workers, len(tasks))
        context = multiprocessing.get_context("spawn")
        try:
            with variables(_unset(MALLOC)), ProcessPoolExecutor(workers, context, _begin) as pool:
                for future in as_completed([pool.submit(train_fold, task) for task in tasks]):
                    if future.exception() is not None:
                        pool.shutdown(cancel_futures=True)
                    yield future.result()
        except BrokenProcessPool as error:
            raise DataprepError(
                "a training process was killed, most likely for want of memory",
                where="params.yaml, train",
                remedy="set train.workers: 1, or lower measure.size, train.width, train.committee_width or train.batch",
            ) from error


def _unset(values: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name not in os.environ}


def _begin() -> None:
    one_thread()
    # A parent that is killed cannot tell its workers, which would train on for nobody.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def one_thread() -> None:
    # Two OpenMP threads beside another busy process wait for each other; one gives the same bytes everywhere.
    torch.set_num_threads(1)
    _deterministic()


def _deterministic() -> None:
    # cuBLAS asks for this before its results repeat.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    # What is not written is not read here either, so new tensors need no filling.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
