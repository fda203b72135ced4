"""The plots of dvc.yaml: their templates are there, filled without a rest, and in the report's colors."""

import csv
import json
import re
from typing import Any

import pytest
import yaml
from dvc_render.vega import VegaRenderer  # type: ignore[import-untyped]

from dataprep.report import palette
from tests.closure import ROOT

PLOTS = {
    title: entry for plot in yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"] for title, entry in plot.items()
}
TEMPLATES = ROOT / ".dvc" / "plots"
ROWS = {
    "step": ["0", "1"],
    "held_out_accuracy": ["0.5", "0.7"],
    "train_loss": ["2", "1"],
    "held_out_loss": ["2.5", "1.5"],
}


def rows(path: str, revision: str) -> list[dict[str, str]]:
    """The rows of a plot's file as DVC hands them over; curves are not in Git."""
    if (ROOT / path).suffix == ".csv":
        found = list(csv.DictReader((ROOT / path).read_text().splitlines()))[:3]
    else:
        found = [dict(zip(ROWS, values, strict=True)) for values in zip(*ROWS.values(), strict=True)]
    return [row | {"rev": revision, "filename": path.rsplit("/", 1)[-1]} for row in found]


def filled(title: str) -> dict[str, Any]:
    """The Vega-Lite specification of a plot that compares two revisions."""
    entry = PLOTS[title]
    path, fields = next(iter(entry["y"].items()))
    field = fields if isinstance(fields, str) else fields[0]
    data = [row for revision in ("workspace", "main") for row in rows(path, revision)]
    names = {key: entry[key] for key in ("x_label", "y_label") if key in entry}
    made = VegaRenderer(
        data,
        title,
        template=entry["template"],
        template_dir=str(TEMPLATES),
        x=entry["x"],
        y=field,
        title=title,
        **names,
    )
    return made.get_filled_template()


@pytest.mark.parametrize("title", PLOTS)
def test_templates_are_filled_without_a_rest(title: str) -> None:
    made = filled(title)
    text = json.dumps({key: value for key, value in made.items() if key != "data"})
    assert "DVC_METRIC" not in text
    assert made["title"]["text"] == title
    assert {row["rev"] for row in made["data"]["values"]} == {"workspace", "main"}
    assert PLOTS[title]["x"] in text


@pytest.mark.parametrize("path", sorted(TEMPLATES.iterdir()), ids=lambda path: path.stem)
def test_templates_are_used_and_tell_revisions_apart_in_the_reports_colors(path: Any) -> None:
    assert path.stem in {entry["template"] for entry in PLOTS.values()}
    text = path.read_text()
    revisions = re.search(r'"field": "rev",\s+"type".+?"range": (\[.+?\])', text, re.DOTALL)
    assert revisions is not None
    assert set(json.loads(revisions[1])) <= set(palette.OKABE_ITO)
    assert len(set(json.loads(revisions[1]))) >= 4
