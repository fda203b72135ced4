"""The report's section on augmentation: what each operation changes, from which value on, and what was left out."""

from collections.abc import Iterator, Sequence

import polars as pl

from dataprep.config import OPERATIONS, Augment
from dataprep.markdown import count, escape, share, table
from dataprep.report import near_test_section
from dataprep.report.augmentation_plots import beginnings
from dataprep.report.grids import Picture, Tile, clusters, encode
from dataprep.report.inputs import Inputs, row_numbers
from dataprep.report.lettering import drawable
from dataprep.schema import class_names
from dataprep.wording import operation_value, operation_wording

MOST_NAMED = 4  # changes that a line names
MOST_PAIRS = 12  # pictures of changes
MOST_OF_ONE = 3  # of one operation
MANY = 100  # classes; of so many not all may be looked at
BUDGET = 100_000  # bytes for a picture


def section(inputs: Inputs) -> Iterator[str | Picture]:
    """Yield the section's blocks and pictures in order; none when nothing was augmented and nothing looked at."""
    if not (inputs.audit.height or inputs.augmented_index.height or inputs.left_out.height):
        return
    yield "## Is the augmentation safe?"
    if inputs.audit.height:
        yield from _audit(inputs)
    else:
        yield (
            "Whether operations change what an image is was not looked at: no network was trained here, or too few "
            "images of each class are recognized."
        )
    yield from near_test_section.section(inputs)


def _audit(inputs: Inputs) -> Iterator[str | Picture]:
    audit = inputs.audit
    yield verdict(audit)
    yield _method(inputs)
    yield table(
        ("operation", "in use", "keeps all classes", "changes"),
        [_line(audit, inputs.params.augment, name) for name in _tried(audit)],
    )
    known = set(audit["label"])
    names = [name for name in class_names(inputs.images) if name in known]
    drawn = beginnings(audit, names)
    if drawn is not None:
        yield Picture("augmentation_limits.png", _alt(audit, names), drawn)
    yield from _examples(inputs)


def _alt(audit: pl.DataFrame, names: Sequence[str]) -> str:
    changing = audit.filter(pl.col("changes") & (pl.col("step") != 0))["operation"].n_unique()
    used = warned(audit).filter(pl.col("step") != 0)["operation"].n_unique()
    return (
        f"From which value on operations change classes, a column for each of {len(names)} classes: {changing} "
        f"operations change some class, {used} of them as they are in use"
    )


def warned(audit: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of AUGMENTATION_AUDIT that change a class in use: into another class first, then by loss."""
    found = audit.filter(pl.col("changes") & pl.col("in_use"))
    return found.sort("another", "loss", "operation", "value", "label", descending=[True, True, False, False, False])


def verdict(audit: pl.DataFrame) -> str:
    """Return what is to be said of the operations in use."""
    if not audit["in_use"].any():
        return "No operation is in use that the networks could judge. What each would do:"
    found = warned(audit)
    if not found.height:
        return (
            "**What is in use changes no class**, neither one operation at a time nor all together as they are drawn."
        )
    sentences = []
    for another, words in ((True, "makes another class of"), (False, "makes unrecognizable to the networks")):
        rows = found.filter(pl.col("another") == another)
        if rows.height:
            names = rows["operation"].unique(maintain_order=True)
            parts = [_classes(name, rows.filter(pl.col("operation") == name)) for name in names]
            sentences.append(f"**What is in use {words}: {'; '.join(parts)}.**")
    return " ".join([*sentences, "Narrow these ranges in `params.yaml`, `augment`, where the pictures below say so."])


def _classes(operation: str, rows: pl.DataFrame) -> str:
    once = rows.unique("label", keep="first", maintain_order=True)
    named = [
        escape(row["label"]) + (f" (then {escape(row['becomes'])})" if row["another"] else "")
        for row in once.head(MOST_NAMED).iter_rows(named=True)
    ]
    more = [f"{count(once.height - len(named))} more"] if once.height > len(named) else []
    return f"{', '.join([*named, *more])} by {operation_wording(operation).title}"


def _method(inputs: Inputs) -> str:
    most, params = int(inputs.audit["images"].to_numpy().max()), inputs.params
    taught = [f"shifts of up to {share(params.train.shift)} of the side"] if params.train.shift else []
    taught += ["mirror images"] if params.train.flip else []
    trained = f"Trained with {' and '.join(taught)}, they hardly judge those. " if taught else ""
    return (
        "The networks were shown images that they had not been trained on and whose label they confirm, up to "
        f"{most} of a class, before and after one operation at a time, from mild to extreme. A class counts as changed "
        f"when it loses more than {params.audit.bound:g} of its mean probability (by the lower 95% bound; what "
        "resamples is compared with the image shifted by half a pixel). It becomes another class when most of that "
        f"goes to one; else it is no longer recognized. {trained}What they no longer recognize a person may well "
        "recognize, and training with it would teach them. What becomes another class to them often is one, but the "
        f"pictures decide.{_missing(inputs)}"
    )


def _missing(inputs: Inputs) -> str:
    rest = len(class_names(inputs.images)) - inputs.audit["label"].n_unique()
    many = " or it would take too long" if inputs.audit["label"].n_unique() > MANY else ""
    which = "1 class was" if rest == 1 else f"{count(rest)} classes were"
    return f" {which} not looked at: too few of the images are recognized{many}." if rest else ""


def _tried(audit: pl.DataFrame) -> list[str]:
    names = set(audit["operation"])
    in_order = [name for name in ("as_configured", *OPERATIONS) if name in names]
    used = set(audit.filter("in_use")["operation"])
    return sorted(in_order, key=lambda name: name not in used)


def _line(audit: pl.DataFrame, params: Augment, name: str) -> tuple[str, ...]:
    rows = audit.filter(pl.col("operation") == name)
    title = operation_wording(name).title
    bad = rows.select((pl.col("in_use") & pl.col("changes")).any()).item()
    changed = rows.filter("changes")
    return (
        f"**{title}**" if bad else title,
        _used(params, name),
        _kept(rows, name),
        _changed(changed, name) if changed.height else "nothing",
    )


def _plain(name: str) -> bool:
    return name not in OPERATIONS or OPERATIONS[name].key is None


def _used(params: Augment, name: str) -> str:
    if not params.copies or (name in OPERATIONS and not params.probability(name)):
        return "no"
    return "yes" if _plain(name) else _range(name, params.strengths(name))


def _kept(rows: pl.DataFrame, name: str) -> str:
    """Return the range around the neutral value in which no value tried changes a class."""
    if _plain(name):
        return "no" if rows["changes"].any() else "yes"
    safe = [OPERATIONS[name].neutral]
    for sign in (1, -1):
        side = rows.filter(pl.col("step").sign() == sign)
        first = side.filter("changes")["step"].abs().min()
        safe += side.filter(pl.col("step").abs() < first)["value"].to_list() if first else side["value"].to_list()
    return _range(name, safe) if len(safe) > 1 else "at no value tried"


def _range(name: str, values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    if low == high:
        return operation_value(name, low)
    return f"{operation_value(name, low, unit=False)} to {operation_value(name, high)}"


def _changed(changed: pl.DataFrame, name: str) -> str:
    """Return what becomes another class, the clearest first, and how many classes are no longer recognized."""
    other = changed.filter("another").sort("gain", "label", "value", descending=[True, False, False])
    other = other.unique(["label", "becomes"], keep="first", maintain_order=True)
    parts = [
        f"{escape(row['label'])} → {escape(row['becomes'])}"
        + ("" if _plain(name) else f" ({operation_value(name, row['value'])})")
        for row in other.head(MOST_NAMED).iter_rows(named=True)
    ]
    if other.height > MOST_NAMED:
        parts.append(f"{count(other.height - MOST_NAMED)} more such changes")
    lost = changed.filter(~pl.col("another"))["label"].n_unique()
    if lost:
        parts.append(f"{count(lost)} {'class' if lost == 1 else 'classes'} no longer recognized")
    return "; ".join(parts)


def _examples(inputs: Inputs) -> Iterator[str | Picture]:
    """Yield the clearest changes, in use first, then into another class: a few of each operation, else one."""
    rows = inputs.audit.drop_nulls("example").with_row_index("row")
    if not rows.height:
        return
    order = rows.sort(
        "in_use", "another", "loss", "operation", "label", descending=[True, True, True, False, False]
    ).unique(["operation", "label"], keep="first", maintain_order=True)
    place = pl.int_range(pl.len()).over("operation")
    chosen = order.filter(place < pl.when("another").then(MOST_OF_ONE).otherwise(1)).head(MOST_PAIRS)
    number = row_numbers(inputs.images)
    boxes = []
    for row in chosen.iter_rows(named=True):
        name = row["operation"]
        value = "" if _plain(name) else f" {operation_value(name, row['value'])}"
        given, into = drawable(row["label"]), drawable(row["example_becomes"])
        original = Tile(inputs.pixels[number[row["example"]]], (f"{given}: {row['example_before']:.0%}",))
        made = Tile(inputs.audit_examples[row["row"]], (f"→ {into}", f"{given}: {row['example_after']:.0%}"), 0)
        boxes.append((f"{operation_wording(name).title}{value}", [original, made]))
    yield (
        "The clearest changes, the image beside what became of it: its label and what the network then takes it for, "
        "and the probability of the label before and after. Where it is no longer recognized, the mildest value."
    )
    alt = f"{len(boxes)} images, each beside its augmented version that the network takes for something else"
    yield encode(clusters(boxes), "augmentation_changes", alt, BUDGET)
