"""Pictures of pull requests on a branch of their own: one commit each, and a last one that holds them together.

The last commit's parents are the pull requests' commits, newest first, and its tree has a folder for each. A pull
request's commit has no parent. So every commit that a comment links to is reached from the branch, and a commit that
was replaced no longer is: the branch holds the present pictures of the newest pull requests, whatever its age.
"""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from dataprep.errors import DataprepError
from dataprep.pull_request.git import GitFailed, Scratch

KEPT = 100  # pull requests, those that got pictures last,
ROOM = 64 * 2**20  # and at most so many bytes of theirs; one's own always stay
TRIES = 6
README = (
    b"# Pictures of data-set reports\n\nThe comments of dataprep on pull requests link to them. Written by `dataprep "
    b"comment`, a folder per pull request.\nThe oldest ones go by themselves; nothing else needs this branch.\n"
)
SUBJECT = "Pictures of pull request "
CLEAR_REFUSALS = re.compile(
    # Those left out by (?!...) are of somebody else pushing at the same time.
    r"\[remote rejected\] (?!.*(cannot lock|failed to update|incorrect old value|already exists))|error: 40[134]|"
    r"denied|Authentication failed|could not read|not appear to be a git repository|not found|does not exist|declined"
)


class NotPushed(Exception):
    """The branch cannot be had; the reason in a sentence without its end."""


@dataclass(frozen=True)
class Pushed:
    """commit: which has the pictures under <number>/. new: whether it was pushed now, or was there before."""

    commit: str
    new: bool


@dataclass(frozen=True)
class _Entry:
    number: int
    commit: str
    tree: str  # of the folder


def publish(
    pictures: dict[str, bytes],
    number: int,
    *,
    remote: str,
    branch: str,
    token: str | None,
) -> Pushed:
    """Put pictures, by name, into the folder `number` of a branch of `remote`, and return the commit that has them.

    Equal pictures make no commit. Who else pushes meanwhile is waited for and kept. Raises NotPushed where the remote
    refuses or does not answer, and DataprepError for a branch that holds other things or has no proper name.
    """
    if sum(map(len, pictures.values())) > ROOM:
        raise NotPushed(f"they have more than {ROOM >> 20} MiB together")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Scratch(Path(folder), remote, token)
        scratch.run("init", "--quiet", "--bare", folder)
        _check_name(scratch, branch)
        for turn in range(TRIES):
            try:
                return _publish_once(scratch, pictures, number, branch)
            except GitFailed as failed:
                if turn + 1 == TRIES or CLEAR_REFUSALS.search(str(failed)):
                    raise NotPushed(f"the branch '{branch}' cannot be written: {_last_words(failed)}") from failed
                sleep(0.5 * 2**turn)
    raise AssertionError("unreachable")


def _publish_once(scratch: Scratch, pictures: dict[str, bytes], number: int, branch: str) -> Pushed:
    tip = _fetch(scratch, branch)
    present = _entries(scratch, tip, branch) if tip else []
    tree = _folder(scratch, pictures)
    own = next((entry for entry in present if entry.number == number), None)
    if own is not None and own.tree == tree:
        return Pushed(own.commit, False)
    alone = scratch.run("mktree", given=f"040000 tree {tree}\t{number}\n".encode())
    commit = scratch.run("commit-tree", alone, "-m", f"{SUBJECT}{number}")
    entries = [_Entry(number, commit, tree), *(entry for entry in present if entry.number != number)]
    top = _join(scratch, _within(scratch, entries))
    # Replaced only if it is still what was fetched; a branch that is not there must still not be there.
    scratch.run(
        "push", "--quiet", f"--force-with-lease=refs/heads/{branch}:{tip}", scratch.remote, f"{top}:refs/heads/{branch}"
    )
    return Pushed(commit, True)


def _fetch(scratch: Scratch, branch: str) -> str:
    """Bring the branch here and return its commit, or "" when there is none yet."""
    if not scratch.run("ls-remote", scratch.remote, f"refs/heads/{branch}"):
        return ""
    scratch.run("fetch", "--quiet", "--no-tags", scratch.remote, f"+refs/heads/{branch}:refs/heads/fetched")
    return scratch.run("rev-parse", "refs/heads/fetched")


def _entries(scratch: Scratch, tip: str, branch: str) -> list[_Entry]:
    """Return what the branch holds, newest first. Raises DataprepError unless all of it was written here."""
    folders = {}
    for line in scratch.run("ls-tree", tip).splitlines():
        kind, _, name = line.partition("\t")
        folders[name] = kind.split(" ")[2]
    parents = scratch.run("rev-list", "--parents", "--max-count=1", tip).split()[1:]
    told = scratch.run("log", "--no-walk=unsorted", "--format=%H %s", *parents, "--") if parents else ""
    ours = (re.fullmatch(rf"(\w+) {SUBJECT}(\d+)", line) for line in told.splitlines())
    numbered = [(line[1], line[2]) for line in ours if line]
    if len(numbered) != len(parents) or set(folders) != {"README.md"} | {number for _, number in numbered}:
        raise DataprepError(
            f"the branch '{branch}' holds other things, which would be lost",
            where=scratch.remote,
            remedy="name a branch for the pictures alone: --branch NAME",
        )
    return [_Entry(int(number), commit, folders[number]) for commit, number in numbered]


def _folder(scratch: Scratch, pictures: dict[str, bytes]) -> str:
    """Store the pictures as blobs and return the tree that names them."""
    lines = []
    for name, data in pictures.items():
        blob = scratch.run("hash-object", "-w", "--stdin", given=data)
        lines.append(f"100644 blob {blob}\t{name}\n")
    return scratch.run("mktree", given="".join(lines).encode())


def _within(scratch: Scratch, entries: list[_Entry]) -> list[_Entry]:
    """Return the first entries, within KEPT and ROOM; the very first stays in any case."""
    kept: list[_Entry] = []
    room = ROOM
    for entry in entries[:KEPT]:
        sizes = (line.split()[3] for line in scratch.run("ls-tree", "-r", "--long", entry.tree).splitlines())
        room -= sum(map(int, sizes))
        if kept and room < 0:
            break
        kept.append(entry)
    return kept


def _join(scratch: Scratch, entries: list[_Entry]) -> str:
    """Return a commit whose tree has all folders and the README, and whose parents are all entries' commits."""
    readme = scratch.run("hash-object", "-w", "--stdin", given=README)
    lines = [
        f"100644 blob {readme}\tREADME.md\n",
        *(f"040000 tree {entry.tree}\t{entry.number}\n" for entry in entries),
    ]
    tree = scratch.run("mktree", given="".join(lines).encode())
    parents = [word for entry in entries for word in ("-p", entry.commit)]
    return scratch.run("commit-tree", tree, *parents, "-m", "Pictures of all pull requests that are kept")


def _check_name(scratch: Scratch, branch: str) -> None:
    try:
        scratch.run("check-ref-format", "--branch", branch)
    except GitFailed as failed:
        raise DataprepError(
            f"'{branch}' is no name for a branch", where="--branch", remedy="use letters, digits and dashes"
        ) from failed


def _last_words(failed: GitFailed) -> str:
    """The reason, of what Git said: what is in brackets behind a refusal, else the first line that tells of a fault."""
    lines = [line.strip() for line in str(failed).splitlines() if line.strip()] or ["git said nothing"]
    refusals = re.findall(
        r"rejected\].* -> .*\((.+)\)$", str(failed), re.MULTILINE
    )  # in front are commits, ever others
    return (refusals or [line for line in lines if line.startswith(("fatal:", "error:"))] or lines)[0].rstrip(".")
