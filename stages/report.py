"""All that was found and done -> what a person reads, in Git."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from dataprep import tables
from dataprep.config import Params
from dataprep.decisions.table import read_decisions
from dataprep.originals import Originals
from dataprep.report import write_report
from dataprep.report.inputs import Inputs
from dataprep.schema import (
    ANNOTATORS,
    AUGMENTATION_AUDIT,
    AUGMENTED,
    AUGMENTED_LEFT_OUT,
    CHECKS,
    CLASS_PAIRS,
    CONSENSUS,
    COVERAGE,
    FAULTS,
    FOLDS,
    HISTORY,
    IMAGES,
    KEPT,
    LEARNING_CURVE,
    MEASUREMENTS,
    PREDICTIONS,
    REMOVED,
    SKIPPED,
    SPURIOUS_CORRELATIONS,
    SUBCLASSES,
    WATCHED,
)
from stages.common import read_issues, run


def main(params: Params, *, summary: Path, figures: Path, metrics: Path, plots: Path, page: Path, **read: Path) -> None:
    inputs = Inputs(
        images=tables.read(read["images"], IMAGES),
        skipped=tables.read(read["skipped"], SKIPPED),
        measurements=tables.read(read["measurements"], MEASUREMENTS),
        issues=read_issues(read["issues"]),
        folds=tables.read(read["folds"], FOLDS),
        predictions=tables.read(read["predictions"], PREDICTIONS),
        history=tables.read(read["history"], HISTORY),
        watched=tables.read(read["watched"], WATCHED),
        checks=tables.read(read["checks"], CHECKS),
        check_arrays=load_file(read["arrays"]),
        learning_curve=tables.read(read["curve"], LEARNING_CURVE),
        correlations=tables.read(read["correlations"], SPURIOUS_CORRELATIONS),
        class_pairs=tables.read(read["pairs"], CLASS_PAIRS),
        coverage=tables.read(read["coverage"], COVERAGE),
        subclasses=tables.read(read["subclasses"], SUBCLASSES),
        consensus=tables.read(read["consensus"], CONSENSUS),
        annotators=tables.read(read["annotators"], ANNOTATORS),
        kept=tables.read(read["kept"], KEPT),
        removed=tables.read(read["removed"], REMOVED),
        decisions=read_decisions(read["decisions"]),
        faults=tables.read(read["faults"], FAULTS) if params.source.kind == "digits" else None,
        pixels=np.load(read["pixels"], mmap_mode="r"),
        normalization=json.loads((read["normalization"] / "normalization.json").read_text()),
        normalized=np.load(read["normalized"], mmap_mode="r"),
        augmented=np.load(read["augmented"], mmap_mode="r"),
        augmented_index=tables.read(read["index"], AUGMENTED),
        left_out=tables.read(read["left_out"], AUGMENTED_LEFT_OUT),
        left_out_pixels=np.load(read["left_out_pixels"]),
        audit=tables.read(read["audit"], AUGMENTATION_AUDIT),
        audit_examples=np.load(read["examples"]),
        manifest=json.loads(read["manifest"].read_text()),
        params=params,
    )
    write_report(inputs, summary, figures, metrics, plots, page, Originals(read["originals"]))


if __name__ == "__main__":
    run(main)
