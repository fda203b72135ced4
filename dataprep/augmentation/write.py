"""Write the augmented copies of the training split."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from dataprep import files
from dataprep.augmentation.masks import Cutouts
from dataprep.augmentation.mix import mix
from dataprep.augmentation.operations import Masks, Partners, augment
from dataprep.augmentation.partners import ALONE
from dataprep.augmentation.plan import CUTTING, MIXING, Plan, Training, planned, table_of
from dataprep.config import Augment
from dataprep.normalize import BATCH, apply_scaled, rows_of, scale
from dataprep.schema import AUGMENTED, check

BATCH_BYTES = 2**26  # of float32 pixels at once
CPU = torch.device("cpu")


def augment_all(
    image_ids: pl.Series,
    pixels: NDArray[np.uint8],
    training: pl.DataFrame,
    normalization: dict[str, Any],
    params: Augment,
    seed: int,
    out: Path,
    *,
    cutouts: Cutouts | None = None,
    left_out: pl.DataFrame | None = None,
    device: torch.device = CPU,
) -> pl.DataFrame:
    """Write the augmented and normalized copies of the training images to `out`, return AUGMENTED.

    image_ids: the id of each row of `pixels`, (M, S, S, 3) uint8. training: the KEPT rows of the
    training split. normalization: what `normalize.fit` returned. out: .npy file (A, 3, S, S) float32,
    row i for the i-th row of AUGMENTED. cutouts: see `masks.read_cutouts`; without them background and hybrid do
    nothing. left_out: image_id and copy of the copies that are not written.
    """
    source = Training(pixels, rows_of(image_ids, training["image_id"]), training, cutouts)
    side, written = pixels.shape[1], _written(training, params.copies, left_out)
    rows = written.cumsum().reshape(written.shape) - 1
    with files.replacing(out) as part:
        array = files.new_array(part, np.float32, (int(written.sum()), 3, side, side))
        tables = [AUGMENTED.empty()]
        with tqdm(total=written.size, desc="augment", unit="image") as bar:
            for copy in range(1, params.copies + 1):
                plan = planned(source, copy, params, seed)
                tables.append(table_of(source, plan, copy).filter(pl.Series(written[:, copy - 1])))
                for places, changed in augmented(source, plan, device):
                    changed = changed * 2 - 1 if normalization["scale"] == "[-1, 1]" else changed
                    done, here = apply_scaled(changed, normalization).cpu().numpy(), written[places, copy - 1]
                    array[rows[places[here], copy - 1]] = done[here]
                    bar.update(len(places))
        array.flush()
    return check(pl.concat(tables), AUGMENTED, "augment")


def _written(training: pl.DataFrame, copies: int, left_out: pl.DataFrame | None) -> NDArray[np.bool_]:
    """Return which copies are written, (N, copies)."""
    written = np.ones((training.height, copies), bool)
    if left_out is not None:
        places = {image_id: place for place, image_id in enumerate(training["image_id"])}
        for image_id, copy in left_out["image_id", "copy"].iter_rows():
            written[places[image_id], copy - 1] = False
    return written


def augmented(source: Training, plan: Plan, device: torch.device) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
    """Yield places among the training images, and their augmented pixels: (n, 3, S, S) float32 in [0, 1] on `device`.

    An image is mixed with its partner's own augmented copy, as it was before that was mixed.
    """
    step = max(1, min(BATCH, BATCH_BYTES // (12 * source.pixels.shape[1] ** 2)))
    for start in range(0, source.kept.height, step):
        places = np.arange(start, min(start + step, source.kept.height))
        changed = _unmixed(source, plan, places, device)
        meeting = plan.mixed[places] != ALONE
        if meeting.any():
            others = torch.zeros_like(changed)
            others[torch.from_numpy(meeting)] = _unmixed(source, plan, plan.mixed[places[meeting]], device)
            changed = mix(changed, others, plan.draws[torch.from_numpy(places)])
        yield places, changed


def _unmixed(source: Training, plan: Plan, places: NDArray[np.int64], device: torch.device) -> Tensor:
    images = _pixels(source, places, device)
    draws = plan.draws[torch.from_numpy(places)]
    everything = torch.ones(len(places), dtype=torch.bool)
    for name in MIXING:
        draws = draws.without(name, everything)
    if source.cutouts is None or not any(draws.active(name).any() for name in CUTTING):
        return augment(images, draws)
    inside = plan.scenes[places] != ALONE
    scenes = torch.zeros_like(images)
    scenes[torch.from_numpy(inside)] = _pixels(source, plan.scenes[places[inside]], device)
    return augment(images, draws, Partners(scenes=scenes), _masks(source, places, device))


def _pixels(source: Training, places: NDArray[np.int64], device: torch.device) -> Tensor:
    block = torch.from_numpy(np.ascontiguousarray(source.pixels[source.rows[places]]))
    return scale(block.to(device).permute(0, 3, 1, 2).contiguous(), "[0, 1]")


def _masks(source: Training, places: NDArray[np.int64], device: torch.device) -> Masks:
    assert source.cutouts is not None
    side = source.pixels.shape[1]
    opacity = torch.ones(len(places), 1, side, side, device=device)
    for row, image_id in enumerate(source.kept["image_id"][places]):
        number = source.cutouts.rows.get(image_id)
        if number is not None:
            opacity[row, 0] = torch.from_numpy(source.cutouts.opacity[number]).to(device) / 255
    return Masks(opacity, source.cutouts.backdrop)
