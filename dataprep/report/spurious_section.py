"""The report's section on spurious correlations: which properties follow the label, and of which classes."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from dataprep.markdown import count, escape, share, table
from dataprep.properties import properties
from dataprep.report.grids import Picture
from dataprep.report.inputs import Inputs
from dataprep.report.spurious_plots import Shown, strengths, values
from dataprep.schema import class_names
from dataprep.spurious import LEAST_IMAGES, judged_rows
from dataprep.wording import property_wording

MOST_NAMED = 4  # classes per property; the rest is counted
ASIDE = 0.15  # an AUROC so far from one half is a direction; nearer it the class has a range of its own
REMEDIES = {
    "file": (
        "How a file was made has little to do with what it shows: look whether these classes come from a source of "
        "their own, and encode or resize all images alike before training."
    ),
    "quality": (
        "Detail may belong to the class (drawings, text, smooth sky) or to its camera and compression: look at its "
        "images beside others at full size, and bring all to one resolution and encoding."
    ),
    "light": (
        "Light and color may belong to the class (polar bears are white) or to how its images were taken or processed: "
        "where that may differ in use, collect images in other light, or augment brightness and color."
    ),
    "background": (
        "A background may belong to the class (ships lie on water), and where the subject fills the picture the border "
        "shows the subject. Look for frames, backdrops and places that only one class has: a network that learns them "
        "fails elsewhere."
    ),
}


def section(inputs: Inputs) -> Iterator[str | Picture]:
    """Yield the section's blocks and pictures in order; none when the classes were too small to look at."""
    found = inputs.correlations
    if not found.height:
        return
    yield "## Spurious correlations"
    strongest = strongest_classes(found)
    yield _verdict(found)
    yield from _explained(found)
    total, classes = (found.filter(pl.col("label").is_null() == missing) for missing in (True, False))
    told = strongest.filter(pl.col("strength") > 0)
    followed = told.filter("spurious").height
    alt = (
        f"How well each of {told.height} properties alone tells one class from the others, beside chance; {followed} "
        "too well"
    )
    if told.height:
        yield Picture("spurious_strength.png", alt, strengths(told.rows(named=True), inputs.params.correlations))
    shown = _shown(inputs, strongest)
    if shown:
        named = ", ".join(property_wording(item.name).title for item in shown)
        yield Picture("spurious_values.png", f"Values of {named}, class by class", values(shown))
    every = dict(total["property", "strength"].iter_rows())
    yield table(
        ("property", "follows most", "strength", "by chance", "in the class", "elsewhere", "all classes"),
        [_row(row, every[row["property"]]) for row in told.rows(named=True)],
    )
    yield _note(inputs, found, told, classes["label"].n_unique())


def strongest_classes(found: pl.DataFrame) -> pl.DataFrame:
    """Return of each property the class that it follows most, a flagged one before all others.

    Flagged properties come first, then high strengths; `spurious` says whether any row of the property is flagged.
    """
    order = found.with_columns(any=pl.col("spurious").any().over("property")).drop_nulls("label")
    order = order.sort("any", "spurious", "strength", "property", "label", descending=[True] * 3 + [False] * 2)
    order = order.unique("property", keep="first", maintain_order=True)
    return order.with_columns(spurious="any").drop("any")


def _verdict(found: pl.DataFrame) -> str:
    intro = (
        "A network may learn how an image was made instead of what it shows. So each property below was asked alone "
        "which label an image has, by what the other folds say of it. Strength 0% is guessing, 100% is never wrong; "
        "with 50% a class is told from the others right three times of four, where guessing is right two times."
    )
    flagged = strongest_classes(found).filter("spurious")
    if not flagged.height:
        return f"{intro} **No property follows the label too well.**"
    named = [f"{property_wording(name).title} ({share(n)})" for name, n in flagged["property", "strength"].iter_rows()]
    return (
        f"{intro} **These follow the label too well: {', '.join(named)}.** Whether that is a fault or belongs to the "
        "class, only a person can say."
    )


def _explained(found: pl.DataFrame) -> Iterator[str]:
    """Yield a list of the flagged properties of each kind and what to look at."""
    flagged = found.filter("spurious").sort("strength", "label", descending=[True, False], nulls_last=True)
    for kind, remedy in REMEDIES.items():
        own = flagged.filter(pl.col("kind") == kind)
        names = own["property"].unique(maintain_order=True)
        if len(names):
            yield "\n".join(f"- {_sentence(name, own.filter(pl.col('property') == name))}" for name in names)
            yield remedy


def _sentence(name: str, rows: pl.DataFrame) -> str:
    classes = rows.drop_nulls("label").rows(named=True)
    parts = [f"**{escape(row['label'])}** ({share(row['strength'])}; {_contrast(row)})" for row in classes[:MOST_NAMED]]
    if len(classes) > MOST_NAMED:
        parts.append(f"{count(len(classes) - MOST_NAMED)} more classes")
    for total in rows.filter(pl.col("label").is_null())["strength"]:
        parts.append(f"all classes from each other ({share(total)})")
    title = property_wording(name).title
    return f"{title[:1].upper()}{title[1:]}: {', '.join(parts)}."


def _contrast(row: dict[str, Any]) -> str:
    inside, outside = _values(row)
    if row["category"] is not None:
        return f"{inside} {escape(row['category'])} against {outside} elsewhere"
    words = property_wording(row["property"])
    away = row["auroc"] - 0.5
    direction = "in a range of its own" if abs(away) < ASIDE else words.more if away > 0 else words.less
    return f"{direction}, median {inside} against {outside} elsewhere"


def _values(row: dict[str, Any]) -> tuple[str, str]:
    both = row["inside"], row["outside"]
    if row["category"] is not None:
        return share(both[0]), share(both[1])
    decimals = 0 if max(map(abs, both)) >= 100 else 2 if max(map(abs, both)) >= 0.1 else 3
    return f"{both[0]:,.{decimals}f}".replace("-", "−"), f"{both[1]:,.{decimals}f}".replace("-", "−")


def _row(row: dict[str, Any], every: float) -> tuple[str, ...]:
    inside, outside = _values(row)
    prefix = "" if row["category"] is None else f"{escape(row['category'])}: "
    title = property_wording(row["property"]).title
    return (
        f"**{title}**" if row["spurious"] else title,
        escape(row["label"]),
        share(row["strength"]),
        share(row["chance"]),
        prefix + inside,
        prefix + outside,
        share(every),
    )


def _note(inputs: Inputs, found: pl.DataFrame, told: pl.DataFrame, classes: int) -> str:
    params = inputs.params.correlations
    rest = [
        property_wording(name).title for name in found["property"].unique().sort() if name not in set(told["property"])
    ]
    silent = f" They say nothing of any class: {', '.join(rest)}." if rest else ""
    small = len(class_names(inputs.images)) - classes
    few = (
        f" Left out as having fewer than {LEAST_IMAGES} images: {count(small)} {'class' if small == 1 else 'classes'}."
        if small
        else ""
    )
    return (
        "In bold what counts as too well: more than chance, which is what any property reaches in 1 of 100 sets with "
        f"labels at random, and a strength of at least {share(params.file)} for properties of the file, "
        f"{share(params.picture)} for all others (`params.yaml`, `correlations`).{silent}{few}"
    )


def _shown(inputs: Inputs, strongest: pl.DataFrame) -> list[Shown]:
    """Return the strongest flagged property of each kind with its values."""
    flagged = strongest.filter("spurious").unique("kind", keep="first", maintain_order=True)
    if not flagged.height:
        return []
    rows = judged_rows(inputs.images, inputs.measurements)
    made = {item.name: item for item in properties(inputs.images, inputs.measurements, inputs.pixels, rows)}
    labels = inputs.images["label"].gather(rows)
    shown = []
    for name in flagged["property"]:
        own = inputs.correlations.filter(pl.col("property") == name).drop_nulls("label")
        own = own.sort("strength", "label", descending=[True, False])
        bold = set(own.filter("spurious")["label"])
        shown.append(Shown(name, made[name], labels, own["label"].to_list(), bold))
    return shown
