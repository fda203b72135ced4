"""The course of training as DVCLive writes it, for `dvc plots` and the editors that read its files."""

from pathlib import Path
from typing import Any

import polars as pl

from dataprep import files
from dataprep.environment import variables

CURVES = ("train_loss", "held_out_loss", "held_out_accuracy")
# DVCLive reports to DVC Studio wherever somebody is logged in there, and takes up what another process left.
ALONE = {"DVC_STUDIO_OFFLINE": "true", "DVCLIVE_RESUME": "false", "DVCLIVE_TEST": "false"}


def log_curves(history: pl.DataFrame, folder: Path) -> None:
    """Write HISTORY with DVCLive, whole or not at all; same history, same bytes.

    folder/plots/metrics/<curve>.tsv has step (epoch) and the mean over the networks that trained so long,
    folder/plots/metrics/fold-<fold>-seed-<seed>/<curve>.tsv one network's values, folder/metrics.json the last ones.
    """
    with files.replacing_folder(folder) as part, variables(ALONE):
        live = _live(part)
        for (epoch,), rows in history.sort("epoch", "fold", "seed").group_by("epoch", maintain_order=True):
            live.step = epoch
            for curve in CURVES:
                for fold, seed, value in rows.select("fold", "seed", curve).iter_rows():
                    live.log_metric(f"{run_name(fold, seed)}/{curve}", _short(value))
                live.log_metric(curve, _short(sum(rows[curve]) / rows.height))
        live.end()


def run_name(fold: Any, seed: Any) -> str:
    """Return the name that a network's curves go by."""
    return f"fold-{fold}-seed-{seed}"


def _live(folder: Path) -> Any:
    from dvclive import Live  # takes most of a second

    class Detached(Live):
        """Writes files only: DVCLive would make a DVC repository where there is none, and add files to Git."""

        def _init_dvc(self) -> None:
            self._dvc_file = ""

    return Detached(str(folder), save_dvc_exp=False, dvcyaml=False)


def _short(value: float) -> float:
    # HISTORY is of single precision; more digits would be noise.
    return float(f"{value:.7g}")
