"""A comparison -> the comment, its text-only form and its pictures, in a folder."""

from collections.abc import Callable, Iterator
from pathlib import Path

from dataprep import files
from dataprep.changes.balance import balance
from dataprep.changes.budget import Block, Shown, compose
from dataprep.changes.causes import causes
from dataprep.changes.compared import Compared
from dataprep.changes.findings import findings
from dataprep.changes.health import health
from dataprep.changes.images import images
from dataprep.changes.numbers import further, metrics
from dataprep.changes.opening import MARK, opening
from dataprep.changes.written import written

COMMENT = "comment.md"
TEXT = "text.md"
PICTURES = "pictures"
SECTIONS: tuple[Callable[[Compared], Iterator[Block]], ...] = (
    *(opening, health, causes, images, written),
    *(findings, balance, metrics, further),
)
WITHOUT = "*The text-only form: `dataprep report --against` writes the pictures beside it.*"


def write_comment(compared: Compared, folder: Path) -> None:
    """Write comment.md, text.md and pictures/ into `folder`, whole or not at all.

    comment.md links to its pictures as `](pictures/NAME)`, which no text from data can contain; text.md has none.
    Raises DataprepError when the folder holds anything but an earlier comment.
    """
    files.check_replaceable(folder, _is_comment)
    blocks = [block for section in SECTIONS for block in section(compared)]
    with files.replacing_folder(folder) as part:
        (part / PICTURES).mkdir()
        for block in blocks:
            if isinstance(block, Shown):
                (part / PICTURES / block.picture.name).write_bytes(block.picture.data)
        (part / COMMENT).write_text(compose(blocks, PICTURES), encoding="utf-8", newline="\n")
        (part / TEXT).write_text(compose([*blocks, WITHOUT], None), encoding="utf-8", newline="\n")


def _is_comment(folder: Path) -> bool:
    try:
        ours = (folder / COMMENT).read_text(encoding="utf-8").startswith(MARK)
    except (OSError, ValueError):
        return False
    return ours and {path.name for path in folder.iterdir()} <= {COMMENT, TEXT, PICTURES}
