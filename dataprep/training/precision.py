"""Which number format the convolutions compute in."""

from typing import Literal

import torch

Precision = Literal["auto", "float32", "bfloat16"]


def resolve(precision: Precision, device: torch.device) -> torch.dtype:
    """Return the format of the blocks' arithmetic; weights and the output layer are float32 always.

    auto: bfloat16 where the device has instructions for it (CUDA from compute capability 8 on; CPUs
    with AMX or AVX-512 BF16), else float32. Elsewhere it would be emulated.
    """
    if precision != "auto":
        return torch.float32 if precision == "float32" else torch.bfloat16
    if device.type == "cuda":
        fast = torch.cuda.get_device_capability(device)[0] >= 8
    else:
        able = torch.cpu.get_capabilities()
        fast = bool(able.get("amx_bf16") or able.get("avx512_bf16"))
    return torch.bfloat16 if fast else torch.float32


def computing(dtype: torch.dtype, device: torch.device) -> torch.autocast:
    """Return the context in which the blocks compute in `dtype`."""
    # A CUDA graph must not bind to casts that a cache would free.
    cached = device.type != "cuda"
    return torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32, cache_enabled=cached)
