"""How strongly each image is augmented: drawn from its content's hash and the seed, and from nothing else."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from dataprep.config.augmentation import OPERATIONS, Augment
from dataprep.errors import nearest

# SplitMix64, as signed numbers: Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014
GAMMA = 0x9E3779B97F4A7C15 - 2**64
FACTORS = (0xBF58476D1CE4E5B9 - 2**64, 0x94D049BB133111EB - 2**64)
SIDES = 2  # the stream's first numbers decide whether and how strongly; those after decide place, direction and pattern


@dataclass(frozen=True)
class Draws:
    """What is done to each of N images.

    values: per operation its strength, (N,) float32 on the CPU; OPERATIONS[name].neutral where it is not done. states:
    per operation the start of each image's random stream, (N,) int64. Streams of different operations are independent.
    """

    values: dict[str, Tensor]
    states: dict[str, Tensor]

    def __len__(self) -> int:
        return len(self.values["rotation"])

    def __getitem__(self, rows: slice | Tensor) -> "Draws":
        return Draws(
            {name: value[rows] for name, value in self.values.items()},
            {name: state[rows] for name, state in self.states.items()},
        )

    def active(self, operation: str) -> Tensor:
        """Return which images the operation changes, (N,) bool."""
        return self.values[operation] != OPERATIONS[operation].neutral

    def sides(self, operation: str, count: int) -> Tensor:
        """Return numbers for an operation's place, direction or pattern, (N, count) float32 in [0, 1)."""
        return uniform(self.states[operation], count, SIDES)

    def without(self, operation: str, rows: Tensor) -> "Draws":
        """Return the same draws, but the operation left out for the rows of a (N,) bool mask."""
        value = self.values[operation].masked_fill(rows, OPERATIONS[operation].neutral)
        return replace(self, values=self.values | {operation: value})


def draw(sha256: Sequence[str], copy: int, params: Augment, seed: int) -> Draws:
    """Draw what is done to the `copy`-th augmented copy of each image.

    Each operation has a random stream of its own from (seed, copy, operation, sha256): with `probability` it is done,
    with a strength drawn evenly from its range (by the logarithm for `scale` and `stretch`). So adding images, or
    switching one operation on or off, changes no other draw. Raises ValueError for a sha256 that is none.
    """
    states = _states(sha256, copy, seed)
    values = {name: torch.full((len(sha256),), other.neutral) for name, other in OPERATIONS.items()}
    possible = [name for name in OPERATIONS if params.probability(name) > 0]
    numbers = uniform(states[[name in possible for name in OPERATIONS]], SIDES)
    for name, number in zip(possible, numbers, strict=True):
        done = number[:, 0] < params.probability(name)
        values[name] = torch.where(done, _between(name, params, number[:, 1]), OPERATIONS[name].neutral)
    return Draws(values, dict(zip(OPERATIONS, states, strict=True)))


def _between(name: str, params: Augment, place: Tensor) -> Tensor:
    low, high = params.strengths(name)
    if OPERATIONS[name].logarithmic:
        return torch.exp(math.log(low) + (math.log(high) - math.log(low)) * place).clamp(low, high)
    return (low + (high - low) * place).clamp(low, high)


def fixed(sha256: Sequence[str], operation: str, value: float | Tensor, seed: int) -> Draws:
    """Return draws in which `operation` has strength `value` (a number, or (N,)), and all others do nothing.

    Places, directions and patterns are drawn from (seed, operation, sha256) as copy number 0. Raises ValueError for an
    unknown operation and for a strength outside its limits.
    """
    if operation not in OPERATIONS:
        raise ValueError(
            f"'{operation}' is no operation; {nearest(operation, OPERATIONS)}they are {', '.join(OPERATIONS)}"
        )
    count = len(sha256)
    strengths = torch.as_tensor(value, dtype=torch.float32, device="cpu").expand(count)
    least, most = OPERATIONS[operation].limits
    outside = strengths[~((strengths >= least) & (strengths <= most))]
    if len(outside):
        raise ValueError(
            f"{operation} is {float(outside[0]):g}; it needs {least:g} to {most:g} ({OPERATIONS[operation].quantity})"
        )
    values = {name: torch.full((count,), other.neutral) for name, other in OPERATIONS.items()}
    return Draws(values | {operation: strengths.clone()}, dict(zip(OPERATIONS, _states(sha256, 0, seed), strict=True)))


def uniform(states: Tensor, count: int, first: int = 0) -> Tensor:
    """Return numbers `first` to `first + count` of the streams, (..., count) float32 in [0, 1), where `states` is.

    The n-th number of a stream is mixed(state + (n + 1) GAMMA) by SplitMix64, its upper 24 bits.
    """
    steps = torch.arange(first + 1, first + 1 + count, device=states.device) * GAMMA
    return ((mixed(states[..., None] + steps) >> 40) & 0xFFFFFF).to(torch.float32) * 2.0**-24


def mixed(numbers: Tensor) -> Tensor:
    """Return SplitMix64's mixing of int64 numbers, taken as unsigned."""
    for by, factor in zip((30, 27), FACTORS, strict=True):
        numbers = (numbers ^ _shifted(numbers, by)) * factor
    return numbers ^ _shifted(numbers, 31)


def _shifted(numbers: Tensor, by: int) -> Tensor:
    return (numbers >> by) & (2 ** (64 - by) - 1)  # int64 shifts copies of the sign in


def _states(sha256: Sequence[str], copy: int, seed: int) -> Tensor:
    """Return the streams' starts, one row per operation, (K, N) int64."""
    words = content_words(sha256)
    keys = torch.tensor([stream_key(seed, copy, name) for name in OPERATIONS])
    return mixed(words[:, 0] ^ keys[:, None]) ^ words[:, 1]


def stream_key(seed: int, copy: int, purpose: str) -> int:
    """Return a signed 64-bit number that differs for every (seed, copy, purpose)."""
    digest = hashlib.blake2b(f"{seed} {copy} {purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def content_words(sha256: Sequence[str]) -> Tensor:
    """Return the SHA-256, given as 64 hexadecimal digits each, as (N, 4) int64.

    Raises ValueError for a text that is none.
    """
    try:
        if any(len(digest) != 64 for digest in sha256):
            raise ValueError
        content = bytes.fromhex("".join(sha256))
    except ValueError:
        wrong = next(digest for digest in sha256 if not _is_sha256(digest))
        raise ValueError(f"'{wrong}' is no SHA-256, which is 64 hexadecimal digits") from None
    return torch.from_numpy(np.frombuffer(content, ">i8").astype(np.int64).reshape(-1, 4))


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and all(digit in "0123456789abcdefABCDEF" for digit in text)
