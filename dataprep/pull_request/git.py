"""Git in a scratch repository of its own: no work tree, index or setting of the user's is touched."""

import base64
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from dataprep.errors import DataprepError

TIMEOUT = 300.0  # seconds for one command
OF_THE_CALLER = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE")
NOBODY = {"NAME": "dataprep", "EMAIL": "dataprep@localhost"}


class GitFailed(Exception):
    """A command that failed, by what it said, without secrets."""


@dataclass(frozen=True)
class Scratch:
    """A bare repository, and what to tell the server: the token (never shown) and the address that gets it."""

    folder: Path
    remote: str
    token: str | None = field(default=None, repr=False)

    def run(self, *words: str, given: bytes = b"") -> str:
        """Run a Git command on the scratch repository and return its output without the last line's end.

        Raises GitFailed where it fails or takes longer than TIMEOUT, and DataprepError where there is no Git.
        """
        command = ["git", "--git-dir", str(self.folder), *words]
        try:
            done = subprocess.run(command, env=self._environment(), input=given, capture_output=True, timeout=TIMEOUT)
        except subprocess.TimeoutExpired as error:
            raise GitFailed(f"git {words[0]} took longer than {TIMEOUT:.0f} s") from error
        except OSError as error:
            raise DataprepError(
                f"git cannot be run here: {error.strerror}", where=words[0], remedy="install git"
            ) from error
        if done.returncode:
            raise GitFailed(self._clean((done.stderr + done.stdout).decode(errors="replace").strip()))
        return done.stdout.decode(errors="replace").removesuffix("\n")

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in (*OF_THE_CALLER, "GIT_CURL_VERBOSE", "GITHUB_TOKEN") and not name.startswith("GIT_TRACE")
        }
        # By the environment, as other people can read command lines and files stay.
        settings = [("core.hooksPath", os.devnull), ("credential.helper", "")]
        if self.token and self.remote.startswith(("https://", "http://")):
            address = urlsplit(self.remote)
            settings.append((f"http.{address.scheme}://{address.netloc}/.extraHeader", self._header()))
        first = int(kept.get("GIT_CONFIG_COUNT", "0") or 0)
        for number, (name, value) in enumerate(settings, first):
            kept |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
        people = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in NOBODY.items()}
        asked = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true", "SSH_ASKPASS": "true", "LC_ALL": "C"}
        return kept | people | asked | {"GIT_CONFIG_COUNT": str(first + len(settings))}

    def _header(self) -> str:
        return f"AUTHORIZATION: basic {base64.b64encode(f'x-access-token:{self.token}'.encode()).decode()}"

    def _clean(self, text: str) -> str:
        for secret in (self.token, self._header().rpartition(" ")[2]) if self.token else ():
            text = text.replace(str(secret), "***")
        return text
