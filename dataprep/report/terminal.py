"""The summary that ends a run in the terminal."""

from pathlib import Path
from typing import Any

from dataprep.markdown import count, share, visible
from dataprep.wording import REASONS, fault_title, in_order, operation_wording, property_wording, wording

MOST_REASONS = 3


def summary(metrics: dict[str, Any], report: Path, page: Path | None = None) -> str:
    """Return some 20 lines: what came in, what was found, what was written, and what to do next.

    metrics: what `numbers.metrics` returned, read back from JSON. page: named where there is one.
    """
    splits = ", ".join(f"{visible(name)} {count(n)}" for name, n in metrics["splits"].items())
    lines = [
        "",
        f"  {count(metrics['images'])} images of {metrics['classes']} classes ({splits})",
        "",
    ]
    lines[1:1] = ["", f"  can I train on this? {_verdict(metrics)}"]
    planted = metrics.get("planted", {})
    found = {kind: n for kind, n in metrics["issues"].items() if n}
    for kind in in_order(list(found)):
        lines.append(f"  {count(found[kind]):>7}  {wording(kind).title.lower()}")
    if not found:
        lines.append("  no findings")
    if "out_of_fold_accuracy" in metrics:
        lines += [
            "",
            f"  out-of-fold predictions agree with {share(metrics['out_of_fold_accuracy'])} of the labels",
        ]
    lines += _judgments(metrics)
    if planted:
        recalls = ", ".join(
            f"{fault_title(fault).lower()} {scores['found']} of {scores['planted']}"
            for fault, scores in planted.items()
        )
        lines.append(f"  planted faults found: {recalls}")
    lines += [
        "",
        f"  data set {metrics['version']}: {count(metrics['kept'])} kept, {count(metrics['removed'])} removed, "
        f"{count(metrics['relabeled'])} relabeled, {count(metrics['augmented'])} augmented copies",
        f"  report:  {report}",
        *([f"  images:  {page}, to be opened in a browser"] if page else []),
        "  review:  make review",
        "",
    ]
    return "\n".join(lines)


def _verdict(metrics: dict[str, Any]) -> str:
    """Return the answer and its first reasons in words."""
    reasons = metrics["reasons"]
    blocking = {name for name, effect in reasons.items() if effect == "blocks"}
    named = [words for name, words in REASONS.items() if name in (blocking or reasons)]
    more = f" and {len(named) - MOST_REASONS} more" if len(named) > MOST_REASONS else ""
    return f"{metrics['trainable']}: {', '.join(named[:MOST_REASONS])}{more}" if named else metrics["trainable"]


def _judgments(metrics: dict[str, Any]) -> list[str]:
    """Return a line each on the checks, on spurious correlations and on the augmentation."""
    lines = []
    checked = metrics.get("training_checks", {})
    troubled = [
        f"{checked[status]} {word}"
        for status, word in (("fails", "failed"), ("warns", "gave a warning"))
        if checked.get(status)
    ]
    if troubled:
        lines.append(f"  training checks: {' and '.join(troubled)}; see the report")
    elif checked.get("passes"):
        lines.append(f"  training checks: all {checked['passes']} passed")
    correlated = metrics.get("spurious_correlations", {})
    if correlated:
        named = ", ".join(
            f"{property_wording(name).title} {strength:.2f}"
            for name, strength in sorted(correlated.items(), key=lambda item: (-item[1], item[0]))
        )
        lines.append(f"  follow the label too well: {named}")
    changed = metrics.get("augmentation_changes", {})
    if changed:
        named = ", ".join(f"{operation_wording(name).title} {count(n)}" for name, n in changed.items())
        lines.append(f"  augmentation changes classes: {named}; see the report")
    return lines
