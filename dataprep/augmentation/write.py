"""Write the augmented copies of the training split."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from tqdm import tqdm

from dataprep import files
from dataprep.augmentation.draws import draw
from dataprep.augmentation.operations import augment
from dataprep.config import Augment
from dataprep.normalize import apply_scaled, batches, rows_of, scale
from dataprep.schema import AUGMENTED, check


def augment_all(
    image_ids: pl.Series,
    pixels: np.ndarray,
    training: pl.DataFrame,
    normalization: dict[str, Any],
    params: Augment,
    seed: int,
    out: Path,
) -> pl.DataFrame:
    """Write the augmented and normalized copies of the training images to `out`, return AUGMENTED.

    image_ids: the id of each row of `pixels`, (N, S, S, 3) uint8. training: the KEPT rows of the
    training split. normalization: what `normalize.fit` returned. out: .npy file (A, 3, S, S) float32,
    row i for the i-th row of AUGMENTED.
    """
    rows = rows_of(image_ids, training["image_id"])
    side, count = pixels.shape[1], len(rows)
    with files.replacing(out) as part:
        shape = (count * params.copies, 3, side, side)
        array = files.new_array(part, np.float32, shape)
        bar = tqdm(total=len(array), desc="augment", unit="image")
        for copy in range(1, params.copies + 1):
            done = 0
            for batch in batches(pixels, rows):
                drawn = draw(training["sha256"][done : done + len(batch)].to_list(), copy, params, seed)
                changed = augment(scale(batch, "[0, 1]"), drawn)
                changed = changed * 2 - 1 if normalization["scale"] == "[-1, 1]" else changed
                target = np.arange(done, done + len(batch)) * params.copies + copy - 1
                array[target] = apply_scaled(changed, normalization).numpy()
                done += len(batch)
                bar.update(len(batch))
        bar.close()
        array.flush()
    copies = pl.DataFrame({"copy": range(1, params.copies + 1)}, schema={"copy": pl.Int32})
    return check(training.select("image_id").join(copies, how="cross"), AUGMENTED, "augment")
