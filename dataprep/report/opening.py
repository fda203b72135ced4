"""The first screen: can I train on this, why not, and the health of the data before and after."""

from collections.abc import Iterator

from dataprep.markdown import count, escape, exact_share, table
from dataprep.report.assessment import Assessment
from dataprep.report.behind import linked
from dataprep.report.facts import sizes
from dataprep.report.grids import Picture
from dataprep.report.health.share_of import Health
from dataprep.report.health_plot import health
from dataprep.report.inputs import Inputs
from dataprep.report.verdict import CARE, NO, YES
from dataprep.report.verdict.case import Reason
from dataprep.report.views import View
from dataprep.schema import class_names
from dataprep.wording import health_wording

ANSWERS = {
    YES: "**Yes.** Nothing that was looked for speaks against it.",
    CARE: "**With care.** Nothing forbids it, but know this first, gravest first:",
    NO: "**No, not yet.** First mend what is marked *blocks*:",
}
BASES = {
    "counted": "counted",
    "sample": "of further images",
    "model": "by the networks",
    "people": "from a sample that people saw",
}


def section(inputs: Inputs, found: Assessment) -> Iterator[str | Picture]:
    """Yield title, verdict with its reasons, and health."""
    yield "# Data-set report"
    yield _about(inputs)
    yield "## Can I train on this?"
    yield ANSWERS[found.trainable]
    if found.reasons:
        yield "\n".join(_reason(number, reason) for number, reason in enumerate(found.reasons, start=1))
    yield "## Health"
    yield from _health(inputs, found)


def _about(inputs: Inputs) -> str:
    splits = ", ".join(f"{escape(name, 40)} {count(n)}" for name, n in sizes(inputs.kept, "split").items())
    classes = len(class_names(inputs.images))
    came, kept = View().link(count(inputs.images.height)), View(state="kept").link(count(inputs.kept.height))
    return (
        f"Data set **{escape(str(inputs.manifest['version']))}**: {came} images of {count(classes)} classes came in, "
        f"{kept} were kept{f' ({splits})' if splits else ''}."
    )


def _reason(number: int, reason: Reason) -> str:
    mark = " *(blocks)*" if reason.blocks else ""
    return f"{number}. {reason.what}{mark} To do: {reason.todo}. [More](#{reason.section})"


def _health(inputs: Inputs, found: Assessment) -> Iterator[str | Picture]:
    yield (
        "The share of images that are as they should be, kind by kind, before and after cleaning. No number sums them "
        "up: one bad kind can spoil a data set."
    )
    names = list(found.before | found.written)
    if not names:
        return
    yield Picture("health.png", _alt(found, names), health(found.before, found.written))
    yield table(
        ("share of images as they should be", "came in", "written", "not so, came in", "not so, written", "interval"),
        [_row(inputs, name, found.before.get(name), found.written.get(name)) for name in names],
    )
    yield (
        "In brackets the 95% interval. What came in: what further images of the same source would bring, *by the "
        "networks*: as far as the networks can judge. What was written is counted and has none, unless networks or "
        "people had to judge. After *see* stands the nearest selection."
    )


def _row(inputs: Inputs, name: str, before: Health | None, written: Health | None) -> tuple[str, ...]:
    words = health_wording(name)
    known = [health for health in (before, written) if health is not None]
    sure = ", then ".join(dict.fromkeys(health.note or BASES[health.basis] for health in known if _estimated(health)))
    title = f"**{words.title}**: {words.meaning}" if words.meaning else f"**{words.title}**"
    return (
        title,
        _shown(before),
        _shown(written),
        _behind(inputs, before),
        _behind(inputs, written),
        sure or BASES["counted"],
    )


def _estimated(health: Health) -> bool:
    return health.basis != "counted" or bool(health.note)


def _shown(health: Health | None) -> str:
    return "—" if health is None else str(health.share)


def _behind(inputs: Inputs, health: Health | None) -> str:
    if health is None:
        return "—"
    if health.behind and health.bad:
        return health.view.link(escape(health.behind, 40))
    if 0 < health.bad < 0.5:
        return f"under 1 of {count(health.of)}"
    number = linked(inputs, round(health.bad), health.view)
    whole = f"of {count(health.of)}"
    return number.replace(" (", f" {whole} (", 1) if " (" in number else f"{number} {whole}"


def _alt(found: Assessment, names: list[str]) -> str:
    said = [
        f"{health_wording(name).title} {exact_share((found.written.get(name) or found.before[name]).share.value)}"
        for name in names[:6]
    ]
    return (
        f"Health of the data set, {len(names)} kinds with 95% intervals, before and after cleaning: {', '.join(said)}"
    )
