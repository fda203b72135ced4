"""Health of the classes: predictable, not given away, and of like size."""

import math

import numpy as np
import polars as pl

from dataprep.report import intervals
from dataprep.report.facts import Facts, sizes
from dataprep.report.health.labels import LABELS
from dataprep.report.health.share_of import Health, readable_rows
from dataprep.report.inputs import Inputs
from dataprep.report.intervals import Share
from dataprep.report.predicted import OTHER
from dataprep.report.views import View


def predictable(inputs: Inputs, facts: Facts, written: bool) -> Health | None:
    """Return the out-of-fold accuracy: the share of judged images whose label is predicted by who did not see it.

    The interval is `intervals.between`: for further images, and for networks that differ from fold to fold. Of the
    written images by their labels as written; the networks were trained on the labels as given.
    """
    rows = readable_rows(facts, written).drop_nulls("label")
    rows = rows.join(facts.judged.drop("given"), on="image_id", how="inner", validate="1:1")
    if not rows.height:
        return None
    wrong = (rows["label"] != rows["predicted"]).cast(pl.Float64).to_numpy()
    share = intervals.between(wrong, rows["copies"].to_numpy(), rows["fold"].to_numpy()).complement
    view = View(prediction=OTHER, state="kept" if written else None, sort=LABELS)
    return Health("predictable", share, float(wrong.sum()), rows.height, view, "sample")


def shortcut_free(inputs: Inputs, facts: Facts, written: bool) -> Health | None:
    """Return the share of looked-at images whose class no property of light, color, background or file gives away.

    A class is given away where SPURIOUS_CORRELATIONS flags it. At the ends of the interval classes are flagged by the
    ends of the interval of the strength: that is 2 b - 1 with b the balanced accuracy, of variance
    b (1 - b) (1 / n + 1 / m) for a class of n images among m others. Told of what came in alone.
    """
    found = inputs.correlations.drop_nulls("label")
    if written or not found.height:
        return None
    limits = inputs.params.correlations
    all_images = pl.col("images").sum().over("property")
    b = (1 + pl.col("strength").clip(0, 1)) / 2
    others = (all_images - pl.col("images")).clip(1)
    reach = intervals.Z * (b * (1 - b) * (1 / pl.col("images") + 1 / others)).sqrt()
    limit = pl.max_horizontal(
        pl.when(pl.col("kind") == "file").then(limits.file).otherwise(limits.picture), pl.col("chance")
    )
    rows = found.with_columns(reach=reach, limit=limit)
    flagged, strength = pl.col("spurious"), pl.col("strength")
    classes = rows.group_by("label").agg(
        pl.col("images").max(),
        now=flagged.any(),
        surely=(flagged & (strength - pl.col("reach") > pl.col("limit"))).any(),
        maybe=(flagged | (strength + pl.col("reach") > pl.col("limit"))).any(),
    )
    of = int(classes["images"].sum())
    given = {name: int(classes.filter(name)["images"].sum()) for name in ("now", "surely", "maybe")}
    share = Share(*(1 - given[name] / of for name in ("now", "maybe", "surely")))
    largest = classes.filter("now").sort("images", "label", descending=[True, False])["label"]
    view = View(label=largest[0] if len(largest) else None)
    behind = f"most: class {largest[0]}" if len(largest) else ""
    return Health("shortcut_free", share, given["now"], of, view, "sample", behind=behind)


def balanced(inputs: Inputs, facts: Facts, written: bool) -> Health | None:
    """Return the effective number of classes over their number: exp(H) / C, H the entropy of the class sizes, nats.

    Of the training split, where there is one: 1 with classes of equal size, 1 / C with all images in one class.
    Counted, as training has these images and no others. `bad` is the number of classes that uneven sizes cost. None
    with fewer than two classes. Source: Hill, Diversity and evenness, 1973.
    """
    rows = readable_rows(facts, written).drop_nulls("label")
    classes = rows["label"].n_unique()
    training = rows.filter(pl.col("split") == inputs.params.normalize.training_split)
    if classes < 2:
        return None
    counted = sizes(training if training.height else rows, "label")
    parts = np.array(list(counted.values())) / sum(counted.values())
    share = min(1.0, math.exp(-float((parts * np.log(parts)).sum())) / classes)
    smallest = min(counted, key=lambda name: (counted[name], name))
    view = View(label=smallest, state="kept" if written else None)
    return Health(
        "balanced",
        intervals.exactly(share),
        classes * (1 - share),
        classes,
        view,
        "counted",
        behind=f"smallest: {smallest}",
    )
