"""The course of training as TensorBoard's event files."""

import re
import shutil
from pathlib import Path

import polars as pl

from dataprep import files
from dataprep.errors import DataprepError
from dataprep.live import CURVES, run_name


def write_event_files(history: pl.DataFrame, folder: Path) -> list[str]:
    """Write HISTORY as event files, one run per network, and return the runs' names; steps are epochs.

    Runs of an earlier training in `folder` are removed, and nothing else there.
    Raises DataprepError when TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise DataprepError(
            "TensorBoard is not installed", where="dataprep tensorboard", remedy="pip install tensorboard"
        ) from error
    for old in sorted(folder.glob("fold-*-seed-*")):
        if re.fullmatch(run_name(r"\d+", r"\d+"), old.name):
            shutil.rmtree(old)
    names = []
    for (fold, seed), rows in history.sort("fold", "seed", "epoch").group_by("fold", "seed", maintain_order=True):
        names.append(run_name(fold, seed))
        with files.replacing_folder(folder / names[-1]) as part, SummaryWriter(str(part)) as writer:
            for row in rows.iter_rows(named=True):
                for curve in CURVES:
                    writer.add_scalar(curve, row[curve], row["epoch"])
    return names
