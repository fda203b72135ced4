"""What `dataprep report --against` wrote, made ready for GitHub: pictures pinned, or left out, and never too long."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from dataprep.errors import DataprepError
from dataprep.markdown import escape
from dataprep.pull_request.comments import MARKER

MOST = 65_536  # characters; GitHub takes no longer comment
LARGEST = 10 * 2**20  # bytes of a picture
LINK = re.compile(r"\]\(pictures/([^()\s]+)\)")  # data cannot contain it: its brackets are character references
STARTS = {
    ".png": b"\x89PNG\r\n\x1a\n",
    ".jpg": b"\xff\xd8\xff",
    ".jpeg": b"\xff\xd8\xff",
    ".gif": b"GIF8",
    ".webp": b"RIFF",
}
ENDED = "\n\n_The rest is left out, as GitHub takes no longer comments; the report's folder has all of it._\n"


@dataclass(frozen=True)
class Report:
    """comment: Markdown with links to pictures/NAME. text: without. pictures: bytes by NAME, of those linked to."""

    comment: str
    text: str
    pictures: dict[str, bytes]


def read_report(folder: Path) -> Report:
    """Read comment.md, text.md and the pictures that comment.md links to.

    Raises DataprepError where a file is missing or no UTF-8, and where a picture is missing, a link, larger than
    LARGEST or no PNG, JPEG, GIF or WebP file.
    """
    comment, text = (_read_text(folder / name) for name in ("comment.md", "text.md"))
    names = sorted({unquote(name) for name in LINK.findall(comment)})
    return Report(_marked(comment), _marked(text), {name: _read_picture(folder / "pictures", name) for name in names})


def by_content(pictures: dict[str, bytes]) -> dict[str, str]:
    """Return for each picture a name made of its content: 20 digits of its SHA-256 and its own suffix."""
    return {name: hashlib.sha256(data).hexdigest()[:20] + Path(name).suffix.lower() for name, data in pictures.items()}


def with_pictures(report: Report, folder: str) -> str:
    """Return the comment with each picture's link turned into its address under `folder`, by its name `by_content`."""
    names = by_content(report.pictures)
    return LINK.sub(lambda match: f"]({folder}/{quote(names[unquote(match[1])])}?raw=true)", report.comment)


def without_pictures(report: Report, why: str) -> str:
    """Return the text-only form, with the reason at its end."""
    return f"{report.text.rstrip()}\n\n_Pictures are left out: {escape(why, 300)}._\n"


def cut(text: str) -> str:
    """Return at most MOST characters that end with a whole line and say so when something was left out."""
    if len(text) <= MOST:
        return text
    kept = text[: MOST - len(ENDED)]
    return kept[: kept.rfind("\n") + 1].rstrip() + ENDED


def _marked(text: str) -> str:
    return text if text.startswith(MARKER) else f"{MARKER}\n{text}"


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise _unfit("there is no such file", path) from error
    except (OSError, UnicodeError) as error:
        raise _unfit(f"the file cannot be read: {error}", path) from error


def _read_picture(folder: Path, name: str) -> bytes:
    path = folder / name
    if path.parent != folder or path.is_symlink() or not path.is_file():
        raise _unfit("comment.md links to a picture that is not there", path)
    start = STARTS.get(path.suffix.lower())
    if path.stat().st_size > LARGEST:
        raise _unfit(f"the picture has more than {LARGEST >> 20} MiB", path)
    data = path.read_bytes()
    if start is None or not data.startswith(start):
        raise _unfit("this is no PNG, JPEG, GIF or WebP file, or its name says something else", path)
    return data


def _unfit(what: str, path: Path) -> DataprepError:
    return DataprepError(
        what, where=str(path), remedy="make the folder anew: dataprep report --against REVISION --out FOLDER"
    )
