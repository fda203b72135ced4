"""The one error that people are meant to see: what is wrong, where, and what to do about it."""

import difflib
from collections.abc import Iterable
from typing import Any


class DataprepError(Exception):
    """A fault in the input, the parameters or the machine that the user can mend.

    Printed without a traceback as three lines: what is wrong, where, and what to do.
    """

    def __init__(self, what: str, *, where: str, remedy: str) -> None:
        super().__init__(what, where, remedy)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __reduce__(self) -> tuple[Any, ...]:
        # Worker processes hand their errors on by pickling, which knows no keyword arguments.
        return _rebuild, (self.what, self.where, self.remedy)

    def __str__(self) -> str:
        return f"{self.what}\n  where: {self.where}\n  to do: {self.remedy}"


def _rebuild(what: str, where: str, remedy: str) -> DataprepError:
    return DataprepError(what, where=where, remedy=remedy)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return "did you mean 'x'? " for the closest known word, or "" when none is close."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'? " if close else ""


def listing(words: Iterable[str], most: int = 5) -> str:
    """Return "a, b, c and 4 more": enough to find the rows, never a screenful."""
    items = [str(word) for word in words]
    shown = ", ".join(items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"
