"""How many images a view shows, and numbers that link to them."""

import polars as pl

from dataprep.markdown import count
from dataprep.report.facts import relabeled
from dataprep.report.inputs import Inputs
from dataprep.report.predicted import prediction
from dataprep.report.views import View


def behind(inputs: Inputs, view: View) -> int:
    """Return the number of images that the page shows for this view."""
    rows = inputs.images
    for column, wanted in (("label", view.label), ("split", view.split)):
        if wanted is not None:
            rows = rows.filter(pl.col(column) == wanted)
    if view.issue is not None:
        flagged = inputs.issues.filter(pl.col("is_issue") & (pl.col("issue") == view.issue))
        rows = rows.join(flagged, on="image_id", how="semi")
    if view.prediction is not None:
        rows = rows.join(prediction(inputs).filter(pl.col("prediction") == view.prediction), on="image_id", how="semi")
    if view.state is not None:
        done = relabeled(inputs.kept) if view.state == "relabeled" else inputs.kept
        rows = rows.join(done, on="image_id", how="anti" if view.state == "removed" else "semi")
    return rows.height


def linked(inputs: Inputs, number: int, view: View) -> str:
    """Return a number of images as a link to them, where the view shows so many.

    Else the number, and after it how many images the view shows, linked; the number alone where either is 0.
    """
    shown = behind(inputs, view)
    if not (number and shown):
        return count(number)
    if shown == number:
        return view.link(count(number))
    return f"{count(number)} (see {view.link(count(shown))})"
