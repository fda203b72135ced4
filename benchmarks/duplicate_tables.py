"""The figures of the duplicate benchmark as Markdown."""

from typing import Any

MEBI = 2**20
SEARCHES = {"exact_seconds": 1, "approximate_seconds": 1, "approximate_recall": 3}  # digits of each


def report(values: dict[str, Any]) -> str:
    """Return every table that `values` has figures for, and what they were measured on."""
    parts = []
    if "leaks" in values:
        parts += [ranking_table(values["leaks"]), flagged_table(values["leaks"]), steps_line(values["leaks"])]
    parts += [edits_table(name, found) for name, found in values.get("copies", {}).items()]
    if values.get("scale"):
        parts.append(scale_table(values["scale"], values["growth_exponent"]))
    if values.get("nearest"):
        parts.append(nearest_table(values["nearest"]))
    parts += [f"Left out: {name}, {why}" for name, why in values.get("left_out", {}).items()]
    on = ", ".join(f"{name} {value}" for name, value in values["machine"].items())
    return "\n\n".join([*parts, f"Seed {values['seed']}. {on}"])


def ranking_table(leaks: dict[str, Any]) -> str:
    title = (
        f"{leaks['images']:,} images, {leaks['listed']} listed pairs across splits (an unlisted pair may be a copy too)"
    )
    rows = [
        [
            _named(name, found),
            *(f"{found[key]:.3f}" for key in ("r_precision", "recall_2p", "recall_5p")),
            f"{found['wall_seconds']:.1f}",
            _memory(found),
        ]
        for name, found in leaks["methods"].items()
    ]
    heads = ["", "R-precision", "recall at 2 x", "recall at 5 x", "wall s", "peak MiB"]
    return _table(title, heads, rows)


def flagged_table(leaks: dict[str, Any]) -> str:
    rows = [
        [_named(name, found), cut, str(flags["pairs"]), str(flags["listed"]), f"{flags['recall']:.3f}"]
        for name, found in leaks["methods"].items()
        for cut, flags in found["flagged"].items()
    ]
    return _table(
        "Pairs across splits that each one flags", ["", "by", "pairs", "of them listed", "recall of the listed"], rows
    )


def steps_line(leaks: dict[str, Any]) -> str:
    steps = ", ".join(
        f"{name} {spent['wall_seconds']:.1f} s wall, {spent['cpu_seconds']:.1f} s CPU"
        for name, spent in leaks["steps"].items()
    )
    return f"dataprep from Parquet bytes to groups, CPU seconds without the decoding workers': {steps}."


def edits_table(name: str, found: dict[str, Any]) -> str:
    lines = {**found["edits"], "**all**": found}
    rows = [
        [
            edit,
            str(line["planted"]),
            str(line["hits"]),
            str(line["false"]),
            "" if line["precision"] is None else f"{line['precision']:.3f}",
            f"{line['recall']:.3f}",
        ]
        for edit, line in lines.items()
    ]
    title = (
        f"{name}: {found['originals']:,} originals and one copy of each, {found['wall_seconds']:.1f} s; "
        f"{found['false_between_originals']} of the false pairs are of two originals; left out: "
        f"{found['left_out_flagged_alone']} pairs whose sources are flagged without copies as well, "
        f"{found['left_out_known']} listed ones"
    )
    return _table(title, ["edit", "copies", "found", "false pairs", "precision", "recall"], rows)


def scale_table(runs: list[dict[str, Any]], exponent: float | None) -> str:
    kinds = list(runs[0]["recalls"])
    rows = [
        [
            f"{run['images']:,}",
            f"{run['wall_seconds']:.1f}",
            f"{run['cpu_seconds']:.1f}",
            f"{run['peak_bytes'] / MEBI:,.0f}",
            f"{run['before_bytes'] / MEBI:,.0f}",
            f"{run['recall']:.3f}",
            *(f"{run['recalls'][kind]:.3f}" for kind in kinds),
            str(run["other_pairs"]),
            *(f"{run[key]:.{digits}f}" if key in run else "" for key, digits in SEARCHES.items()),
        ]
        for run in runs
    ]
    grown = "" if exponent is None else f"; seconds grow with images to the power of {exponent:.2f}"
    heads = ["images", "wall s", "CPU s", "peak MiB", "of it before", "recall", *kinds, "other pairs"]
    heads += ["exact search, s", "approximate search, s", "its recall of neighbors"]
    return _table(f"Near-duplicate detection, one percent planted copies{grown}", heads, rows)


def nearest_table(compared: dict[str, Any]) -> str:
    rows = [
        [
            run["method"],
            f"{run['wall_seconds']:.1f}",
            f"{run['cpu_seconds']:.1f}",
            f"{run['peak_bytes'] / MEBI:,.0f}",
            "" if run["agreement"] is None else f"{run['agreement']:.4f}",
        ]
        for run in compared["runs"]
    ]
    title = (
        f"Exact search: the {compared['k']} nearest of {compared['rows']:,} x {compared['width']} unit vectors, "
        f"{compared['threads']} threads"
    )
    return _table(title, ["", "wall s", "CPU s", "peak MiB", "our neighbors named"], rows)


def _named(name: str, found: dict[str, Any]) -> str:
    return f"{name} {found['version']}" if "version" in found else name


def _memory(found: dict[str, Any]) -> str:
    return f"{found['peak_bytes'] / MEBI:,.0f}" if "peak_bytes" in found else ""


def _table(title: str, heads: list[str], rows: list[list[str]]) -> str:
    lines = [f"{title}:", "", f"| {' | '.join(heads)} |", "|:--|" + "--:|" * (len(heads) - 1)]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])
