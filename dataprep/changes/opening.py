"""The first lines of a comment: what the change is, what follows, and what could not be compared."""

from collections.abc import Iterator

import polars as pl

from dataprep.changes.budget import Block, Rows
from dataprep.changes.compared import Compared
from dataprep.changes.state import DECIDED, METRICS, MISSING, PARAMS, PIXELS, State
from dataprep.changes.thumbnails import missing
from dataprep.changes.words import ORDER, UNKNOWN, integer, plural, step
from dataprep.errors import listing
from dataprep.history import SHORT
from dataprep.markdown import code, count, escape

MARK = "<!-- dataprep report -->"  # by which the comment is found again
NOTES = 12  # lines about what is missing or stale
IMAGES = {
    "added": ("adds", ""),
    "removed": ("removes", ""),
    "renamed": ("renames", ""),
    "changed": ("changes the bytes of", ""),
    "relabeled": ("changes the label of", " in the source"),
    "moved": ("moves", " to another split"),
}


def opening(compared: Compared) -> Iterator[Block]:
    """Yield the heading, the sentence that says what the change is, what follows from it, and notes."""
    yield f"{MARK}\n## What this changes in the data"
    base = compared.base
    commit = f"`{base.commit[:SHORT]}` of {base.date[:10]}"
    if compared.first:
        none = "has none" if METRICS not in _damaged(compared.old) else "has one that cannot be read"
        yield f"**First report**: {commit}, the newest commit of {code(base.name)} in this branch, {none}."
        yield _present(compared)
    else:
        # Else the sentence would be taken for the whole truth.
        who = "By results that are not up to date (see the note), this branch" if compared.stale else "This branch"
        yield f"{who} {_sentence(compared)}."
        yield _follows(compared)
        yield f"Compared with {commit}, the newest commit of {code(base.name)} in this branch."
    notes = [*compared.stale, *_not_compared(compared)]
    yield Rows(
        [f"> {'' if n else '**Note**: '}{note}<br>" for n, note in enumerate(notes[:NOTES])], len(notes), "notes"
    )


def sentence_parts(compared: Compared) -> list[str]:
    """Return what the change consists of, such as "adds 10 images"; nothing for what is as it was."""
    parts = []
    if compared.parameters:
        parts.append(f"changes {plural(len(compared.parameters), 'parameter')}")
    if compared.source is not None:
        for kind, (verb, rest) in IMAGES.items():
            found = compared.of_source(kind).height
            if found:
                parts.append(f"{verb} {plural(found, 'image')}{rest}")
    decisions = compared.decisions
    if decisions is not None and decisions.height:
        new = decisions.filter(pl.col("change") == "new")
        if new.height:
            parts.append(f"carries {plural(new.height, 'decision')} ({_verdicts(new)})")
        for change, verb in (("changed", "changes"), ("withdrawn", "withdraws")):
            other = decisions.filter(pl.col("change") == change).height
            if other:
                parts.append(f"{verb} {plural(other, 'earlier decision')}")
    if compared.code:
        parts.append(f"changes {plural(len(compared.code), 'file')} of the pipeline's code")
    return parts


def _sentence(compared: Compared) -> str:
    parts = sentence_parts(compared)
    sides = {"parameters": compared.parameters, "images": compared.source, "decisions": compared.decisions}
    unknown = [name for name, found in sides.items() if found is None]
    said = f"**{', '.join(parts)}**" if parts else "**changes no parameter, no image and no decision**"
    if not parts and compared.predictions:
        said += f", but {code(compared.predictions)}"
    if not unknown:
        return said
    return f"{said if parts else 'changes nothing that could be compared'}; {listing(unknown)} were not compared"


def _verdicts(decisions: pl.DataFrame) -> str:
    found = dict(decisions["verdict"].value_counts().iter_rows())
    return ", ".join(f"{found[verdict]} {verdict}" for verdict in ORDER if verdict in found)


def _follows(compared: Compared) -> str:
    old, new = compared.old, compared.new
    before, now = _written(compared)
    if old.version == new.version and new.version is not None:
        size = f"{UNKNOWN} images" if now is None else plural(now, "image")
        return f"The written data set stays the same: version {code(new.version, 40)}, {size}."
    changed = compared.of_written("relabeled").height if compared.written is not None else None
    labels = plural(changed, "label") + " changed" if changed is not None else "labels changed: not known"
    versions = " → ".join(code(version, 40) for version in (old.version, new.version))
    return f"The written data set: version {versions}, images {step(before, now)}, {labels}.{_verdict(compared)}"


def _written(compared: Compared) -> tuple[int | None, int | None]:
    sizes = (state.record.get("images", state.metrics.get("written")) for state in (compared.old, compared.new))
    before, now = map(integer, sizes)
    return before, now


def _verdict(compared: Compared) -> str:
    """Return whether one can train on the data, before and now; "" where neither report says it."""
    said = [state.metrics.get("trainable") for state in (compared.old, compared.new)]
    if said == [None, None]:
        return ""
    before, now = (UNKNOWN if value is None else escape(str(value), 40) for value in said)
    answer = f"**{now}**, as before" if before == now else f"{before} → **{now}**"
    return f" Can I train on it? {answer}{_reasons(compared)}."


def _reasons(compared: Compared) -> str:
    """Return which reasons against training came and went, such as " (new: no test; gone: wrong labels)"."""
    found = (state.metrics.get("reasons") for state in (compared.old, compared.new))
    old, new = ({str(name) for name in names} if isinstance(names, dict) else set() for names in found)
    parts = []
    for word, names in (("new", sorted(new - old)), ("gone", sorted(old - new))):
        if names:
            parts.append(f"{word}: {listing([escape(name.replace('_', ' '), 40) for name in names])}")
    return f" ({'; '.join(parts)})" if parts else ""


def _present(compared: Compared) -> str:
    values = compared.new.metrics
    numbers = {name: integer(values.get(name)) for name in ("images", "classes", "kept", "removed")}
    images, classes = (
        f"{UNKNOWN} {name}" if (n := numbers[name]) is None else plural(n, one, name)
        for name, one in (("images", "image"), ("classes", "class"))
    )
    kept, removed = (UNKNOWN if n is None else count(n) for n in (numbers["kept"], numbers["removed"]))
    version = code(compared.new.version, 40)
    said = values.get("trainable")
    verdict = "" if said is None else f" Can I train on it? **{escape(str(said), 40)}**."
    return f"Version {version}: {images} of {classes} came in, {kept} kept, {removed} removed.{verdict}"


def _not_compared(compared: Compared) -> Iterator[str]:
    old, new = compared.old, compared.new
    if compared.first:
        yield from (
            f"{code(path)} of before is not compared: {escape(why, 200)}" for path, why in _damaged(old).items()
        )
        return
    for state, when, remedy in (
        (old, "before", "`dvc push` where that commit was run, so that a remote has them"),
        (new, "now", "`dvc pull`, or `dvc repro`"),
    ):
        tables = [(path, why) for path, why in state.lacking if path.startswith("data/")]
        if tables:
            path, why = tables[0]
            which = f"{plural(len(tables), 'table')} of {when} cannot be read ({code(path)}: {escape(why, 200)})"
            rest = "so images, findings and labels are compared as far as `reports/` in Git tells"
            yield f"{which}; {rest}. To mend it: {remedy}"
        lost = missing(state) if when == "now" or _old_pictures(compared) else None
        if lost is not None:
            yield f"pictures of {when} cannot be shown ({code(PIXELS)}: {escape(lost, 200)}). To mend it: {remedy}"
        for path, why in _damaged(state).items():
            yield f"{code(path)} of {when} is not compared: {escape(why, 200)}"


def _damaged(state: State) -> dict[str, str]:
    """Return which records are there and cannot be read, and why."""
    return {path: why for path, why in state.lacking if path in (METRICS, PARAMS, DECIDED) and why != MISSING}


def _old_pictures(compared: Compared) -> bool:
    """Whether any image would be shown as it was."""
    shown = (compared.of_source("removed"), compared.of_source("changed"), compared.of_written("removed"))
    return any(rows.height for rows in shown)
