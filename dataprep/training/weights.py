"""Networks as files: safetensors, which hold numbers and run no code."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from dataprep import files
from dataprep.errors import DataprepError, listing
from dataprep.networks import Network, build

HEAD = ("head.weight", "head.bias")


def save(network: Network, arguments: dict[str, object], path: Path) -> None:
    """Write the network's values to `path`, with what `networks.build` needs in the file's metadata."""
    values = {name: value.contiguous().cpu() for name, value in network.state_dict().items()}
    save_file(values, path, metadata={"architecture": json.dumps(arguments, sort_keys=True)})


def load(path: Path) -> Network:
    """Return the network that `save` wrote. Raises DataprepError when the file is missing or is no such network."""
    values, metadata = _read(path)
    try:
        network = build(json.loads(metadata["architecture"]))
        network.load_state_dict(values)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise DataprepError(
            f"the file holds no network of this version: {error}",
            where=str(path),
            remedy="run `dvc repro` to train the networks anew",
        ) from error
    return network.eval()


def begin_from(network: Network, path: Path) -> None:
    """Copy a file's values into the network, all but the output layer when its classes differ in number.

    Raises DataprepError that names the layers that do not fit.
    """
    given, _ = _read(path)
    own = network.state_dict()
    wanted = {name: value for name, value in own.items() if name not in HEAD}
    lacking = [name for name in wanted if name not in given]
    surplus = [name for name in given if name not in own]
    unlike = [
        f"{name} {tuple(given[name].shape)} for {tuple(value.shape)}"
        for name, value in wanted.items()
        if name in given and given[name].shape != value.shape
    ]
    if lacking or surplus or unlike:
        faults = [f"lacks {listing(lacking)}"] if lacking else []
        faults += [f"has unknown {listing(surplus)}"] if surplus else []
        faults += [f"has {listing(unlike)}"] if unlike else []
        raise DataprepError(
            f"the starting weights do not fit the network: the file {'; '.join(faults)}",
            where=f"params.yaml, train.weights: {path}",
            remedy="set train.network, train.width and train.batch_norm as they were for these weights",
        )
    same_classes = all(name in given and given[name].shape == own[name].shape for name in HEAD)
    network.load_state_dict(given if same_classes else own | {name: given[name] for name in wanted})


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a weights file. Raises DataprepError when it cannot be read."""
    try:
        return files.file_sha256(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataprepError:
    return DataprepError(
        f"the weights cannot be read: {error}",
        where=str(path),
        remedy="give a .safetensors file, as networks are saved",
    )


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise _unreadable(path, error) from error


def state_bytes(network: torch.nn.Module) -> bytes:
    """Return all values of a network as bytes: equal bytes, equal networks."""
    return b"".join(value.cpu().numpy().tobytes() for value in network.state_dict().values())
