"""Flip, crop and color of whole batches, beside kornia, a loop over Pillow and, where installed, albumentations.

python -m benchmarks.augment [--sides 32 64 224] [--repeats N] [--peers PYTHON] [--json FILE]

All take turns in one run, each with one thread, on the same random pictures: float32 batches for dataprep and kornia,
uint8 pictures for the others. PYTHON is an interpreter that has albumentations and opencv-python-headless; without
one it is tried with this one. On a CUDA device dataprep and kornia are measured there too, by the clock.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kornia.augmentation as K
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps
from torch import Tensor

from benchmarks import machine
from dataprep.augmentation.draws import draw
from dataprep.augmentation.operations import augment
from dataprep.config import OPERATIONS, Augment
from dataprep.files import sha256

PEERS = Path(__file__).with_name("peers_augment.py")
PIXELS = 2**21  # of all pictures together, thereabouts
AREA, FACTOR, TURNS = (0.5, 1.0), 0.2, 0.05  # area kept by the crop; colors by 1 +- 0.2, hue by +- 0.05 turns
Turn = Callable[[], tuple[float, float]]  # seconds: of the processor, and by the clock


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sides", type=int, nargs="+", default=[32, 64, 224])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[int, dict[str, dict[str, float]]] = {}
    for side in chosen.sides:
        with peer(chosen.peers, side, count_for(side)) as albumentations:
            found[side] = compared(side, count_for(side), chosen.repeats, albumentations)
    values = keyed(found) | {"repeats": chosen.repeats}
    values["machine"] = machine.description("dataprep", "kornia", "numpy", "pillow", "torch")
    print(table(found, chosen.repeats))
    if chosen.json:
        chosen.json.write_text(json.dumps(values, indent=2) + "\n")


def count_for(side: int) -> int:
    """Return how many pictures are augmented per turn."""
    return max(16, PIXELS // side**2)


def parts_for(side: int) -> int:
    """Return the batch size at which kornia was fastest, of 16, 64, 256 and 1,024."""
    return max(16, 2**18 // side**2)


def compared(side: int, count: int, repeats: int, albumentations: Turn | None) -> dict[str, dict[str, float]]:
    """Return the medians over turns, after one of each that does not count: images per CPU second and per second."""
    pictures = np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8)
    batch = torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous().float() / 255
    names = [sha256(picture.tobytes()) for picture in pictures]
    turns: dict[str, Turn] = {
        "dataprep": timed(lambda: ours(batch, names, params(0.0))),
        "dataprep, rotated too": timed(lambda: ours(batch, names, params(1.0))),
        "kornia": timed(lambda: in_parts(batch, theirs(side), parts_for(side))),
        "Pillow, a loop": timed(lambda: looped(pictures)),
    }
    if albumentations is not None:
        turns["albumentations"] = albumentations
    if torch.cuda.is_available():
        there = batch.cuda()
        turns["dataprep, CUDA"] = timed(lambda: ours(there, names, params(0.0)), torch.cuda.synchronize)
        turns["kornia, CUDA"] = timed(lambda: in_parts(there, theirs(side), len(there)), torch.cuda.synchronize)
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in turns}
    for repeat in range(repeats + 1):
        for name, turn in turns.items():
            taken = turn()
            if repeat:
                seconds[name].append(taken)
    return {name: rates(count, taken) for name, taken in seconds.items()}


def rates(count: int, seconds: list[tuple[float, float]]) -> dict[str, float]:
    """Return images per CPU second and per second by the median turn.

    >>> rates(10, [(1.0, 2.0), (5.0, 4.0), (2.0, 5.0)])
    {'per_cpu_second': 5.0, 'per_second': 2.5}
    """
    cpu, wall = (statistics.median(column) for column in zip(*seconds, strict=True))
    return {"per_cpu_second": count / cpu, "per_second": count / wall}


def timed(work: Callable[[], object], wait: Callable[[], object] = lambda: None) -> Turn:
    """Return a turn that does the work, and waits for it to be done."""

    def turn() -> tuple[float, float]:
        wait()
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        wait()
        return time.process_time() - cpu, time.perf_counter() - wall

    return turn


def params(rotated: float) -> Augment:
    """Return half of the images mirrored, all cropped and recolored, and rotated by up to 10 degrees or not."""
    ranges: dict[str, Any] = {
        "crop": {"area": AREA},
        "hue": {"degrees": (-360 * TURNS, 360 * TURNS)},
        **{name: {"factor": (1 - FACTOR, 1 + FACTOR)} for name in ("brightness", "contrast", "saturation")},
        "rotation": {"degrees": (-10.0, 10.0)},
    }
    chances = {"horizontal_flip": 0.5, "rotation": rotated}
    off = {name: {other.key: (other.neutral,) * 2} if other.key else {} for name, other in OPERATIONS.items()}
    fields = {
        name: {"probability": chances.get(name, 1.0 if name in ranges else 0.0)} | ranges.get(name, off[name])
        for name in OPERATIONS
    }
    return Augment.model_validate({"copies": 1} | fields)


def ours(batch: Tensor, names: list[str], chosen: Augment) -> Tensor:
    return augment(batch, draw(names, 1, chosen, 0))


def theirs(side: int) -> Callable[[Tensor], Tensor]:
    """Return kornia's augmentations of the same ranges, each sample with parameters of its own."""
    return K.AugmentationSequential(
        K.RandomHorizontalFlip(p=0.5),
        K.RandomResizedCrop((side, side), scale=AREA, ratio=(1.0, 1.0), p=1.0, cropping_mode="resample"),
        K.ColorJiggle(FACTOR, FACTOR, FACTOR, TURNS, p=1.0),
        data_keys=["input"],
    )


def in_parts(batch: Tensor, work: Callable[[Tensor], Tensor], size: int) -> list[Tensor]:
    with torch.no_grad():
        return [work(batch[start : start + size]) for start in range(0, len(batch), size)]


def looped(pictures: NDArray[np.uint8]) -> list[Image.Image]:
    """Return each picture mirrored, cropped and recolored by Pillow, as one writes it by hand."""
    random = np.random.default_rng(0)
    return [by_hand(Image.fromarray(picture), random) for picture in pictures]


def by_hand(image: Image.Image, random: np.random.Generator) -> Image.Image:
    side = image.width
    if random.random() < 0.5:
        image = ImageOps.mirror(image)
    window = side * float(np.sqrt(random.uniform(*AREA)))
    left, top = random.uniform(0, side - window, 2)
    image = image.resize((side, side), Image.Resampling.BILINEAR, box=(left, top, left + window, top + window))
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = enhance(image).enhance(random.uniform(1 - FACTOR, 1 + FACTOR))
    hue, saturation, value = image.convert("HSV").split()
    moved = round(255 * random.uniform(-TURNS, TURNS))
    turned = hue.point([(level + moved) % 256 for level in range(256)])
    return Image.merge("HSV", (turned, saturation, value)).convert("RGB")


@contextmanager
def peer(python: str, side: int, count: int) -> Iterator[Turn | None]:
    """Yield albumentations' turn, in a process of its own that rests between turns; None where it is not installed."""
    command = [python, str(PEERS), str(side), str(count), *map(str, (*AREA, FACTOR, TURNS))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        asked, answers = process.stdin, process.stdout

        def turn() -> tuple[float, float]:
            print(file=asked, flush=True)
            cpu, wall = map(float, answers.readline().split())
            return cpu, wall

        if answers.readline().strip() == "ready":
            yield turn
            asked.close()
        else:
            reason = process.stderr.read().strip().splitlines() or ["no reason given"]
            print(f"albumentations not measured: {reason[-1]}", file=sys.stderr)
            yield None


def keyed(found: dict[int, dict[str, dict[str, float]]]) -> dict[str, Any]:
    """Return the figures under flat keys; ratios are of images per CPU second, at 32 px without the side in the key."""
    values: dict[str, Any] = {}
    for side, by_name in found.items():
        end = "" if side == 32 else f"_{side}"
        for name, rate in by_name.items():
            key = name.lower().replace(", ", "_").replace(" ", "_")
            for unit, number in rate.items():
                values[f"{key}_images_{unit}{end}"] = number
            if name not in ("dataprep", "dataprep, rotated too") and "CUDA" not in name:
                values[f"augment_over_{key}{end}"] = by_name["dataprep"]["per_cpu_second"] / rate["per_cpu_second"]
        if "kornia, CUDA" in by_name:
            fast, slow = (by_name[f"{name}, CUDA"]["per_second"] for name in ("dataprep", "kornia"))
            values[f"augment_over_kornia_cuda{end}"] = fast / slow
    return values


def table(found: dict[int, dict[str, dict[str, float]]], repeats: int) -> str:
    """Return the figures as Markdown."""
    lines = [f"Flip, crop and color, images per CPU second (per second), median of {repeats} turns.", ""]
    lines += ["| | " + " | ".join(f"{side} px" for side in found) + " |", "|:--|" + "--:|" * len(found)]
    for name in next(iter(found.values())):
        cells = [f"{rate[name]['per_cpu_second']:,.0f} ({rate[name]['per_second']:,.0f})" for rate in found.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
