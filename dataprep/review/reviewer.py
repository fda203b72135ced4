"""Who reviews."""

import getpass
import subprocess

from dataprep.errors import DataprepError


def reviewer_name(given: str | None) -> str:
    """Return the given name, else git's user.name, else the login name; white space around it is taken away.

    Raises DataprepError when there is none, as each decision says who made it.
    """
    for name in (given, _git_name(), _login_name()):
        if name and name.strip():
            return name.strip()
    raise DataprepError("nobody is named as the reviewer", where="--reviewer", remedy="add --reviewer NAME")


def _git_name() -> str | None:
    try:
        done = subprocess.run(["git", "config", "user.name"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return done.stdout if done.returncode == 0 else None


def _login_name() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user, as in some containers
        return None
