"""Run the App as people do, in a process of its own, and leave nothing running."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys
from pathlib import Path
from dataprep.review.app import open_app
open_app(
    Path(sys.argv[1]), port=int(sys.argv[2]), state=Path(sys.argv[3]), decisions=Path(sys.argv[4]), reviewer="Ada"
)
"""
READY = "Press Ctrl-C"


@dataclass(frozen=True)
class Served:
    output: str
    port: int
    process: psutil.Process

    def addresses(self) -> dict[str, str]:
        """Return the address of each saved view that was printed, by the view's name."""
        lines = [line.strip().partition(": ") for line in self.output.splitlines() if "?view=" in line]
        return {name: address for name, _, address in lines}

    def kill(self) -> None:
        """End the App, its server and its database at once, as a crash does."""
        for process in [self.process, *self.process.children(recursive=True)]:
            process.kill()


def environment(home: Path) -> dict[str, str]:
    """Return this process's environment with `home`, an empty folder, as the user's."""
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FIFTYONE_", "XDG_"))}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


@contextmanager
def app(folder: Path, state: Path, home: Path, decisions: Path | None = None) -> Iterator[Served]:
    """Serve the session in `folder` on a free port; end with Ctrl-C and check that all children are gone.

    decisions: by default reviews/decisions.csv beside `state`.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = state.with_suffix(".log")
    with log.open("w") as stream:
        command = [sys.executable, "-c", SCRIPT, str(folder), str(port), str(state)]
        command.append(str(decisions or state.parent / "reviews" / "decisions.csv"))
        process = subprocess.Popen(command, env=environment(home), stdout=stream, stderr=stream, cwd=state.parent)
    children: list[psutil.Process] = []
    try:
        _wait(process, log)
        children = psutil.Process(process.pid).children(recursive=True)
        yield Served(log.read_text(), port, psutil.Process(process.pid))
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        alive = psutil.wait_procs(children, timeout=30)[1]
        for child in alive:
            child.kill()
    assert not alive, f"left running: {alive}"
    assert process.returncode in {0, -signal.SIGKILL}, log.read_text()


def _wait(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while READY not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
