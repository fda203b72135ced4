"""Which device torch computes on."""

import torch

from dataprep.errors import DataprepError


def resolve(device: str) -> torch.device:
    """Return the device for "auto" (CUDA when there is one, else the CPU), "cpu" or "cuda".

    Raises DataprepError for "cuda" on a machine without a CUDA device.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise DataprepError(
            "there is no CUDA device on this machine, or this torch build cannot use it",
            where="params.yaml, device: cuda",
            remedy="set device: auto (or cpu), or run `nvidia-smi` and install a CUDA build of torch",
        )
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(device)
