"""The commands about versions: what they take, and what they print."""

import argparse
import os
from pathlib import Path
from typing import Any

from dataprep import files
from dataprep.datasets.reader import open_dataset
from dataprep.errors import DataprepError


def register(commands: Any, folder: Path) -> None:
    """Add the commands to argparse's subparsers; `folder` is where the present version lies."""
    diff = commands.add_parser("diff", help="tell what differs between two versions, Git revisions or folders")
    diff.add_argument("old", help="a version's id, a Git revision or a folder")
    diff.add_argument("new", nargs="?", default=str(folder), help=f"likewise; default: {folder}")
    diff.add_argument("--format", choices=("text", "markdown", "json"), default="text")
    diff.add_argument("--out", type=Path, help="write it here instead of printing it")
    diff.add_argument("--thumbnails", type=Path, metavar="FOLDER", help="gets a picture per kind of change")
    diff.set_defaults(run=_diff)
    listed = commands.add_parser("versions", help="list the versions that the history has")
    listed.set_defaults(run=_versions)
    get = commands.add_parser("get", help="bring a version back, beside the present one")
    get.add_argument("version")
    get.add_argument("--folder", type=Path, help="where to; default: .cache/versions/<version>")
    get.add_argument("--remote", help="the DVC remote that has it; default: the repository's own")
    get.set_defaults(run=_get)
    verify = commands.add_parser("verify", help="compare every file of a version with its checksum")
    verify.add_argument("folder", type=Path, nargs="?", default=folder)
    verify.set_defaults(run=_verify)


def _diff(chosen: argparse.Namespace) -> None:
    from dataprep.datasets.diff import compare
    from dataprep.datasets.diff_text import FORMATS, as_markdown
    from dataprep.datasets.versions import resolved

    shards = chosen.thumbnails is not None
    with resolved(chosen.old, shards=shards) as old, resolved(chosen.new, shards=shards) as new:
        found = compare(old, new)
        pictures: dict[str, Path] = {}
        if shards:
            from dataprep.datasets.diff_pictures import write_pictures

            pictures = write_pictures(found, chosen.thumbnails)
    if chosen.format == "markdown":
        base = chosen.out.parent if chosen.out else Path()
        text = as_markdown(found, pictures, lambda path: Path(os.path.relpath(path, base)).as_posix())
    else:
        text = FORMATS[chosen.format](found, pictures)
    if chosen.out:
        files.write_text(chosen.out, text)
    else:
        print(text, end="")


def _versions(chosen: argparse.Namespace) -> None:
    from dataprep.datasets.versions import versions

    found = versions()
    if not found:
        raise DataprepError(
            "no commit records a version of the data set", where=os.getcwd(), remedy="run `dvc repro` and commit"
        )
    print("\n".join(str(record) for record in found))


def _get(chosen: argparse.Namespace) -> None:
    from dataprep.datasets.versions import load

    data = load(chosen.version, folder=chosen.folder, remote=chosen.remote)
    print(f"version {data.version}, {data.manifest['images']:,} images, is in {data.folder}")


def _verify(chosen: argparse.Namespace) -> None:
    data = open_dataset(chosen.folder)
    data.verify()
    print(f"version {data.version} is whole: {len(data.manifest['files'])} files, {data.manifest['images']:,} images")
