"""Turn pydantic's validation faults into sentences that name the key, the value and the mend."""

import difflib
from collections.abc import Callable, Set
from typing import Any

from dataprep.errors import nearest

_SHAPES = {
    "model_type": "should be a mapping (key: value)",
    "model_attributes_type": "should be a mapping (key: value)",
    "dict_type": "should be a mapping (key: value)",
    "tuple_type": "should be a list",
}
KnownKeys = Callable[[list[Any], Any], list[str]]


def explain(fault: Any, raw: Any, known_keys: KnownKeys, tags: Set[str]) -> str:
    """Return one line for one of pydantic's faults: the key, the value received, and what is wanted.

    raw: the parsed YAML. known_keys: gives the keys that may stand where a path ends. tags: words in a fault's
    location that pydantic adds and people do not write.
    """
    path = [part for part in fault["loc"] if not _is_tag(part, fault["loc"], tags)]
    name = ".".join(str(part) for part in path)
    received = fault.get("input")
    if fault["type"] == "extra_forbidden":
        hint = nearest(str(path[-1]), known_keys(path, raw))
        return f"{name}: unknown key; {hint}remove it or see params.yaml for the known keys"
    if fault["type"] == "missing":
        return f"{name}: missing; {_misspelt(path, raw, known_keys)}add it as in the params.yaml of the repository"
    if fault["type"] == "union_tag_invalid":
        tag = fault["ctx"]["discriminator"].strip("'")
        known = fault["ctx"]["expected_tags"].replace("'", "")
        word = str(received.get(tag)) if isinstance(received, dict) else str(received)
        return f"{name}.{tag}: '{word}' is not known; {nearest(word, known.split(', '))}use one of {known}"
    if fault["type"] == "union_tag_not_found":
        tag = fault["ctx"]["discriminator"].strip("'")
        kind = next(part for part in reversed(path) if isinstance(part, str))
        return f"{name}.{tag}: missing; it says which kind of {kind} this is"
    if isinstance(received, str) and fault["type"] in {"float_type", "int_type"}:
        hint = "; write it without quotes" if _is_number(received) else ""
        return f"{name}: '{received}' is text, not a number{hint}"
    message = _SHAPES.get(fault["type"]) or fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
    message = message.removeprefix("Tuple ").removesuffix(" after validation, not 0")
    written = list(received) if isinstance(received, tuple) else received  # as in YAML
    shown = f"{written!r} given, " if not isinstance(received, dict) else ""
    return f"{name}: {shown}{message}"


def _is_tag(part: Any, loc: tuple[Any, ...], tags: Set[str]) -> bool:
    inner = isinstance(part, str) and loc.index(part) > 0
    return inner and (part in tags or part.startswith(("constrained-", "literal[")))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _misspelt(path: list[Any], raw: Any, known_keys: KnownKeys) -> str:
    present: Any = raw
    for part in path[:-1]:
        present = present.get(part, {}) if isinstance(present, dict) else {}
    unknown = [key for key in present if key not in known_keys(path, raw)] if isinstance(present, dict) else []
    close = difflib.get_close_matches(str(path[-1]), unknown, n=1, cutoff=0.5)
    return f"is '{close[0]}' a misspelling of it? " if close else ""
