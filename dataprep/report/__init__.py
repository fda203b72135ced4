"""The data-set report: Markdown with pictures, metrics JSON and the data files for DVC plots."""

from pathlib import Path

from dataprep import files
from dataprep.originals import Originals
from dataprep.report import numbers, reviewers
from dataprep.report.assessment import assess
from dataprep.report.inputs import Inputs
from dataprep.report.page import write_page
from dataprep.report.summary import compose
from dataprep.report.views import in_document


def write_report(
    inputs: Inputs,
    summary: Path,
    figures: Path,
    metrics: Path,
    plots: Path,
    page: Path | None = None,
    originals: Originals | None = None,
) -> None:
    """Write the report, each file and folder whole or not at all; equal inputs give equal bytes.

    summary: Markdown that links to the pictures in `figures`, which must lie in its folder.
    metrics: `numbers.metrics` as JSON, `reviewers.metrics` within. plots: folder of `numbers.plot_tables` as CSV.
    page: HTML with the same report and all images, which are read from `originals`; not written without these.
    Raises DataprepError when an output cannot be written.
    """
    found = assess(inputs)
    text, pictures = compose(inputs, figures.name, found)
    with files.replacing_folder(figures) as part:
        for picture in pictures:
            (part / picture.name).write_bytes(picture.data)
    with files.replacing_folder(plots) as part:
        for name, table in numbers.plot_tables(inputs, found).items():
            table.write_csv(part / name)
    reviewed = reviewers.metrics(inputs)
    files.write_json(metrics, numbers.metrics(inputs, found) | ({"review": reviewed} if reviewed else {}))
    files.write_text(summary, in_document(text))
    if page is not None and originals is not None:
        write_page(inputs, originals, text, pictures, page)
