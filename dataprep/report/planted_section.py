"""The report's section on the faults planted into the built-in data, and what was found of them."""

from collections.abc import Iterator

from dataprep.markdown import count, table
from dataprep.report.inputs import Inputs
from dataprep.report.numbers import planted_scores
from dataprep.wording import fault_title


def section(inputs: Inputs) -> Iterator[str]:
    """Yield the section's blocks; none when nothing was planted."""
    scores = planted_scores(inputs)
    if scores is None:
        return
    rows = [
        (
            fault_title(row["fault"]),
            count(row["planted"]),
            count(row["found"]),
            f"{row['recall']:.2f}",
            "—" if row["precision"] is None else f"{row['precision']:.2f}",
        )
        for row in scores.iter_rows(named=True)
    ]
    yield "## Detectors against planted faults"
    yield (
        "The built-in data hold faults that were planted by a fixed seed and that no detector is told of. The scans "
        "have odd and doubtful images of their own, which count against precision."
    )
    yield table(("fault", "planted", "found", "recall", "precision"), rows)
