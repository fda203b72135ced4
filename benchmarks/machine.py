"""What a figure was measured on, and with what."""

import os
import platform
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version

import torch


def description(*packages: str) -> dict[str, str]:
    """Return the machine in words and the versions of Python and the packages."""
    able = torch.cpu.get_capabilities()
    has = [name for name in ("avx512_bf16", "amx_bf16") if able.get(name)]
    name = able.get("cpu_name") or platform.processor()
    found = {
        "processor": f"{name}, {os.cpu_count()} cores, {' '.join(has) or 'no bf16'}",
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "python": platform.python_version(),
    }
    return found | {name: version(name) for name in packages}


@dataclass
class Spent:
    """Seconds that a block took: CPU (this process and its ended children, user and system) and wall."""

    cpu: float = 0.0
    wall: float = 0.0


@contextmanager
def timed() -> Iterator[Spent]:
    """Yield a Spent that is filled in when the block ends."""
    spent = Spent()
    cpu, wall = _cpu(), time.perf_counter()
    try:
        yield spent
    finally:
        spent.cpu, spent.wall = _cpu() - cpu, time.perf_counter() - wall


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def peak_memory_mib() -> float:
    """Return the largest resident memory that this process has had, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
