"""The networks that judge augmented images: of each image those of its own fold, which never saw it."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor, device

from dataprep.config import Train
from dataprep.networks import Network
from dataprep.predict import TEMPERATURE, network_name
from dataprep.training import weights
from dataprep.training.inference import infer


@dataclass(frozen=True)
class Judges:
    """networks: one per seed, by fold. temperature: what logits are divided by for calibrated probabilities."""

    networks: dict[int, list[Network]]
    temperature: float
    params: Train
    device: device

    def probabilities(self, images: Tensor, folds: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return (n, C) calibrated probabilities, the mean over the seeds, of (n, 3, S, S) uint8 images.

        folds: (n,) which fold held each image out. Each image is shown once, as it is: the shifted views that
        predictions average as well would treble the time.
        """
        found: NDArray[np.float64] | None = None
        for fold in np.unique(folds):
            mine = np.flatnonzero(folds == fold)
            shown = images[mine].to(self.device)
            logits = [infer(network, shown, self.params, views=False)[0] for network in self.networks[int(fold)]]
            each = [softmax(values.cpu().numpy().astype(np.float64) / self.temperature, axis=1) for values in logits]
            found = np.zeros((len(images), each[0].shape[1])) if found is None else found
            found[mine] = np.mean(each, axis=0)
        return np.zeros((0, 0)) if found is None else found


def load_judges(folder: Path, folds: list[int], params: Train, on: device) -> Judges | None:
    """Return the networks that the stage `predict` left in `folder`; None when it trained none.

    Raises DataprepError when a network is missing or is none of this version.
    """
    if not (folder / TEMPERATURE).is_file():
        return None
    networks = {
        fold: [weights.load(folder / network_name(fold, seed)).to(on) for seed in range(params.seeds)] for fold in folds
    }
    temperature = float(json.loads((folder / TEMPERATURE).read_text())["temperature"])
    return Judges(networks, temperature, params, on)
