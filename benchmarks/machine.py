"""What a figure was measured on, and with what."""

import os
import platform
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

KIB = 1024


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


def peak_bytes() -> int:
    """Return the most memory this process, or one of its ended children, has held at once.

    Where /proc is, this process's own peak comes from there: ru_maxrss of a process starts at what its parent held.
    """
    status = Path("/proc/self/status")
    peaks = [resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]
    if status.exists():
        peaks += [int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    else:
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return max(peaks) * KIB


def installed(*packages: str) -> tuple[str, ...]:
    """Return those of the packages that are installed."""
    found = []
    for name in packages:
        with suppress(PackageNotFoundError):
            version(name)
            found.append(name)
    return tuple(found)
